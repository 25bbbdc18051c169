import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { SharedHandle } from "../handle.js";
import { IS_CLOSED } from "../permits.js";
import type { Waiter } from "../waiter.js";
import { CLOSING } from "./chan.js";

/** Waits until the receiver has closed the channel. @internal */
export class Closed extends Future<void> {
  private readonly sender: SharedHandle;
  private waiter: Waiter | null = null;
  private over = false;

  constructor(sender: SharedHandle) {
    super();
    this.sender = sender;
  }

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion("mpsc closed");
    const { waiter } = this;
    const { share } = this.sender;
    const { thread } = share;
    if (waiter !== null) {
      if (!waiter.hasArrived) {
        waiter.watch(this, cx.waker);
        return Pending;
      }
      thread.finish(waiter);
    } else if (share.isLive) {
      const { object, lock } = share;
      thread.prepare();
      lock.lock();
      if (thread.memory.read(object + IS_CLOSED) === 0) this.waiter = thread.join(share, object + CLOSING, 1, 1);
      lock.unlock();
      if (this.waiter !== null) {
        thread.enter(this.waiter, cx.waker);
        return Pending;
      }
    }
    this.waiter = null;
    this.over = true;
    return undefined;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.over = true;
    this.waiter = null;
    if (waiter !== null) this.sender.share.thread.leave(waiter);
  }

  override describe(): string {
    return "mpsc closed (receiver is open)";
  }
}
