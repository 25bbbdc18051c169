import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll } from "../../future/poll.js";
import { keepShape } from "../../internal/keep-shape.js";
import { proceed, refund } from "../../task/coop.js";
import { DisposedError, SendError } from "../error.js";
import { Waiter, WaiterQueue } from "../waiter-queue.js";
import { GONE, type OneshotReceiver, OPEN, SENT } from "./receiver.js";

/**
 * The sending half of a {@link oneshot} channel.
 *
 * Send, or dispose it: a sender that is merely forgotten leaves the receiver waiting for ever.
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { oneshot } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<number>();
 *   spawn(function* () {
 *     using sender = tx; // if we throw before sending, the receiver hears of it
 *     sender.send(6 * 7);
 *   });
 *   console.log(yield* rx); // 42
 * });
 * ```
 */
export class OneshotSender<T> implements Disposable {
  private readonly channel: OneshotReceiver<T>;
  private spent: boolean;
  private polling: Waiter | null;

  /** @internal */
  constructor(channel: OneshotReceiver<T>) {
    this.channel = channel;
    this.spent = false;
    this.polling = null;
  }

  /**
   * Sends the value. Synchronous; the receiver has it from now on, even if it is closed later.
   *
   * @throws SendError with the value if the receiver was closed or disposed
   * @throws DisposedError if this has sent before or was disposed
   */
  send(value: T): void {
    const { channel } = this;
    if (this.spent) throw new DisposedError("OneshotSender.send", "sent with or disposed: it sends once");
    this.spent = true;
    if (channel.state !== OPEN) throw new SendError(value);
    channel.slot = value;
    channel.state = SENT;
    if (channel.waker !== null) channel.wake();
  }

  /** Whether the value would be in vain: the receiver was closed, disposed, or has got it already; or this was disposed. */
  get isClosed(): boolean {
    return isClosed(this.channel as OneshotReceiver<unknown>);
  }

  /**
   * Waits until the receiver is closed or disposed, or has got its value, or until this is disposed: time to abandon the work for it.
   *
   * **Cancel safety**: safe, and harmless to the channel.
   *
   * @throws DisposedError if this was disposed before
   *
   * @example
   * ```ts
   * import { main, select, sleep, spawn, yieldNow } from "toki";
   * import { oneshot } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = oneshot<string>();
   *   const worker = spawn(function* () {
   *     const { key } = yield* select({ closed: tx.closed(), work: sleep(60_000) });
   *     return key;
   *   });
   *   yield* yieldNow();
   *   rx.close();
   *   console.log(yield* worker); // closed
   * });
   * ```
   */
  closed(): Future<void> {
    if (this.channel.state === GONE) throw new DisposedError("OneshotSender.closed", "disposed");
    return new Closed(this.channel as OneshotReceiver<unknown>);
  }

  /** {@link OneshotSender.closed} for futures written by hand: only the waker of the latest call is kept. */
  pollClosed(cx: Context): Poll<void> {
    if (!proceed(cx)) return Pending;
    if (this.isClosed) return undefined;
    if (this.polling === null) this.polling = join(this.channel as OneshotReceiver<unknown>, cx);
    else this.polling.waker = cx.waker;
    refund();
    return Pending;
  }

  /** Gives up sending: the receiver gets a `RecvError`. Does nothing after a send. */
  [Symbol.dispose](): void {
    if (this.spent) return;
    this.spent = true;
    const { channel } = this;
    if (channel.state !== OPEN) return;
    channel.state = GONE;
    channel.wake();
    channel.tellSender();
  }
}

function isClosed({ state }: OneshotReceiver<unknown>): boolean {
  return state !== OPEN && state !== SENT;
}

function join(channel: OneshotReceiver<unknown>, cx: Context): Waiter {
  channel.closing ??= new WaiterQueue();
  const waiter = new Waiter(1, cx.waker);
  channel.closing.push(waiter);
  return waiter;
}

class Closed extends Future<void> {
  private readonly channel: OneshotReceiver<unknown>;
  private waiter: Waiter | null = null;
  private over = false;

  constructor(channel: OneshotReceiver<unknown>) {
    super();
    this.channel = channel;
  }

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion("oneshot closed");
    if (!proceed(cx)) return Pending;
    if (isClosed(this.channel)) {
      this.over = true;
      return undefined;
    }
    if (this.waiter === null) this.waiter = join(this.channel, cx);
    else this.waiter.watch(this, cx.waker);
    refund();
    return Pending;
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.over = true;
    this.waiter = null;
    if (waiter === null) return;
    if (waiter.state > 0) this.channel.closing?.remove(waiter);
    waiter.waker = null;
  }

  override describe(): string {
    return "oneshot closed (receiver is waiting)";
  }
}

keepShape(new OneshotSender(null as unknown as OneshotReceiver<void>));
