/*
 * The queue every primitive of this folder waits in: an intrusive doubly linked list, oldest waiter first. Joining, leaving from any place and
 * taking from either end are O(1).
 *
 * States of a waiter, in `state`:
 *
 *   > 0    in a queue. How much it still waits for: permits of a BatchSemaphore, 1 elsewhere
 *   <= 0   in no queue: it got what it waited for, and which way is up to the owner of the queue
 *
 * The owner of the queue changes `state`, and takes the waiter out in the same step, before it wakes anybody: a waker may call back into the
 * primitive. The owner of the waiter (the future that made it) sets `waker`, and takes the waiter out when it is dropped.
 *
 * A waiter is queued once in its life: a future that has to wait again makes another.
 */
import type { Future } from "../future/future.js";
import { rejectSharing } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";

/** One future's place in a queue. @internal */
export class Waiter {
  state: number;
  /** Whom to wake; null while nobody polls, as after `Notified.enable()`. */
  waker: Waker | null;
  older: Waiter | null;
  newer: Waiter | null;

  constructor(state: number, waker: Waker | null) {
    this.state = state;
    this.waker = waker;
    this.older = null;
    this.newer = null;
  }

  /** Whom to wake from now on, on behalf of `leaf`. A second task that waits for the same future is refused. */
  watch(leaf: Future<unknown>, waker: Waker): void {
    const held = this.waker;
    if (held === waker) return;
    if (held !== null) rejectSharing(leaf, held);
    this.waker = waker;
  }

  wake(): void {
    const waker = this.waker;
    this.waker = null;
    if (waker !== null) waker.wake();
  }
}

/** @internal */
export class WaiterQueue {
  oldest: Waiter | null = null;
  newest: Waiter | null = null;

  get isEmpty(): boolean {
    return this.oldest === null;
  }

  /** How many wait. Walks the queue: for reports. */
  get length(): number {
    let length = 0;
    for (let waiter = this.oldest; waiter !== null; waiter = waiter.newer) length++;
    return length;
  }

  push(waiter: Waiter): void {
    const newest = this.newest;
    waiter.older = newest;
    this.newest = waiter;
    if (newest === null) this.oldest = waiter;
    else newest.newer = waiter;
  }

  /** Takes a waiter out that is in this queue. */
  remove(waiter: Waiter): void {
    const { older, newer } = waiter;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    waiter.older = null;
    waiter.newer = null;
  }

  /**
   * Takes everybody out, with `state` as their state, then wakes them, oldest first. Those who join while it wakes are not concerned.
   */
  release(state: number): void {
    const first = this.oldest;
    this.oldest = null;
    this.newest = null;
    for (let waiter = first; waiter !== null; waiter = waiter.newer) {
      waiter.state = state;
      waiter.older = null;
    }
    for (let waiter = first; waiter !== null; ) {
      const newer: Waiter | null = waiter.newer;
      waiter.newer = null;
      waiter.wake();
      waiter = newer;
    }
  }
}
