import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { Waiter } from "../sync/waiter-queue.js";
import type { CancellationToken } from "./cancellation-token.js";

/** Waits for a token. Level-triggered: ready whenever it is polled after the cancellation. @internal */
export class Cancelled extends Future<void> {
  private readonly token: CancellationToken;
  private waiter: Waiter | null = null;

  constructor(token: CancellationToken) {
    super();
    this.token = token;
  }

  poll(cx: Context): Poll<void> {
    const { token, waiter } = this;
    if (token.isCancelled) {
      this[Symbol.dispose]();
      return undefined;
    }
    if (waiter === null) {
      this.waiter = new Waiter(1, cx.waker);
      token.join(this.waiter);
    } else waiter.watch(this, cx.waker);
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.waiter = null;
    if (waiter === null) return;
    waiter.waker = null;
    if (waiter.state > 0) {
      waiter.state = 0;
      this.token.leave(waiter);
    }
  }

  override describe(): string {
    return "CancellationToken cancelled";
  }
}
