/*
 * A receiver of which one task at a time receives. At most one wait of it is in RECEIVING: `wait`, on behalf of the future `receiving`, or of a poll by hand
 * (null).
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { rejectSharing } from "../future/sharing.js";
import { NotSendError } from "../portable/not-send-error.js";
import { ConcurrentRecvError } from "../sync/mpsc/error.js";
import { SharedHandle } from "./handle.js";
import type { Waiter } from "./waiter.js";

/** What receivers have in common of which one task at a time receives. */
export abstract class ReceivingHandle extends SharedHandle {
  /** @internal */
  wait: Waiter | null = null;
  /** @internal */
  receiving: Future<unknown> | null = null;

  /** @internal The wait that is under way. */
  waiting(): Waiter | null {
    const { wait } = this;
    if (wait === null || !wait.hasArrived) return wait;
    this.wait = null;
    this.receiving = null;
    this.share.thread.finish(wait);
    return null;
  }

  /** @internal `wait`, which has joined the queue just now if it `isNew`, is on behalf of `who`. */
  register(cx: Context, who: Future<unknown> | null, isNew: boolean): void {
    const { wait, receiving } = this;
    if (wait === null) return;
    if (isNew) this.share.thread.enter(wait, cx.waker);
    else {
      const { waker } = wait;
      if (waker !== null && receiving !== null && !waker.willWake(cx.waker)) {
        if (receiving !== who) throw this.concurrent();
        rejectSharing(receiving, waker);
      }
      wait.waker = cx.waker;
    }
    this.receiving = who;
  }

  /** @internal `who` does not wait any more. */
  unregister(who: Future<unknown> | null): void {
    const { wait } = this;
    if (wait === null || this.receiving !== who) return;
    this.wait = null;
    this.receiving = null;
    if (wait.hasArrived) this.share.thread.finish(wait);
    else this.share.thread.leave(wait);
  }

  /** @internal */
  concurrent(): Error {
    return new ConcurrentRecvError();
  }

  /** @internal */
  override beforeMove(): void {
    if (this.waiting() !== null) {
      throw new NotSendError(
        `a ${this.constructor.name} cannot be sent to another thread while a recv of it waits here`,
        "",
      );
    }
  }
}
