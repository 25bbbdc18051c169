import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { Waiter, type WaiterQueue } from "./waiter-queue.js";

/** Waits in a queue until something is so; the queue is released when it may have become so. @internal */
export abstract class WaitUntil extends Future<void> {
  private readonly queue: WaiterQueue;
  private waiter: Waiter | null = null;
  private over = false;

  constructor(queue: WaiterQueue) {
    super();
    this.queue = queue;
  }

  /** Whether it is so now. */
  protected abstract isSo(): boolean;

  /** What this is, for error messages. */
  protected abstract readonly what: string;

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion(this.what);
    const { waiter } = this;
    if (this.isSo()) {
      this[Symbol.dispose]();
      return undefined;
    }
    if (waiter === null || waiter.state <= 0) {
      this.waiter = new Waiter(1, cx.waker);
      this.queue.push(this.waiter);
    } else waiter.watch(this, cx.waker);
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.over = true;
    this.waiter = null;
    if (waiter === null) return;
    if (waiter.state > 0) {
      this.queue.remove(waiter);
      waiter.state = 0;
    }
    waiter.waker = null;
  }
}
