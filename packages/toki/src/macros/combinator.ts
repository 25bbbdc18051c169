/*
 * What join and select share: a set of branches, and how they end.
 *
 *   RUNNING     branches are polled
 *   CANCELLING  it is decided, or the combinator itself was cancelled: the branches that are left unwind, their cleanup is awaited
 *   DONE
 *
 * RUNNING -> CANCELLING -> DONE, or RUNNING -> DONE where nothing is left to cancel; by poll() and the three ways to drop a future below.
 */
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { adoptWaker } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { Branches } from "./branches.js";

/** @internal */
export const RUNNING = 0;
/** @internal */
export const CANCELLING = 1;
/** @internal */
export const DONE = 2;

/** @internal */
export abstract class Combinator<T> extends Future<T> {
  protected state = RUNNING;
  protected readonly branches: Branches;
  private waker: Waker | undefined = undefined;

  constructor(futures: (Future<unknown> | undefined)[]) {
    super();
    this.branches = new Branches(futures);
  }

  /** Takes over the waker of a poll, unless another task waits here. */
  protected adopt(cx: Context): void {
    this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
  }

  override pollCancel(cx: Context): Poll<void> {
    if (this.state === DONE) return undefined;
    this.state = CANCELLING;
    if (this.branches.pollCancelAll(cx) === Pending) return Pending;
    this.end();
    return undefined;
  }

  override forceCancel(): void {
    if (this.state === DONE) return;
    this.branches.forceCancelAll();
    this.end();
  }

  /** Every branch has ended: throws what their cleanup threw. */
  protected end(): void {
    this.state = DONE;
    if (this.branches.failed) throw this.branches.error;
  }

  override [Symbol.dispose](): void {
    if (this.state === DONE) return;
    this.branches.disposeAll();
    this.end();
  }
}
