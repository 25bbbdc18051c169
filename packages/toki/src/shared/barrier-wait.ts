/*
 * One wait for a shared Barrier.
 *
 *   INIT      not polled: has not arrived
 *   WAITING   has arrived, and is in the queue, or was let go and not polled since
 *   OVER      delivered, or dropped. One that has arrived still counts
 */
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { type BarrierWaitResult, FOLLOWER, LEADER } from "../sync/barrier-wait-result.js";
import { proceed, refund } from "../task/coop.js";
import type { Barrier } from "./barrier.js";
import { arrive, BARRIER_QUEUE } from "./barrier-kind.js";
import type { Waiter } from "./waiter.js";

/** @internal */
export class BarrierWait extends Future<BarrierWaitResult> {
  private readonly barrier: Barrier;
  private waiter: Waiter | null = null;
  private isOver = false;

  constructor(barrier: Barrier) {
    super();
    this.barrier = barrier;
  }

  poll(cx: Context): Poll<BarrierWaitResult> {
    if (this.isOver) throw polledAfterCompletion(this.describe());
    if (!proceed(cx)) return Pending;
    const { waiter } = this;
    if (waiter === null) {
      if (this.arrive(cx)) return LEADER;
    } else if (waiter.hasArrived) {
      this.isOver = true;
      this.waiter = null;
      waiter.share.thread.finish(waiter);
      return FOLLOWER;
    } else waiter.watch(this as Future<unknown>, cx.waker);
    refund();
    return Pending;
  }

  /** True for the leader, who is done. */
  private arrive(cx: Context): boolean {
    const { share } = this.barrier;
    this.isOver = true;
    if (!share.isLive) throw this.barrier.refusal("wait");
    const { thread, object, lock } = share;
    thread.prepare();
    lock.lock();
    const isLeader = arrive(thread, object);
    if (!isLeader) this.waiter = thread.join(share, object + BARRIER_QUEUE, 1, 1);
    thread.unlock(lock);
    if (this.waiter !== null) thread.enter(this.waiter, cx.waker);
    this.isOver = isLeader;
    return isLeader;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.isOver = true;
    this.waiter = null;
    if (waiter !== null) waiter.share.thread.leave(waiter);
  }

  override describe(): string {
    return `Barrier wait (${this.barrier.report()})`;
  }
}
