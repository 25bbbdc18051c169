/*
 * A shared reader-writer lock is a semaphore of MAX_READERS permits and the value it protects (protected.ts): a reader takes one permit, a writer all. Fairness,
 * downgrade and end are those of `toki/sync`; here each step is one under the object's lock. HELD of a share counts readers and writers of its thread alike.
 */
import type { Future } from "../../future/future.js";
import type { Suspend } from "../../future/poll.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { consumed } from "../../sync/consumed.js";
import { maxReadersOf, type RwLockOptions } from "../../sync/rwlock/max-readers.js";
import { RwLockReadGuard } from "../../sync/rwlock/read-guard.js";
import { RwLockWriteGuard } from "../../sync/rwlock/write-guard.js";
import { TryLockError } from "../../sync/try-lock-error.js";
import { withRead, withWrite } from "../../sync/with-lock.js";
import { AcquireFuture, blockingTake, permitsOf, tryTake } from "../acquire-future.js";
import { sharing } from "../crossing.js";
import { SharedHandle } from "../handle.js";
import { Holding } from "../holding.js";
import { defineKind, RW_LOCK } from "../kinds.js";
import { PERMITS } from "../permits.js";
import { AFTER_VALUE, protects, takeProtected, VALUE } from "../protected.js";
import { Share } from "../share.js";
import { putFirst } from "../values.js";

/** Written once. */
const MAX_READERS = AFTER_VALUE;

const kind = defineKind({ number: RW_LOCK, ...protects });

class Read<T> extends AcquireFuture<RwLockReadGuard<T, RwLock<T>>> {
  declare readonly handle: RwLock<T>;

  protected acquired(): RwLockReadGuard<T, RwLock<T>> {
    return this.handle.reading();
  }

  protected failed(): Error {
    return consumed("RwLock.read");
  }

  override describe(): string {
    return `RwLock read (${this.handle.report()})`;
  }
}

class Write<T> extends AcquireFuture<RwLockWriteGuard<T, RwLock<T>>> {
  declare readonly handle: RwLock<T>;

  protected acquired(): RwLockWriteGuard<T, RwLock<T>> {
    return this.handle.writing();
  }

  protected failed(): Error {
    return consumed("RwLock.write");
  }

  override describe(): string {
    return `RwLock write (${this.handle.report()})`;
  }
}

/**
 * A lock that many readers or one writer may hold across awaits, tasks of any threads.
 *
 * As `RwLock` of `toki/sync`: fair, whoever asked first on whatever thread is served first, and a writer who waits keeps out readers who come later; not poisoned
 * by a throw. The value is in shared memory: each guard's `value` is a copy of it, and that of a write guard is written back on release.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same lock. If a thread dies that reads, its shares come back; if it writes, the
 * lock is free and the value is as it was before.
 *
 * @example
 * ```ts
 * import { fn, join, main, spawn } from "toki";
 * import { RwLock } from "toki/shared";
 *
 * export const price = fn(import.meta, function* price(prices: RwLock<Record<string, number>>, item: string) {
 *   using guard = yield* prices.read(); // all workers may read at once
 *   return guard.value[item];
 * });
 *
 * await main(function* () {
 *   const prices = new RwLock<Record<string, number>>({ tea: 3 });
 *   {
 *     using guard = yield* prices.write();
 *     guard.value.milk = 1;
 *   }
 *   console.log(yield* join(spawn(price(prices, "tea")), spawn(price(prices, "milk")))); // [ 3, 1 ]
 * });
 * ```
 */
export class RwLock<T> extends SharedHandle {
  private readonly maxReaders: number;

  /**
   * @param value - what the lock protects; copied
   * @throws InvalidArgumentError if `options.maxReaders` is not a whole number from 1 to 2^29 - 1
   * @throws NotSendError if the value cannot be sent
   */
  constructor(value: T, options?: RwLockOptions);
  /** @internal */
  constructor(value: T, options?: RwLockOptions, share?: Share);
  constructor(value: T, options: RwLockOptions = {}, share?: Share) {
    const maxReaders = share === undefined ? maxReadersOf(options) : share.peek(MAX_READERS);
    super(share ?? Share.create(kind));
    this.maxReaders = maxReaders;
    if (share !== undefined) return;
    putFirst(this, VALUE, value, "new RwLock");
    const { thread, object } = this.share;
    thread.memory.write(object + MAX_READERS, maxReaders);
    thread.memory.write(object + PERMITS, maxReaders);
  }

  /**
   * Waits in line for a share of the lock: until no writer holds it, and none who asked before waits for it.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, nothing else: a share it had been promised goes to the next.
   *
   * @throws DisposedError if this handle was disposed, or the lock was taken apart
   */
  read(): Future<RwLockReadGuard<T, RwLock<T>>> {
    this.open("read");
    return new Read<T>(this, 1);
  }

  /**
   * Waits in line for the whole lock: until nobody else holds it, nor a share of it.
   *
   * **Cancel safety**: a request that is dropped loses its place in line and gives back the shares it had collected: readers it kept out may enter.
   *
   * @throws DisposedError if this handle was disposed, or the lock was taken apart
   */
  write(): Future<RwLockWriteGuard<T, RwLock<T>>> {
    this.open("write");
    return new Write<T>(this, this.maxReaders);
  }

  /**
   * Takes a share of the lock, blocking the thread until there is one: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this handle was disposed, or the lock was taken apart
   *
   * @example
   * ```ts
   * import { RwLock } from "toki/shared";
   *
   * const total = new RwLock(1);
   * using guard = total.blockingRead(); // fine outside of tasks
   * console.log(guard.value); // 1
   * ```
   */
  blockingRead(): RwLockReadGuard<T, RwLock<T>> {
    this.block(1, "blockingRead");
    return this.reading();
  }

  /**
   * Takes the whole lock, blocking the thread until it is free: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this handle was disposed, or the lock was taken apart
   *
   * @example
   * ```ts
   * import { RwLock } from "toki/shared";
   *
   * const total = new RwLock(1);
   * {
   *   using guard = total.blockingWrite(); // fine outside of tasks
   *   guard.value += 1;
   * }
   * console.log(total.intoInner()); // 2
   * ```
   */
  blockingWrite(): RwLockWriteGuard<T, RwLock<T>> {
    this.block(this.maxReaders, "blockingWrite");
    return this.writing();
  }

  /**
   * Takes a share of the lock if there is one now.
   *
   * @throws TryLockError while a writer holds the lock or waits for it, or as many read as may
   * @throws DisposedError if this handle was disposed, or the lock was taken apart
   */
  tryRead(): RwLockReadGuard<T, RwLock<T>> {
    this.take(1, "tryRead");
    return this.reading();
  }

  /**
   * Takes the whole lock if it is free now.
   *
   * @throws TryLockError while anybody holds the lock or a share of it, or waits for it
   * @throws DisposedError if this handle was disposed, or the lock was taken apart
   */
  tryWrite(): RwLockWriteGuard<T, RwLock<T>> {
    this.take(this.maxReaders, "tryWrite");
    return this.writing();
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
   * import { RwLock } from "toki/shared";
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
   * import { RwLock } from "toki/shared";
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
   * Takes the value out and ends the lock, for all threads: nobody can read or write any more.
   *
   * @throws TryLockError while anybody holds the lock or a share of it, or waits for it
   * @throws DisposedError if this handle was disposed, or the lock was taken apart before
   */
  intoInner(): T {
    return takeProtected(this.open("intoInner"), this.maxReaders, "RwLock.intoInner") as T;
  }

  /** Another handle to this lock. */
  clone(): RwLock<T> {
    return new RwLock<T>(undefined as T, undefined, this.open("clone").use());
  }

  private take(n: number, method: string): void {
    const taken = tryTake(this.open(method), n);
    if (taken !== true) throw taken === "closed" ? consumed(`RwLock.${method}`) : new TryLockError();
  }

  private block(n: number, method: string): void {
    const share = this.open(method);
    const where = `RwLock.${method}`;
    if (blockingTake(share, n, where, Number.POSITIVE_INFINITY) !== true) throw consumed(where);
  }

  /** @internal */
  reading(): RwLockReadGuard<T, RwLock<T>> {
    return new RwLockReadGuard<T, RwLock<T>>(this, new Holding<unknown>(this.share, 1, ""), null);
  }

  /** @internal */
  writing(): RwLockWriteGuard<T, RwLock<T>> {
    return new RwLockWriteGuard<T, RwLock<T>>(this, new Holding<T>(this.share, this.maxReaders, "RwLockWriteGuard"));
  }

  /** @internal */
  report(): string {
    const { free, waiting } = permitsOf(this.share);
    return free === this.maxReaders ? "free" : `held, ${waiting} waiting`;
  }
}

registerCrossing(
  RwLock.prototype,
  sharing<RwLock<unknown>>(kind, (share) => new RwLock<unknown>(undefined, undefined, share)),
  import.meta.url,
);
