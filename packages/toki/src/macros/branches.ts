/*
 * The futures a combinator drives on one task.
 *
 * Few: every unfinished one is polled whenever the task is woken, with the task's own waker; nothing is allocated.
 * Many: each gets a waker of its own that notes its index, so that a wake polls that one alone and n futures cost O(n), not O(n^2).
 *
 *   slot: a future that is unfinished -> undefined when it has finished or was cancelled     `take`, `pollCancelAll`; another may follow, `put`
 *   BranchWaker.noted: its index is in `ready` -> polled, then false                         `wake`, `nextReady`
 *
 * A wake may come at any time, also while the branch is being polled: it is noted before the parent is woken, so it is never lost.
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { suppressed } from "../future/suppressed-error.js";
import { Waker } from "../future/waker.js";

/** From this many branches on, each has a waker of its own. */
const MANY = 32;

class BranchWaker extends Waker {
  noted = true;
  private readonly branches: Branches;
  private readonly index: number;

  constructor(branches: Branches, index: number) {
    super();
    this.branches = branches;
    this.index = index;
  }

  override get owner(): Waker["owner"] {
    return this.branches.parent?.owner ?? null;
  }

  wake(): void {
    if (!this.noted) {
      this.noted = true;
      this.branches.ready.push(this.index);
    }
    this.branches.parent?.wake();
  }
}

/** @internal */
export class Branches {
  readonly futures: (Future<unknown> | undefined)[];
  left: number;
  ready: number[] = [];
  parent: Waker | undefined = undefined;
  /** Errors thrown by cleanup, the first with the later ones attached. */
  failed = false;
  error: unknown = undefined;

  private readonly wakers: BranchWaker[] | undefined;
  private batch: number[] = [];
  private at = 0;

  /** @param most - how many there will be at a time, where {@link Branches.put} adds some */
  constructor(futures: (Future<unknown> | undefined)[], most = futures.length) {
    this.futures = futures;
    this.left = 0;
    for (const future of futures) if (future !== undefined) this.left++;
    if (most >= MANY) {
      this.wakers = futures.map((_, index) => new BranchWaker(this, index));
      this.ready = futures.map((_, index) => index);
    }
  }

  /** Adds a branch at `index`, which is free or the next after the last. It is polled in the next round. */
  put(index: number, future: Future<unknown>): void {
    this.futures[index] = future;
    this.left++;
    const { wakers } = this;
    if (wakers === undefined) return;
    const waker = wakers[index];
    if (waker === undefined) wakers[index] = new BranchWaker(this, index);
    else if (waker.noted) return;
    else waker.noted = true;
    this.ready.push(index);
  }

  /** Begins one round of polls at branch `start`. */
  begin(cx: Context, start: number): void {
    if (this.wakers === undefined) {
      this.at = start;
      return;
    }
    this.parent = cx.waker;
    const batch = this.ready;
    this.ready = [];
    // Rotate, so that the same start decides who goes first among those that are ready.
    if (start > 0 && batch.length > 1) batch.push(...batch.splice(0, start % batch.length));
    this.batch = batch;
    this.at = 0;
  }

  /** The next branch to poll in this round, -1 after the last. `polled` counts from 0. */
  next(polled: number): number {
    if (this.wakers === undefined) {
      const { length } = this.futures;
      if (polled >= length) return -1;
      const index = this.at + polled;
      return index < length ? index : index - length;
    }
    return polled < this.batch.length ? (this.batch[polled] as number) : -1;
  }

  /** Polls a branch. */
  poll(index: number, cx: Context): Poll<unknown> {
    const future = this.futures[index];
    if (future === undefined) return Pending;
    if (this.wakers === undefined) return future.poll(cx);
    const waker = this.wakers[index] as BranchWaker;
    waker.noted = false;
    return future.poll(waker);
  }

  /** Takes a branch out: it finished or is not wanted any more. */
  take(index: number): void {
    if (this.futures[index] === undefined) return;
    this.futures[index] = undefined;
    this.left--;
  }

  /** Cancels every branch that is left and awaits their cleanup; all run at the same time. Errors go to `error`. */
  pollCancelAll(cx: Context): Poll<void> {
    if (this.left === 0) return undefined;
    this.parent = cx.waker;
    for (let index = 0; index < this.futures.length; index++) {
      const future = this.futures[index];
      if (future === undefined) continue;
      try {
        // With the waker it was polled with: that is the one it has registered.
        if (future.pollCancel(this.wakers?.[index] ?? cx) === Pending) continue;
      } catch (error) {
        this.record(error);
      }
      this.take(index);
    }
    return this.left === 0 ? undefined : Pending;
  }

  forceCancelAll(): void {
    for (let index = 0; index < this.futures.length; index++) {
      const future = this.futures[index];
      this.take(index);
      try {
        future?.forceCancel();
      } catch (error) {
        this.record(error);
      }
    }
  }

  disposeAll(): void {
    for (let index = 0; index < this.futures.length; index++) {
      const future = this.futures[index];
      this.take(index);
      try {
        future?.[Symbol.dispose]();
      } catch (error) {
        this.record(error);
      }
    }
  }

  record(error: unknown): void {
    this.error = this.failed ? suppressed(error, this.error) : error;
    this.failed = true;
  }
}
