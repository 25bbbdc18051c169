import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Waiter } from "../waiter-queue.js";
import type { Chan } from "./chan.js";

/** Waits until the receiver has closed the channel. @internal */
export class Closed extends Future<void> {
  private readonly chan: Chan<unknown>;
  private waiter: Waiter | null = null;
  private over = false;

  constructor(chan: Chan<unknown>) {
    super();
    this.chan = chan;
  }

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion("mpsc closed");
    if (this.chan.closed) {
      this.over = true;
      return undefined;
    }
    if (this.waiter === null) {
      this.waiter = new Waiter(1, cx.waker);
      this.chan.closing.push(this.waiter);
    } else this.waiter.watch(this, cx.waker);
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.over = true;
    this.waiter = null;
    if (waiter === null) return;
    if (waiter.state > 0) {
      this.chan.closing.remove(waiter);
      waiter.state = 0;
    }
    waiter.waker = null;
  }

  override describe(): string {
    return "mpsc closed (receiver is open)";
  }
}
