/*
 * A reader-writer lock is a semaphore of `maxReaders` permits and the value it protects: a reader takes one, a writer all. The queue of the semaphore is the
 * fairness of the lock: a writer who waits has collected all permits that were free, so none are left for readers who come later, `tryRead` included.
 *
 *   all permits free                       unlocked
 *   some are held, the rest free           held by readers; more may enter
 *   all are held, or assigned to waiters   held by a writer, by as many readers as may, or promised
 *
 * A downgrade gives back all permits but one. `intoInner` takes all for ever.
 */
import { type Future, pollingContext, resultOf } from "../../future/future.js";
import type { Suspend } from "../../future/poll.js";
import { keepShape } from "../../internal/keep-shape.js";
import { AcquireFuture } from "../acquire-future.js";
import { BatchSemaphore } from "../batch-semaphore.js";
import { consumed } from "../consumed.js";
import { TryLockError } from "../try-lock-error.js";
import { withRead, withWrite } from "../with-lock.js";
import type { Hold } from "./hold.js";
import { maxReadersOf, type RwLockOptions } from "./max-readers.js";
import { RwLockReadGuard } from "./read-guard.js";
import { RwLockWriteGuard } from "./write-guard.js";

class Read<T> extends AcquireFuture<RwLockReadGuard<T, RwLock<T>>> {
  private readonly rwlock: RwLock<T>;

  constructor(rwlock: RwLock<T>) {
    super(rwlock.sem, 1);
    this.rwlock = rwlock;
  }

  protected acquired(): RwLockReadGuard<T, RwLock<T>> {
    return new RwLockReadGuard(this.rwlock, this.rwlock as Hold<unknown>, null);
  }

  protected failed(): Error {
    return consumed("RwLock.read");
  }

  override next(): IteratorResult<Suspend, RwLockReadGuard<T, RwLock<T>>> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override describe(): string {
    return `RwLock read (${this.rwlock.report()})`;
  }
}

class Write<T> extends AcquireFuture<RwLockWriteGuard<T, RwLock<T>>> {
  private readonly rwlock: RwLock<T>;

  constructor(rwlock: RwLock<T>) {
    super(rwlock.sem, rwlock.maxReaders);
    this.rwlock = rwlock;
  }

  protected acquired(): RwLockWriteGuard<T, RwLock<T>> {
    return new RwLockWriteGuard(this.rwlock, this.rwlock);
  }

  protected failed(): Error {
    return consumed("RwLock.write");
  }

  override next(): IteratorResult<Suspend, RwLockWriteGuard<T, RwLock<T>>> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override describe(): string {
    return `RwLock write (${this.rwlock.report()})`;
  }
}

/**
 * A lock that many readers or one writer may hold across awaits. Code that does not await while it uses the value needs none: nothing else runs on the thread
 * meanwhile.
 *
 * Fair: the lock goes to whoever asked first. A writer who waits keeps out readers who come later, so a task that reads twice at the same time may wait for
 * ever: the second read stands behind a writer who stands behind the first. Not poisoned by a throw: the guard is released on the way out.
 *
 * Tokio's `read_owned`, `write_owned` and the other owned forms are the plain methods: a guard here borrows nothing.
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep } from "toki";
 * import { RwLock } from "toki/sync";
 *
 * const config = new RwLock({ version: 1 });
 *
 * const request = fn(function* request() {
 *   using guard = yield* config.read();
 *   const { version } = guard.value;
 *   yield* sleep(5); // other requests run; a reload waits
 *   return version === guard.value.version;
 * });
 *
 * const reload = fn(function* reload() {
 *   using guard = yield* config.write();
 *   guard.value = { version: guard.value.version + 1 };
 * });
 *
 * await main(function* () {
 *   console.log(yield* join(request(), request(), reload())); // [ true, true, undefined ]
 *   console.log(config.intoInner().version); // 2
 * });
 * ```
 */
export class RwLock<T> {
  /** @internal */
  readonly sem: BatchSemaphore;
  /** @internal */
  readonly maxReaders: number;
  /** @internal */
  data: T;

  /**
   * @param value - what the lock protects
   * @throws InvalidArgumentError if `options.maxReaders` is not a whole number from 1 to 2^29 - 1
   */
  constructor(value: T, options: RwLockOptions = {}) {
    this.maxReaders = maxReadersOf(options);
    this.sem = new BatchSemaphore(this.maxReaders);
    this.data = value;
  }

  /**
   * Waits in line for a share of the lock: until no writer holds it, and none who asked before waits for it.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, nothing else: a share it had been promised goes to the next.
   *
   * @throws DisposedError if the lock was taken apart
   */
  read(): Future<RwLockReadGuard<T, RwLock<T>>> {
    return new Read(this);
  }

  /**
   * Waits in line for the whole lock: until nobody else holds it, nor a share of it.
   *
   * **Cancel safety**: a request that is dropped loses its place in line and gives back the shares it had collected: readers it kept out may enter.
   *
   * @throws DisposedError if the lock was taken apart
   */
  write(): Future<RwLockWriteGuard<T, RwLock<T>>> {
    return new Write(this);
  }

  /**
   * Takes a share of the lock if there is one now.
   *
   * @throws TryLockError while a writer holds the lock or waits for it, or as many read as may
   * @throws DisposedError if the lock was taken apart
   */
  tryRead(): RwLockReadGuard<T, RwLock<T>> {
    this.take(1, "RwLock.tryRead");
    return new RwLockReadGuard(this as RwLock<T>, this as Hold<unknown>, null);
  }

  /**
   * Takes the whole lock if it is free now.
   *
   * @throws TryLockError while anybody holds the lock or a share of it, or waits for it
   * @throws DisposedError if the lock was taken apart
   */
  tryWrite(): RwLockWriteGuard<T, RwLock<T>> {
    this.take(this.maxReaders, "RwLock.tryWrite");
    return new RwLockWriteGuard(this as RwLock<T>, this);
  }

  /**
   * Runs `body` with a share of the lock, and releases it when `body` is done, throws or is cancelled.
   *
   * **Cancel safety**: dropped while waiting, it loses its place in line and `body` never runs; dropped later, `body` is cancelled and the share is
   * released after its cleanup.
   *
   * @param body - gets the guard; a `function*`, a function that returns a future, or a plain synchronous function
   * @throws MisuseError if `body` returns a promise: it would go on after the share is gone
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { RwLock } from "toki/sync";
   *
   * const names = new RwLock(["ann", "bob"]);
   * await main(function* () {
   *   console.log(yield* names.withRead((guard) => guard.value.length)); // 2
   * });
   * ```
   */
  withRead<R>(body: (guard: RwLockReadGuard<T, RwLock<T>>) => Generator<Suspend, R, unknown>): Future<R>;
  withRead<R>(body: (guard: RwLockReadGuard<T, RwLock<T>>) => Future<R>): Future<R>;
  withRead<R>(body: (guard: RwLockReadGuard<T, RwLock<T>>) => R): Future<R>;
  withRead(body: (guard: RwLockReadGuard<T, RwLock<T>>) => unknown): Future<unknown> {
    return withRead(this, body);
  }

  /**
   * Runs `body` with the whole lock, and releases it when `body` is done, throws or is cancelled.
   *
   * **Cancel safety**: dropped while waiting, it loses its place in line and `body` never runs; dropped later, `body` is cancelled and the lock is
   * released after its cleanup.
   *
   * @param body - gets the guard; a `function*`, a function that returns a future, or a plain synchronous function
   * @throws MisuseError if `body` returns a promise: it would go on after the lock is gone
   *
   * @example
   * ```ts
   * import { main, sleep } from "toki";
   * import { RwLock } from "toki/sync";
   *
   * const names = new RwLock(["ann"]);
   * await main(function* () {
   *   const size = yield* names.withWrite(function* (guard) {
   *     yield* sleep(1);
   *     return guard.value.push("bob");
   *   });
   *   console.log(size); // 2
   * });
   * ```
   */
  withWrite<R>(body: (guard: RwLockWriteGuard<T, RwLock<T>>) => Generator<Suspend, R, unknown>): Future<R>;
  withWrite<R>(body: (guard: RwLockWriteGuard<T, RwLock<T>>) => Future<R>): Future<R>;
  withWrite<R>(body: (guard: RwLockWriteGuard<T, RwLock<T>>) => R): Future<R>;
  withWrite(body: (guard: RwLockWriteGuard<T, RwLock<T>>) => unknown): Future<unknown> {
    return withWrite(this, body);
  }

  /**
   * Takes the value out and ends the lock: nobody can read or write any more.
   *
   * @throws TryLockError while anybody holds the lock or a share of it, or waits for it
   * @throws DisposedError if the lock was taken apart before
   */
  intoInner(): T {
    this.take(this.maxReaders, "RwLock.intoInner");
    this.sem.close();
    return this.data;
  }

  private take(n: number, where: string): void {
    const { sem } = this;
    if (sem.permits < n) throw sem.closed ? consumed(where) : new TryLockError();
    sem.permits -= n;
  }

  /** @internal */
  unlock(): void {
    this.sem.give(this.maxReaders);
  }

  /** @internal */
  unlockRead(): void {
    this.sem.give(1);
  }

  /** @internal */
  save(): void {}

  /** @internal */
  downgrade(): void {
    this.sem.give(this.maxReaders - 1);
  }

  /** @internal */
  report(): string {
    const { permits, waiters } = this.sem;
    return permits === this.maxReaders ? "free" : `held, ${waiters.length} waiting`;
  }
}

{
  const rwlock = new RwLock<unknown>(undefined);
  keepShape(new Read(rwlock));
  keepShape(new Write(rwlock));
  keepShape(new RwLockReadGuard(rwlock, rwlock, null));
  keepShape(new RwLockWriteGuard(rwlock, rwlock));
}
