/*
 * The receiving half, a future of the value. At most one wait of it is in RECEIVING: `waiter`.
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { NotSendError } from "../../portable/not-send-error.js";
import type { crosses } from "../../portable/send.js";
import { DisposedError } from "../../sync/error.js";
import { RecvError, TryRecvError } from "../../sync/oneshot/error.js";
import { proceed, refund } from "../../task/coop.js";
import { unique } from "../crossing.js";
import { DISPOSED, LIVE, Use, unwatch, watch } from "../handle.js";
import { NONE } from "../layout.js";
import { locked, tellAll } from "../permits.js";
import type { Share } from "../share.js";
import { dropValue, takeValue } from "../values.js";
import { blockFor, mayBlock, type Waiter } from "../waiter.js";
import {
  CHANNEL_STATE,
  CLOSED,
  CLOSING,
  dropReceiver,
  kind,
  OPEN,
  RECEIVER_HALF,
  RECEIVING,
  SENT,
  TAKEN,
  VALUE,
} from "./channel.js";

/**
 * The receiving half of a shared {@link oneshot} channel, and a future of its value: `yield* rx`.
 *
 * Dispose it when the value is not wanted any more: the sender then sees the channel closed and can abandon its work. A receiver that is merely
 * forgotten keeps the channel open.
 *
 * **Cancel safety**: safe. Losing a `select` or a `timeout` neither loses the value nor closes the channel; the receiver can be awaited again.
 *
 * Threads: there is one; sending it to another thread moves it.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { oneshot } from "toki/shared";
 *
 * export const compute = fn(import.meta, function* compute(reply: oneshot.Sender<number>) {
 *   reply.send(42);
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<number>();
 *   spawn(compute(tx));
 *   console.log(yield* rx); // 42
 * });
 * ```
 */
export class OneshotReceiver<T> extends Future<T> implements Disposable {
  declare readonly [crosses]: true;
  /** @internal */
  readonly share: Share;
  /** @internal */
  state = LIVE;
  private waiter: Waiter | null = null;

  /** @internal */
  constructor(share: Share) {
    super();
    this.share = share;
    watch(this, new Use(share));
  }

  /**
   * @throws RecvError if the sender was disposed without sending, or the receiver was closed before
   * @throws MisuseError once the value or the error was delivered
   * @throws DisposedError if this was sent to another thread
   */
  poll(cx: Context): Poll<T> {
    if (!proceed(cx)) return Pending;
    const { waiter } = this;
    if (waiter !== null) {
      if (!waiter.hasArrived) {
        refund();
        waiter.watch(this as Future<unknown>, cx.waker);
        return Pending;
      }
      this.waiter = null;
      this.share.thread.finish(waiter);
    }
    const state = this.look(true);
    if (state === OPEN) {
      this.share.thread.enter(this.waiter as unknown as Waiter, cx.waker);
      refund();
      return Pending;
    }
    if (state === SENT) return this.take();
    if (state === TAKEN) {
      refund();
      throw polledAfterCompletion("a oneshot receiver");
    }
    throw new RecvError();
  }

  /** What there is: SENT with the value to `take`, or the end, which is delivered by that. With `joins` it joins the queue if there is neither. */
  private look(joins: boolean): number {
    const { share } = this;
    if (this.state !== LIVE || !share.isLive) {
      if (this.state > DISPOSED) throw this.refusal("recv");
      return TAKEN;
    }
    const { thread, object, lock } = share;
    const { memory } = thread;
    thread.prepare();
    return locked(thread, lock, () => {
      const state = memory.read(object + CHANNEL_STATE);
      if (state === OPEN) {
        if (joins) this.waiter = thread.join(share, object + RECEIVING, 1, 1);
      } else if (state !== TAKEN) {
        memory.write(object + CHANNEL_STATE, TAKEN);
        tellAll(thread, object + CLOSING, 0);
      }
      return state;
    });
  }

  private take(): T {
    const { thread, object } = this.share;
    const value = thread.memory.load(object + VALUE);
    thread.memory.store(object + VALUE, NONE);
    return takeValue(thread, value) as T;
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  /**
   * The value, if it is there.
   *
   * @throws TryRecvError of kind `empty` if it was not sent yet, `closed` if it will never come or was delivered before
   * @throws DisposedError if this was sent to another thread
   */
  tryRecv(): T {
    const state = this.look(false);
    if (state === SENT) return this.take();
    throw new TryRecvError(state === OPEN ? "empty" : "closed");
  }

  /**
   * Waits for the value, blocking the thread: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws RecvError if the value will never come, or was delivered before
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this was sent to another thread
   *
   * @example
   * ```ts
   * import { oneshot } from "toki/shared";
   *
   * const [tx, rx] = oneshot<number>();
   * tx.send(42);
   * console.log(rx.blockingRecv()); // 42
   * ```
   */
  blockingRecv(): T {
    const { share } = this;
    const { thread, object, lock } = share;
    mayBlock("OneshotReceiver.blockingRecv", thread);
    for (;;) {
      const state = this.look(false);
      if (state === SENT) return this.take();
      if (state !== OPEN) throw new RecvError();
      thread.prepare();
      const waiter = locked(thread, lock, () =>
        thread.memory.read(object + CHANNEL_STATE) === OPEN ? thread.enqueue(share, object + RECEIVING, 1, 1, 1) : NONE,
      );
      if (waiter !== NONE) blockFor(share, waiter, Number.POSITIVE_INFINITY);
    }
  }

  /** Keeps the sender from sending. A value that was sent before can still be received. */
  close(): void {
    if (this.state !== LIVE) return;
    const { thread, object, lock } = this.share;
    const { memory } = thread;
    locked(thread, lock, () => {
      if (memory.read(object + CHANNEL_STATE) !== OPEN) return;
      memory.write(object + CHANNEL_STATE, CLOSED);
      tellAll(thread, object + RECEIVING, 0);
      tellAll(thread, object + CLOSING, 0);
    });
  }

  /** Whether no value is there to take: not sent, taken, or never to come. */
  get isEmpty(): boolean {
    return this.state !== LIVE || this.share.peek(CHANNEL_STATE) !== SENT;
  }

  /** Whether the value, or the error in its place, was delivered: polling again throws. */
  get isTerminated(): boolean {
    return this.state !== LIVE || this.share.peek(CHANNEL_STATE) === TAKEN;
  }

  /** Gives the receiver up: the channel closes, a value that was sent is dropped. */
  override [Symbol.dispose](): void {
    if (this.state !== LIVE) return;
    const { share } = this;
    this.state = DISPOSED;
    unwatch(this);
    this.stopWaiting();
    lose(share);
    share.half(RECEIVER_HALF, false);
    share.unuse();
  }

  // The wait ends, the channel stays: the receiver outlives a select it lost.
  override pollCancel(): Poll<void> {
    this.stopWaiting();
    return undefined;
  }

  override forceCancel(): void {
    this.stopWaiting();
  }

  private stopWaiting(): void {
    const { waiter } = this;
    this.waiter = null;
    if (waiter !== null) this.share.thread.leave(waiter);
  }

  /** @internal */
  open(method: string): Share {
    if (this.state !== LIVE) throw this.refusal(method);
    return this.share;
  }

  private refusal(method: string): DisposedError {
    const how = this.state === DISPOSED ? "disposed" : "sent away";
    return new DisposedError(`OneshotReceiver.${method}`, how);
  }

  /** @internal */
  beforeMove(): void {
    if (this.waiter !== null && !this.waiter.hasArrived) {
      throw new NotSendError("a OneshotReceiver cannot be sent to another thread while it is awaited here", "");
    }
    this.stopWaiting();
  }

  /** @internal */
  forgetUse(): void {
    unwatch(this);
  }

  override describe(): string {
    return "oneshot recv (nothing sent yet)";
  }
}

function lose(share: Share): void {
  const value = dropReceiver(share);
  if (value !== NONE) dropValue(share.thread, value);
}

/** @internal */
export const ONESHOT_RECEIVER = 23;

registerCrossing(
  OneshotReceiver.prototype,
  unique<OneshotReceiver<unknown>>(kind, (share) => new OneshotReceiver(share), ONESHOT_RECEIVER, RECEIVER_HALF, lose),
  import.meta.url,
);
