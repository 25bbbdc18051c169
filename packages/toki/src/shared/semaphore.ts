import type { Future } from "../future/future.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { AcquireError, TryAcquireError } from "../sync/semaphore-error.js";
import { AcquireFuture, blockingTake, permitsOf, tryTake } from "./acquire-future.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { defineKind, SEMAPHORE } from "./kinds.js";
import { HELD } from "./layout.js";
import { permitCount } from "./permit-count.js";
import { assigned, closePermits, give, IS_CLOSED, locked, MAX_PERMITS, PERMITS } from "./permits.js";
import { SemaphorePermit } from "./semaphore-permit.js";
import { Share } from "./share.js";

const kind = defineKind({
  number: SEMAPHORE,
  blockClass: 0,
  passOn: (thread, object, waiter) => give(thread, object, assigned(thread, waiter)),
  abandon: (thread, object, share) => give(thread, object, thread.memory.read(share + HELD)),
  destroy() {},
});

class Acquire extends AcquireFuture<SemaphorePermit> {
  declare readonly handle: Semaphore;

  protected acquired(): SemaphorePermit {
    return new SemaphorePermit(this.handle, this.n);
  }

  protected failed(): Error {
    return new AcquireError();
  }

  override describe(): string {
    const { free, waiting } = permitsOf(this.share);
    const what = this.n === 1 ? "acquire" : `acquire of ${this.n}`;
    return `Semaphore ${what} (${free} free, ${waiting} waiting)`;
  }
}

/**
 * A number of permits that tasks and threads take and give back: limits how many do something at once, over all threads.
 *
 * As `Semaphore` of `toki/sync`: strictly fair, whoever asked first on whatever thread is served first.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same semaphore. The permits that a thread holds come back when it dies.
 *
 * @example
 * ```ts
 * import { fn, join, main, spawn } from "toki";
 * import { Semaphore } from "toki/shared";
 *
 * const connections = new Semaphore(2);
 *
 * export const query = fn(import.meta, function* query(limit: Semaphore, n: number) {
 *   using permit = yield* limit.acquire(); // at most two at once, whichever workers they are on
 *   return n * n;
 * });
 *
 * await main(function* () {
 *   console.log(yield* join(spawn(query(connections, 2)), spawn(query(connections, 3)))); // [ 4, 9 ]
 * });
 * ```
 */
export class Semaphore extends SharedHandle {
  /** The most permits a shared semaphore can have: 2^30 - 1. */
  static readonly MAX_PERMITS: number = MAX_PERMITS;

  /**
   * @param permits - how many there are at first; 0 is allowed
   * @throws InvalidArgumentError if `permits` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   */
  constructor(permits: number);
  /** @internal */
  constructor(permits: number, share?: Share);
  constructor(permits: number, share?: Share) {
    if (share === undefined) permitCount("new Semaphore", "permits", permits, 0);
    super(share ?? Share.create(kind));
    if (share === undefined) this.share.thread.memory.write(this.share.object + PERMITS, permits);
  }

  /** How many permits are free now. Those that a waiting request has collected are not. */
  get availablePermits(): number {
    return this.share.isLive ? this.share.peek(PERMITS) : 0;
  }

  /** Whether {@link Semaphore.close} was called, on any thread. */
  get isClosed(): boolean {
    return this.share.isLive && this.share.peek(IS_CLOSED) !== 0;
  }

  /**
   * Takes one permit, waiting in line for it.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, nothing else: a permit it had been handed goes to the next.
   *
   * @throws AcquireError if the semaphore is closed, before or while waiting
   * @throws DisposedError if this handle was disposed
   */
  acquire(): Future<SemaphorePermit> {
    this.open("acquire");
    return new Acquire(this, 1);
  }

  /**
   * Takes `n` permits at once, waiting in line for them. While it waits it collects what becomes free, so `availablePermits` is 0 and later requests,
   * smaller ones too, come after it. A request for more than there will ever be waits for ever.
   *
   * **Cancel safety**: a request that is dropped loses its place in line and gives back what it had collected.
   *
   * @param n - how many; 0 is granted at once
   * @throws AcquireError if the semaphore is closed, before or while waiting
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   * @throws DisposedError if this handle was disposed
   */
  acquireMany(n: number): Future<SemaphorePermit> {
    this.open("acquireMany");
    permitCount("Semaphore.acquireMany", "n", n, 0);
    return new Acquire(this, n);
  }

  /**
   * Takes permits, blocking the thread until they are there: for threads that may block, as those of `spawnBlocking`.
   *
   * @param n - how many; one by default
   * @throws AcquireError if the semaphore is closed, before or while waiting
   * @throws MisuseError on a thread that runs tasks
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   * @throws DisposedError if this handle was disposed
   *
   * @example
   * ```ts
   * import { Semaphore } from "toki/shared";
   *
   * const semaphore = new Semaphore(1);
   * using permit = semaphore.blockingAcquire(); // fine outside of tasks
   * console.log(permit.numPermits); // 1
   * ```
   */
  blockingAcquire(n = 1): SemaphorePermit {
    const share = this.open("blockingAcquire");
    permitCount("Semaphore.blockingAcquire", "n", n, 0);
    if (blockingTake(share, n, "Semaphore.blockingAcquire", Number.POSITIVE_INFINITY) !== true)
      throw new AcquireError();
    return new SemaphorePermit(this, n);
  }

  /**
   * As {@link Semaphore.blockingAcquire}, under Tokio's name.
   *
   * @example
   * ```ts
   * import { Semaphore } from "toki/shared";
   *
   * console.log(new Semaphore(3).blockingAcquireMany(2).numPermits); // 2
   * ```
   */
  blockingAcquireMany(n: number): SemaphorePermit {
    return this.blockingAcquire(n);
  }

  /**
   * Takes `n` permits if they are free now. They are not while somebody waits in line.
   *
   * @param n - how many; one by default
   * @throws TryAcquireError of kind `noPermits` or `closed`
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   * @throws DisposedError if this handle was disposed
   */
  tryAcquire(n = 1): SemaphorePermit {
    const share = this.open("tryAcquire");
    permitCount("Semaphore.tryAcquire", "n", n, 0);
    const taken = tryTake(share, n);
    if (taken !== true) throw new TryAcquireError(taken === "closed" ? "closed" : "noPermits");
    return new SemaphorePermit(this, n);
  }

  /** As {@link Semaphore.tryAcquire}, under Tokio's name. */
  tryAcquireMany(n: number): SemaphorePermit {
    permitCount("Semaphore.tryAcquireMany", "n", n, 0);
    return this.tryAcquire(n);
  }

  /**
   * Adds permits; those who wait come first.
   *
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more, or there would be more than {@link Semaphore.MAX_PERMITS}
   * @throws DisposedError if this handle was disposed
   */
  addPermits(n: number): void {
    const { thread, lock, object } = this.open("addPermits");
    permitCount("Semaphore.addPermits", "n", n, 0);
    const free = locked(thread, lock, () => {
      const before = thread.memory.read(object + PERMITS);
      if (n > 0 && before + n <= MAX_PERMITS) give(thread, object, n);
      return before;
    });
    if (free + n > MAX_PERMITS) {
      throw invalidArgument(
        "Semaphore.addPermits",
        "n",
        `at most ${MAX_PERMITS - free} (MAX_PERMITS less the free ones)`,
        n,
      );
    }
  }

  /**
   * Removes up to `n` of the permits that are free, for good.
   *
   * @returns how many were removed
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   * @throws DisposedError if this handle was disposed
   */
  forgetPermits(n: number): number {
    const { thread, lock, object } = this.open("forgetPermits");
    permitCount("Semaphore.forgetPermits", "n", n, 0);
    const { memory } = thread;
    return locked(thread, lock, () => {
      const removed = Math.min(n, memory.read(object + PERMITS));
      memory.write(object + PERMITS, memory.read(object + PERMITS) - removed);
      return removed;
    });
  }

  /**
   * Ends it for all threads: whoever waits fails, and so does every later request. Permits that are held stay valid and may be given back.
   *
   * @throws DisposedError if this handle was disposed
   */
  close(): void {
    const { thread, lock, object } = this.open("close");
    locked(thread, lock, () => closePermits(thread, object));
  }

  /** Another handle to this semaphore. */
  clone(): Semaphore {
    return new Semaphore(0, this.open("clone").use());
  }
}

registerCrossing(
  Semaphore.prototype,
  sharing<Semaphore>(kind, (share) => new Semaphore(0, share)),
  import.meta.url,
);
