import type { Context } from "../future/context.js";
import { Future, pollingContext, resultOf } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";

/** A SetOnce of this thread or shared, as its waits see it. @internal */
export interface Settable<T> {
  /** The value. While there is none, `wait` is woken when that may change. */
  pollValue(wait: SetOnceWait<T>, cx: Context): Poll<T>;
  /** `wait` is given up. Only while it has a waiter. */
  stopWaiting(wait: SetOnceWait<T>): void;
}

/** Waits for the value of a SetOnce. It stays there, so a wait that was told holds nothing. @internal */
export class SetOnceWait<T> extends Future<T> {
  private readonly once: Settable<T>;
  /** The place in the queue, which is the SetOnce's. */
  waiter: object | null;
  private isOver: boolean;

  constructor(once: Settable<T>) {
    super();
    this.once = once;
    this.waiter = null;
    this.isOver = false;
  }

  poll(cx: Context): Poll<T> {
    if (this.isOver) throw polledAfterCompletion("SetOnce wait");
    const value = this.once.pollValue(this, cx);
    if (value !== Pending) this.isOver = true;
    return value;
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    this.isOver = true;
    if (this.waiter !== null) this.once.stopWaiting(this);
  }

  override describe(): string {
    return "SetOnce wait (not set)";
  }
}
