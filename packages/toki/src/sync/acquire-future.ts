/*
 * A future that takes `n` permits of a BatchSemaphore and makes something of them: a permit, a guard, a sent message.
 *
 *   waiter === null   not polled, or polled while the task was out of budget
 *   waiter            in the semaphore's queue, or has its permits assigned and not fetched yet
 *   waiter === OVER   delivered, failed or dropped
 *
 * Permits pass to the result in the poll that finds them, so a drop has something to give back in the middle state alone.
 */
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { proceed, refund } from "../task/coop.js";
import { type BatchSemaphore, CLOSED, WAITING } from "./batch-semaphore.js";
import { Waiter } from "./waiter-queue.js";

/** The `waiter` of a future that is over. @internal */
export const OVER = new Waiter(0, null);

/** @internal */
export abstract class AcquireFuture<T, S extends BatchSemaphore = BatchSemaphore> extends Future<T> {
  /** @internal */
  readonly sem: S;
  /** @internal */
  readonly n: number;
  /** @internal */
  waiter: Waiter | null;

  constructor(sem: S, n: number) {
    super();
    this.sem = sem;
    this.n = n;
    this.waiter = null;
  }

  /** The permits are ours: the result. */
  protected abstract acquired(): T;

  /** The semaphore is closed: what to throw. */
  protected abstract failed(): Error;

  poll(cx: Context): Poll<T> {
    if (!proceed(cx)) return Pending;
    const { sem, n } = this;
    if (this.waiter === null && sem.permits >= n && !sem.closed) {
      sem.permits -= n;
      this.waiter = OVER;
      return this.acquired();
    }
    return this.pollQueue(cx);
  }

  /** The rest of `poll`, for when there are too few permits or there was a poll before. One unit of budget has been taken. */
  protected pollQueue(cx: Context): Poll<T> {
    const { sem, n, waiter } = this;
    if (waiter === OVER) {
      refund();
      throw polledAfterCompletion(this.describe());
    }
    let found: number;
    if (waiter !== null) {
      found = sem.poll(waiter, n);
      if (found === WAITING) waiter.watch(this as Future<unknown>, cx.waker);
    } else if (sem.closed) found = CLOSED;
    else {
      this.waiter = sem.join(n, cx.waker);
      found = WAITING;
    }
    if (found === WAITING) {
      refund();
      return Pending;
    }
    this.waiter = OVER;
    if (found === CLOSED) throw this.failed();
    return this.acquired();
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.waiter = OVER;
    if (waiter !== null && waiter !== OVER) this.sem.leave(waiter, this.n);
  }
}
