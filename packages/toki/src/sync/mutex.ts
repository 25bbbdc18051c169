/*
 * A mutex is a semaphore of one permit and the value it protects. The permit is free (unlocked), held by a guard, or assigned to the waiter that gets
 * it at its next poll (promised); `tryLock` finds it free or fails. `isTaken`, set by `intoInner`, is the end of the mutex: the permit is never
 * free again.
 */
import type { Context } from "../future/context.js";
import { type Future, pollingContext, resultOf } from "../future/future.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { keepShape } from "../internal/keep-shape.js";
import { proceed } from "../task/coop.js";
import { AcquireFuture, OVER } from "./acquire-future.js";
import { BatchSemaphore } from "./batch-semaphore.js";
import { consumed } from "./consumed.js";
import { MutexGuard } from "./mutex-guard.js";
import { TryLockError } from "./try-lock-error.js";
import { withLock } from "./with-lock.js";

class Lock<T> extends AcquireFuture<MutexGuard<T>> {
  private readonly mutex: Mutex<T>;

  constructor(mutex: Mutex<T>) {
    super(mutex.sem, 1);
    this.mutex = mutex;
  }

  override poll(cx: Context): Poll<MutexGuard<T>> {
    if (!proceed(cx)) return Pending;
    const { sem } = this;
    if (this.waiter !== null || sem.permits === 0) return this.pollQueue(cx);
    sem.permits = 0;
    this.waiter = OVER;
    return new MutexGuard(this.mutex);
  }

  override next(): IteratorResult<Suspend, MutexGuard<T>> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  protected acquired(): MutexGuard<T> {
    return new MutexGuard(this.mutex);
  }

  protected failed(): Error {
    return consumed("Mutex.lock");
  }

  override describe(): string {
    const waiting = this.sem.waiters.length;
    return this.sem.permits > 0 ? "Mutex lock (free)" : `Mutex lock (held, ${waiting} waiting)`;
  }
}

/**
 * Mutual exclusion across awaits: one task at a time has the value, however many awaits it makes meanwhile. Between two awaits nothing else runs on
 * the thread anyway: code that does not await while it uses the value needs no mutex.
 *
 * Fair: the lock goes to whoever asked first, and a lock that was released while somebody waits belongs to that waiter, nobody can snatch it. Not
 * re-entrant: a task that locks what it holds waits for ever (and shows in the deadlock report). Not poisoned by a throw: the guard is released on
 * the way out and the next one sees the value as it is.
 *
 * Tokio's `lock_owned` and the other owned forms are the plain methods: a guard here borrows nothing.
 *
 * @example
 * ```ts
 * import { fn, join, main, yieldNow } from "toki";
 * import { Mutex } from "toki/sync";
 *
 * const balance = new Mutex(100);
 *
 * const withdraw = fn(function* withdraw(amount: number) {
 *   using guard = yield* balance.lock();
 *   const before = guard.value;
 *   yield* yieldNow(); // others run, and cannot get at the balance
 *   guard.value = before - amount;
 * });
 *
 * await main(function* () {
 *   yield* join(withdraw(30), withdraw(50));
 *   console.log(balance.intoInner()); // 20
 * });
 * ```
 */
export class Mutex<T> {
  /** @internal */
  readonly sem: BatchSemaphore;
  /** @internal */
  data: T;

  /** @param value - what the mutex protects */
  constructor(value: T) {
    this.sem = new BatchSemaphore(1);
    this.data = value;
  }

  /**
   * Waits in line for the lock.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, nothing else: a lock it had been promised goes to the next.
   */
  lock(): Future<MutexGuard<T>> {
    return new Lock(this);
  }

  /**
   * Takes the lock if it is free now.
   *
   * @throws TryLockError while the lock is held or promised to a waiter
   */
  tryLock(): MutexGuard<T> {
    const { sem } = this;
    if (sem.permits === 0) throw sem.closed ? consumed("Mutex.tryLock") : new TryLockError();
    sem.permits = 0;
    return new MutexGuard(this);
  }

  /**
   * Runs `body` under the lock, and releases it when `body` is done, throws or is cancelled.
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
   * import { Mutex } from "toki/sync";
   *
   * const log = new Mutex<string[]>([]);
   * await main(function* () {
   *   const size = yield* log.withLock(function* (guard) {
   *     yield* sleep(1);
   *     return guard.value.push("line");
   *   });
   *   console.log(size); // 1
   * });
   * ```
   */
  withLock<R>(body: (guard: MutexGuard<T>) => Generator<Suspend, R, unknown>): Future<R>;
  withLock<R>(body: (guard: MutexGuard<T>) => Future<R>): Future<R>;
  withLock<R>(body: (guard: MutexGuard<T>) => R): Future<R>;
  withLock(body: (guard: MutexGuard<T>) => unknown): Future<unknown> {
    return withLock(this, body);
  }

  /**
   * Takes the value out and ends the mutex: it cannot be locked any more.
   *
   * @throws TryLockError while the lock is held or promised to a waiter
   */
  intoInner(): T {
    const { sem } = this;
    if (sem.permits === 0) throw sem.closed ? consumed("Mutex.intoInner") : new TryLockError();
    sem.permits = 0;
    sem.close();
    return this.data;
  }

  /** @internal */
  unlock(): void {
    const { sem } = this;
    if (sem.waiters.oldest === null) sem.permits = 1;
    else sem.give(1);
  }
}

keepShape(new Lock(new Mutex(undefined)));
keepShape(new MutexGuard(new Mutex(undefined)));
