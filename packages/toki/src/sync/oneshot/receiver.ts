/*
 * A oneshot channel. Its state is the receiver's: the sender is a reference to it.
 *
 *   OPEN     nothing sent           -> SENT (send), GONE (sender disposed), CLOSED (close), TAKEN (receiver disposed)
 *   SENT     `value` is there       -> TAKEN (poll, tryRecv, receiver disposed: the value is dropped)
 *   GONE     sender disposed        -> TAKEN, by the poll or tryRecv that reports it
 *   CLOSED   closed while OPEN      -> TAKEN, likewise
 *   TAKEN    the end: the value or its absence was delivered
 *
 * Sends succeed in OPEN alone. The sender side counts as closed in GONE, CLOSED and TAKEN.
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { rejectSharing } from "../../future/sharing.js";
import type { Waker } from "../../future/waker.js";
import { proceed, refund } from "../../task/coop.js";
import type { WaiterQueue } from "../waiter-queue.js";
import { RecvError, TryRecvError } from "./error.js";

export const OPEN = 0;
export const SENT = 1;
export const GONE = 2;
export const CLOSED = 3;
export const TAKEN = 4;

/**
 * The receiving half of a {@link oneshot} channel, and a future of its value: `yield* rx`.
 *
 * Dispose it when the value is not wanted any more: the sender then sees the channel closed and can abandon its work. A receiver that is merely
 * forgotten keeps the channel open.
 *
 * **Cancel safety**: safe. Losing a `select` or a `timeout` neither loses the value nor closes the channel; the receiver can be awaited again.
 *
 * @example
 * ```ts
 * import { main, sleep, spawn } from "toki";
 * import { oneshot } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<number>();
 *   spawn(function* () {
 *     yield* sleep(5);
 *     tx.send(42);
 *   });
 *   console.log(yield* rx); // 42
 * });
 * ```
 */
export class OneshotReceiver<T> extends Future<T> implements Disposable {
  /** @internal */
  state: number;
  /** @internal */
  slot: T | undefined;
  /** @internal */
  waker: Waker | null;
  /** @internal Who waits for the sender side to be closed. */
  closing: WaiterQueue | null;

  /** @internal */
  constructor() {
    super();
    this.state = OPEN;
    this.slot = undefined;
    this.waker = null;
    this.closing = null;
  }

  /**
   * @throws RecvError if the sender was disposed without sending, or the receiver was closed before
   * @throws MisuseError once the value or the error was delivered
   */
  poll(cx: Context): Poll<T> {
    if (!proceed(cx)) return Pending;
    const { state } = this;
    if (state === SENT) return this.take();
    if (state === OPEN) {
      refund();
      const { waker } = this;
      if (waker !== null && waker !== cx.waker) rejectSharing(this as Future<unknown>, waker);
      this.waker = cx.waker;
      return Pending;
    }
    if (state === TAKEN) {
      refund();
      throw polledAfterCompletion("a oneshot receiver");
    }
    this.finish();
    throw new RecvError();
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  /**
   * The value, if it is there.
   *
   * @throws TryRecvError of kind `empty` if it was not sent yet, `closed` if it will never come or was delivered before
   */
  tryRecv(): T {
    const { state } = this;
    if (state === SENT) return this.take();
    if (state === OPEN) throw new TryRecvError("empty");
    this.finish();
    throw new TryRecvError("closed");
  }

  /**
   * Keeps the sender from sending. A value that was sent before can still be received.
   *
   * @example
   * ```ts
   * import { oneshot } from "toki/sync";
   *
   * const [tx, rx] = oneshot<number>();
   * rx.close();
   * console.log(tx.isClosed); // true
   * ```
   */
  close(): void {
    if (this.state !== OPEN) return;
    this.state = CLOSED;
    this.wake();
    this.tellSender();
  }

  /** Whether no value is there to take: not sent, taken, or never to come. */
  get isEmpty(): boolean {
    return this.state !== SENT;
  }

  /** Whether the value, or the error in its place, was delivered: polling again throws. */
  get isTerminated(): boolean {
    return this.state === TAKEN;
  }

  /** Gives the receiver up: the channel closes, a value that was sent is dropped. */
  override [Symbol.dispose](): void {
    this.waker = null;
    this.finish();
  }

  // The wait ends, the channel stays: the receiver outlives a select it lost.
  override pollCancel(): Poll<void> {
    this.waker = null;
    return undefined;
  }

  override forceCancel(): void {
    this.waker = null;
  }

  private take(): T {
    const value = this.slot as T;
    this.finish();
    return value;
  }

  private finish(): void {
    this.state = TAKEN;
    this.slot = undefined;
    if (this.closing !== null) this.tellSender();
  }

  /** @internal */
  wake(): void {
    const { waker } = this;
    this.waker = null;
    if (waker !== null) waker.wake();
  }

  /** @internal */
  tellSender(): void {
    const { closing } = this;
    this.closing = null;
    closing?.release(0);
  }

  override describe(): string {
    return "oneshot recv (nothing sent yet)";
  }
}
