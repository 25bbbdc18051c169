import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import type { Waker } from "../future/waker.js";
import type { CancellationToken } from "./cancellation-token.js";
import type { Share } from "./share.js";
import { IS_CANCELLED, TOKEN_QUEUE } from "./token-kind.js";
import type { Waiter } from "./waiter.js";

/** Joins a queue of a token that is not cancelled; null if it is. @internal */
export function watchToken(share: Share, queue: number, waker: Waker, keepsWaiting: boolean): Waiter | null {
  const { thread, object, lock } = share;
  thread.prepare();
  lock.lock();
  const waiter = thread.memory.read(object + IS_CANCELLED) !== 0 ? null : thread.join(share, object + queue, 1, 1);
  lock.unlock();
  if (waiter !== null) thread.enter(waiter, waker, keepsWaiting);
  return waiter;
}

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
    if (waiter !== null) {
      waiter.watch(this, cx.waker);
      return Pending;
    }
    this.waiter = watchToken(token.open("cancelled"), TOKEN_QUEUE, cx.waker, true);
    return this.waiter === null ? undefined : Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.waiter = null;
    if (waiter === null) return;
    const { thread } = waiter.share;
    if (waiter.hasArrived) thread.finish(waiter);
    else thread.leave(waiter);
  }

  override describe(): string {
    return "CancellationToken cancelled";
  }
}
