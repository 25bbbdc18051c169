import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { DisposedError, SendError } from "../../sync/error.js";
import { proceed, refund } from "../../task/coop.js";
import { unique } from "../crossing.js";
import { SharedHandle } from "../handle.js";
import { locked, tellAll } from "../permits.js";
import type { Share } from "../share.js";
import { dropValue, putValue } from "../values.js";
import type { Waiter } from "../waiter.js";
import { CHANNEL_STATE, CLOSING, dropSender, kind, OPEN, RECEIVING, SENDER_HALF, SENT, VALUE } from "./channel.js";

/**
 * The sending half of a shared {@link oneshot} channel.
 *
 * Send, or dispose it: a sender that is merely forgotten leaves the receiver waiting for ever, unless its thread ends.
 *
 * Threads: there is one; sending it to another thread moves it.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { oneshot } from "toki/shared";
 *
 * export const compute = fn(import.meta, function* compute(reply: oneshot.Sender<number>) {
 *   using sender = reply; // if we throw before sending, the receiver hears of it
 *   sender.send(6 * 7);
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<number>();
 *   spawn(compute(tx));
 *   console.log(yield* rx); // 42
 * });
 * ```
 */
export class OneshotSender<T> extends SharedHandle {
  private spent = false;
  private polling: Waiter | null = null;

  /** @internal */
  constructor(share: Share) {
    super(share);
  }

  /**
   * Sends the value, copied. Synchronous; the receiver has it from now on, even if it is closed later.
   *
   * @throws SendError with the value if the receiver was closed or disposed
   * @throws NotSendError if the value cannot be sent: nothing was
   * @throws DisposedError if this has sent before, was disposed, or sent to another thread
   */
  send(value: T): void {
    if (this.spent) throw new DisposedError("OneshotSender.send", "sent with or disposed: it sends once");
    const share = this.open("send");
    const { thread, object, lock } = share;
    const { memory } = thread;
    const block = putValue(thread, value, "OneshotSender.send", "value", false);
    this.spent = true;
    share.half(SENDER_HALF, false);
    const isSent = locked(thread, lock, () => {
      if (memory.read(object + CHANNEL_STATE) !== OPEN) return false;
      memory.write(object + VALUE, block);
      memory.write(object + CHANNEL_STATE, SENT);
      tellAll(thread, object + RECEIVING, 0);
      return true;
    });
    if (isSent) return;
    dropValue(thread, block);
    throw new SendError(value);
  }

  /** Whether the value would be in vain: the receiver was closed, disposed, or has got it already; or this was disposed. */
  get isClosed(): boolean {
    return isClosed(this.share);
  }

  /**
   * Waits until the receiver is closed or disposed, or has got its value, or until this is disposed: time to abandon the work for it.
   *
   * **Cancel safety**: safe, and harmless to the channel.
   *
   * @throws DisposedError if this was disposed, or sent to another thread
   */
  closed(): Future<void> {
    this.open("closed");
    return new Closed(this as OneshotSender<unknown>);
  }

  /** {@link OneshotSender.closed} for futures written by hand: only the waker of the latest call is kept. */
  pollClosed(cx: Context): Poll<void> {
    if (!proceed(cx)) return Pending;
    const { polling } = this;
    if (polling?.hasArrived) {
      this.polling = null;
      this.share.thread.finish(polling);
    }
    if (this.polling === null) this.polling = join(this.share, cx);
    else this.polling.waker = cx.waker;
    if (this.polling === null) return undefined;
    refund();
    return Pending;
  }

  /** @internal */
  override beforeMove(): void {
    if (this.spent) throw new DisposedError("OneshotSender", "sent with: it sends once");
    this.stopPolling();
  }

  private stopPolling(): void {
    const { polling } = this;
    this.polling = null;
    if (polling !== null) this.share.thread.leave(polling);
  }

  /** @internal */
  override giveUp(): void {
    this.stopPolling();
    if (this.spent) return;
    this.spent = true;
    this.share.half(SENDER_HALF, false);
    dropSender(this.share);
  }

  /** Gives up sending: the receiver gets a `RecvError`. Does nothing after a send. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }
}

function isClosed(share: Share): boolean {
  if (!share.isLive) return true;
  const state = share.peek(CHANNEL_STATE);
  return state !== OPEN && state !== SENT;
}

/** A wait for the end; null if it has come. */
function join(share: Share, cx: Context): Waiter | null {
  if (!share.isLive) return null;
  const { thread, object, lock } = share;
  thread.prepare();
  const waiter = locked(thread, lock, () => (isClosed(share) ? null : thread.join(share, object + CLOSING, 1, 1)));
  if (waiter !== null) thread.enter(waiter, cx.waker);
  return waiter;
}

class Closed extends Future<void> {
  private readonly sender: OneshotSender<unknown>;
  private waiter: Waiter | null = null;
  private over = false;

  constructor(sender: OneshotSender<unknown>) {
    super();
    this.sender = sender;
  }

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion("oneshot closed");
    if (!proceed(cx)) return Pending;
    const { waiter } = this;
    if (waiter === null) this.waiter = join(this.sender.share, cx);
    else if (!waiter.hasArrived) waiter.watch(this, cx.waker);
    else {
      this.waiter = null;
      this.sender.share.thread.finish(waiter);
    }
    if (this.waiter === null) {
      this.over = true;
      return undefined;
    }
    refund();
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.over = true;
    this.waiter = null;
    if (waiter !== null) this.sender.share.thread.leave(waiter);
  }

  override describe(): string {
    return "oneshot closed (receiver is waiting)";
  }
}

/** @internal */
export const ONESHOT_SENDER = 22;

registerCrossing(
  OneshotSender.prototype,
  unique<OneshotSender<unknown>>(kind, (share) => new OneshotSender(share), ONESHOT_SENDER, SENDER_HALF, dropSender),
  import.meta.url,
);
