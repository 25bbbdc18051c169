/*
 * What waits until a watch channel has no receiver, of this thread or shared. Told when the last one goes, it looks again: there may be a new one by then.
 */
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { proceed, refund } from "../../task/coop.js";

/** A sender, as `closed` sees it. @internal */
export interface Closing {
  /** Whether there is no receiver. While there is one, `wait` is woken when the last one goes. */
  pollClosed(wait: Closed, cx: Context): boolean;
  /** `wait` is given up. Only while it has a waiter. */
  stopWaiting(wait: Closed): void;
  readonly receiverCount: number;
}

/** @internal */
export class Closed extends Future<void> {
  private readonly tx: Closing;
  /** The sender's: its place in the queue. */
  waiter: object | null = null;
  private isOver = false;

  constructor(tx: Closing) {
    super();
    this.tx = tx;
  }

  poll(cx: Context): Poll<void> {
    if (this.isOver) throw polledAfterCompletion("watch closed");
    if (!proceed(cx)) return Pending;
    if (!this.tx.pollClosed(this, cx)) {
      refund();
      return Pending;
    }
    this.isOver = true;
    return undefined;
  }

  override [Symbol.dispose](): void {
    this.isOver = true;
    if (this.waiter !== null) this.tx.stopWaiting(this);
  }

  override describe(): string {
    const { receiverCount } = this.tx;
    return `watch closed (${receiverCount === 1 ? "1 receiver" : `${receiverCount} receivers`})`;
  }
}
