import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import type { SharedHandle } from "./handle.js";
import type { Share } from "./share.js";
import type { Waiter } from "./waiter.js";

/** Waits in a queue until something is so; who waits is told when it may have become so. @internal */
export abstract class WaitUntil extends Future<void> {
  protected readonly share: Share;
  private readonly queue: number;
  private waiter: Waiter | null = null;
  private over = false;

  /** @param queue - the word of the object where the queue is */
  constructor(handle: SharedHandle, queue: number) {
    super();
    this.share = handle.share;
    this.queue = queue;
  }

  /** Under the lock: whether it is so now. */
  protected abstract isSo(): boolean;

  /** What this is, for error messages. */
  protected abstract readonly what: string;

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion(this.what);
    const { share, waiter } = this;
    if (waiter !== null && !waiter.hasArrived) {
      waiter.watch(this, cx.waker);
      return Pending;
    }
    if (share.isLive) this.join();
    else this.waiter = null;
    const { waiter: next } = this;
    if (next !== null) share.thread.enter(next, cx.waker);
    // A wait that was told keeps the share until it is finished: the next has to have begun by then.
    if (waiter !== null) share.thread.finish(waiter);
    if (next !== null) return Pending;
    this.over = true;
    return undefined;
  }

  private join(): void {
    const { share } = this;
    const { thread, object, lock } = share;
    thread.prepare();
    lock.lock();
    this.waiter = this.isSo() ? null : thread.join(share, object + this.queue, 1, 1);
    lock.unlock();
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.over = true;
    this.waiter = null;
    if (waiter !== null) this.share.thread.leave(waiter);
  }
}
