/*
 * The future of the next value. What waits is the receiver's one place in the queue (`waiter`, `receiving`): a future holds nothing else, so dropping one
 * at any moment loses no value.
 *
 * A Recv is used again and again: the receiver keeps one that is idle and hands it out with the next recv().
 *
 *   idle       not handed out: polling it is polling after completion
 *   handed out `idle` is false, from recv() until it delivers, fails or is dropped; then it goes back to its receiver, unless another is there
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { proceed, refund } from "../../task/coop.js";
import { BroadcastRecvError } from "./error.js";
import type { BroadcastReceiver } from "./receiver.js";

/** @internal */
export class Recv<T> extends Future<T> {
  private readonly rx: BroadcastReceiver<T>;
  idle: boolean;

  constructor(rx: BroadcastReceiver<T>) {
    super();
    this.rx = rx;
    this.idle = false;
  }

  poll(cx: Context): Poll<T> {
    if (this.idle) throw polledAfterCompletion("broadcast recv");
    if (!proceed(cx)) return Pending;
    const { rx } = this;
    const { chan } = rx;
    if (rx.next < chan.tail && !rx.isDisposed) {
      this.finish();
      return rx.take();
    }
    if (chan.strong === 0 || rx.isDisposed) {
      this.finish();
      throw new BroadcastRecvError("closed");
    }
    refund();
    rx.register(this as Future<unknown>, cx.waker);
    return Pending;
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    if (!this.idle) this.finish();
  }

  private finish(): void {
    const { rx } = this;
    if (rx.receiving === (this as Future<unknown>)) rx.unregister();
    this.idle = true;
    if (!rx.isDisposed) rx.idle = this;
  }

  override describe(): string {
    const { rx } = this;
    return `broadcast recv (${rx.chan.summary(rx.length)})`;
  }
}
