/*
 * A shared mutex is a semaphore of one permit and the value it protects (protected.ts). IS_CLOSED, set by `intoInner`, is the end of the mutex.
 */
import type { Future } from "../future/future.js";
import type { Suspend } from "../future/poll.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { consumed } from "../sync/consumed.js";
import { TryLockError } from "../sync/try-lock-error.js";
import { withLock } from "../sync/with-lock.js";
import { AcquireFuture, blockingTake, permitsOf, tryTake } from "./acquire-future.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { defineKind, MUTEX } from "./kinds.js";
import { MutexGuard } from "./mutex-guard.js";
import { PERMITS } from "./permits.js";
import { protects, takeProtected, VALUE } from "./protected.js";
import { Share } from "./share.js";
import { putFirst } from "./values.js";

const kind = defineKind({ number: MUTEX, ...protects });

class LockFuture<T> extends AcquireFuture<MutexGuard<T>> {
  declare readonly handle: Mutex<T>;

  protected acquired(): MutexGuard<T> {
    return new MutexGuard(this.handle);
  }

  protected failed(): Error {
    return consumed("Mutex.lock");
  }

  override describe(): string {
    const { free, waiting } = permitsOf(this.share);
    return free > 0 ? "Mutex lock (free)" : `Mutex lock (held, ${waiting} waiting)`;
  }
}

/**
 * Mutual exclusion between tasks of any threads, across their awaits: one at a time has the value.
 *
 * As `Mutex` of `toki/sync`: fair, whoever asked first on whatever thread is served first; not re-entrant; not poisoned by a throw. The value is in shared
 * memory: the guard's `value` is a copy of it, which is written back on release.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same mutex. If a thread dies that holds the lock, the lock is free and the
 * value is as it was before.
 *
 * @example
 * ```ts
 * import { fn, join, main, spawn } from "toki";
 * import { Mutex } from "toki/shared";
 *
 * export const count = fn(import.meta, function* count(words: string[], totals: Mutex<Record<string, number>>) {
 *   for (const word of words) {
 *     using guard = yield* totals.lock();
 *     guard.value[word] = (guard.value[word] ?? 0) + 1;
 *   }
 * });
 *
 * await main(function* () {
 *   const totals = new Mutex<Record<string, number>>({});
 *   yield* join(spawn(count(["a", "b"], totals)), spawn(count(["b", "b"], totals)));
 *   console.log(totals.intoInner().b); // 3
 * });
 * ```
 */
export class Mutex<T> extends SharedHandle {
  /**
   * @param value - what the mutex protects; copied
   * @throws NotSendError if it cannot be sent
   */
  constructor(value: T);
  /** @internal */
  constructor(value: T, share?: Share);
  constructor(value: T, share?: Share) {
    super(share ?? Share.create(kind));
    if (share !== undefined) return;
    putFirst(this, VALUE, value, "new Mutex");
    const { thread, object } = this.share;
    thread.memory.write(object + PERMITS, 1);
  }

  /**
   * Waits in line for the lock.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, nothing else: a lock it had been promised goes to the next.
   *
   * @throws DisposedError if this handle was disposed, or the mutex was taken apart
   */
  lock(): Future<MutexGuard<T>> {
    this.open("lock");
    return new LockFuture<T>(this, 1);
  }

  /**
   * Takes the lock, blocking the thread until it is free: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this handle was disposed, or the mutex was taken apart
   *
   * @example
   * ```ts
   * import { Mutex } from "toki/shared";
   *
   * const total = new Mutex(1);
   * {
   *   using guard = total.blockingLock(); // fine outside of tasks
   *   guard.value += 1;
   * }
   * console.log(total.intoInner()); // 2
   * ```
   */
  blockingLock(): MutexGuard<T> {
    const share = this.open("blockingLock");
    if (blockingTake(share, 1, "Mutex.blockingLock", Number.POSITIVE_INFINITY) !== true) {
      throw consumed("Mutex.blockingLock");
    }
    return new MutexGuard(this);
  }

  /**
   * Takes the lock if it is free now.
   *
   * @throws TryLockError while the lock is held or promised to a waiter
   * @throws DisposedError if this handle was disposed, or the mutex was taken apart
   */
  tryLock(): MutexGuard<T> {
    const taken = tryTake(this.open("tryLock"), 1);
    if (taken !== true) throw taken === "closed" ? consumed("Mutex.tryLock") : new TryLockError();
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
   * import { Mutex } from "toki/shared";
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
   * Takes the value out and ends the mutex, for all threads: it cannot be locked any more.
   *
   * @throws TryLockError while the lock is held or promised to a waiter
   * @throws DisposedError if this handle was disposed, or the mutex was taken apart
   */
  intoInner(): T {
    return takeProtected(this.open("intoInner"), 1, "Mutex.intoInner") as T;
  }

  /** Another handle to this mutex. */
  clone(): Mutex<T> {
    return new Mutex<T>(undefined as T, this.open("clone").use());
  }
}

registerCrossing(
  Mutex.prototype,
  sharing<Mutex<unknown>>(kind, (share) => new Mutex<unknown>(undefined, share)),
  import.meta.url,
);
