/*
 * The semaphore under Semaphore, Mutex and the bounded channel: permits, and a strictly fair queue for them.
 *
 * Each permit is in one place: `permits` (free), assigned to a waiter, or held by a user.
 *
 *   take      free -> held            only `permits` counts: while somebody waits there are no free permits, so nobody can overtake
 *   join      free -> the waiter      a request that cannot be met takes all free permits and waits for the rest at the end of the queue
 *   give      held -> the oldest waiter, then the next, as many as each still needs; what is left becomes free
 *   leave     the waiter -> as `give` a dropped waiter passes on what was assigned to it, at any time
 *   poll      the waiter -> held      once it needs nothing more; it has left the queue by then
 *   close     takes everybody out of the queue; who waited fails at its next poll, passing on what it had
 *
 * Invariant: somebody is in the queue  =>  permits === 0.
 *
 * `closed` is checked before a permit that was already assigned: once closed, nobody gets one.
 */
import type { Waker } from "../future/waker.js";
import { Waiter, WaiterQueue } from "./waiter-queue.js";

/** @internal */
export const MAX_PERMITS = Math.floor(Number.MAX_SAFE_INTEGER / 8);

/** What `poll` answers. @internal */
export const WAITING = 0;
export const ACQUIRED = 1;
export const CLOSED = 2;

/** @internal */
export class BatchSemaphore {
  /** How many are free. */
  permits: number;
  closed: boolean;
  readonly waiters: WaiterQueue;

  constructor(permits: number) {
    this.permits = permits;
    this.closed = false;
    this.waiters = new WaiterQueue();
  }

  /** Takes what is free and queues for the rest of `n`. Only for a semaphore that is open and has fewer than `n`. */
  join(n: number, waker: Waker): Waiter {
    const waiter = new Waiter(n - this.permits, waker);
    this.permits = 0;
    this.waiters.push(waiter);
    return waiter;
  }

  /** How a waiter for `n` permits fares. After ACQUIRED it holds them, after CLOSED nothing. After WAITING its waker is to be kept up to date. */
  poll(waiter: Waiter, n: number): number {
    if (this.closed) {
      this.leave(waiter, n);
      return CLOSED;
    }
    return waiter.state === 0 ? ACQUIRED : WAITING;
  }

  /** A waiter for `n` permits gives up. Not for one that `poll` has let go. */
  leave(waiter: Waiter, n: number): void {
    const missing = waiter.state;
    if (missing > 0) {
      if (!this.closed) this.waiters.remove(waiter);
      waiter.state = 0;
    }
    waiter.waker = null;
    if (n > missing) this.give(n - missing);
  }

  /** Permits come back, or are new. */
  give(n: number): void {
    let left = n;
    for (let waiter = this.waiters.oldest; waiter !== null; waiter = this.waiters.oldest) {
      if (waiter.state > left) {
        waiter.state -= left;
        return;
      }
      left -= waiter.state;
      waiter.state = 0;
      this.waiters.remove(waiter);
      waiter.wake();
      if (left === 0) return;
    }
    this.permits += left;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // Each keeps its `state`: it says how much was assigned, which the waiter passes on when it learns of the end.
    const first = this.waiters.oldest;
    this.waiters.oldest = null;
    this.waiters.newest = null;
    for (let waiter = first; waiter !== null; ) {
      const newer: Waiter | null = waiter.newer;
      waiter.older = null;
      waiter.newer = null;
      waiter.wake();
      waiter = newer;
    }
  }
}
