/*
 *   IDLE       no slot: `sender` is ours to reserve with
 *   ACQUIRING  `reserving` is the request in line
 *   READY      `permit` is a slot, and has the sender
 *   CLOSED     no slot will be had any more: close() was called, or the receiver is gone
 *
 *   IDLE -> ACQUIRING -> READY -> IDLE      pollReserve, sendItem
 *   ACQUIRING, READY -> IDLE                abortSend
 *   IDLE, ACQUIRING -> CLOSED               close, or the receiver is gone
 *   READY -> READY and `isClosing` -> CLOSED    close: the slot may still be sent into
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { SendError } from "../sync/error.js";
import { PollSendError } from "./poll-send-error.js";

const IDLE = 0;
const ACQUIRING = 1;
const READY = 2;
const CLOSED = 3;

/** A reserved slot that owns its sender: an `OwnedPermit` of `toki/sync` or `toki/shared`. */
export interface SlotPermit<T, S> extends Disposable {
  /** Sends into the slot, and hands the sender back. */
  send(value: T): S;
  /** Gives the slot back, and hands the sender back. */
  release(): S;
}

/** What a {@link PollSender} needs of a sender: that of a bounded channel of `toki/sync` has it, and that of `toki/shared`. */
export interface SlotSender<T> extends Disposable {
  /**
   * Waits in line for a slot.
   *
   * **Cancel safety**: loses its place; the sender stays as it is.
   */
  reserveOwned(): Future<SlotPermit<T, SlotSender<T>>>;
}

/**
 * The sender of a bounded channel with a `poll` instead of a future, for hand-written futures: reserve a slot with {@link PollSender.pollReserve}, then send
 * into it with {@link PollSender.sendItem}.
 *
 * It owns the sender, and closes it with itself.
 *
 * @typeParam T - the messages
 *
 * @example
 * ```ts
 * import { Context, Pending, Waker } from "toki";
 * import { mpsc } from "toki/sync";
 * import { PollSender } from "toki/util";
 *
 * const [tx, rx] = mpsc.channel<string>(1);
 * using sender = new PollSender(tx);
 * const cx = Context.fromWaker(Waker.noop);
 * if (sender.pollReserve(cx) !== Pending) sender.sendItem("hello");
 * console.log(rx.tryRecv(), sender.pollReserve(cx) === Pending); // hello false
 * ```
 */
export class PollSender<T> implements Disposable {
  private state = IDLE;
  private isClosing = false;
  private readonly sender: SlotSender<T>;
  private reserving: Future<SlotPermit<T, SlotSender<T>>> | null = null;
  private permit: SlotPermit<T, SlotSender<T>> | null = null;

  /**
   * @param sender - of a bounded channel
   * @throws InvalidArgumentError if it is none
   */
  constructor(sender: SlotSender<T>) {
    if (typeof sender?.reserveOwned !== "function") {
      throw invalidArgument("PollSender", "sender", "a Sender of a bounded channel", sender);
    }
    this.sender = sender;
  }

  /** Whether it was closed, or has found the channel closed. */
  get isClosed(): boolean {
    return this.isClosing || this.state === CLOSED;
  }

  /** The sender; undefined once it was closed. Not to be sent with while a slot is reserved, which has it. */
  get inner(): SlotSender<T> | undefined {
    return this.isClosed ? undefined : this.sender;
  }

  /**
   * Reserves a slot. When the answer is `Pending`, the context's waker is woken once it is worth asking again. Does nothing if a slot is reserved already.
   *
   * @param cx - carries the waker
   * @returns undefined once a slot is reserved, or `Pending`
   * @throws PollSendError, without a value, if it or the channel is closed
   */
  pollReserve(cx: Context): Poll<void> {
    if (this.state === READY) return undefined;
    if (this.state === CLOSED) throw new PollSendError<T>(undefined);
    if (this.reserving === null) {
      this.reserving = this.sender.reserveOwned();
      this.state = ACQUIRING;
    }
    let permit: Poll<SlotPermit<T, SlotSender<T>>>;
    try {
      permit = this.reserving.poll(cx);
    } catch (error) {
      this.reserving = null;
      this.end();
      if (error instanceof SendError) throw new PollSendError<T>(undefined);
      throw error;
    }
    if (permit === Pending) return Pending;
    this.reserving = null;
    this.permit = permit;
    this.state = READY;
    return undefined;
  }

  /**
   * Sends into the slot that was reserved.
   *
   * @param value - the message
   * @throws PollSendError, with the value, if it or the channel was found closed; Error without a reserved slot
   */
  sendItem(value: T): void {
    if (this.state === CLOSED) throw new PollSendError<T>(value);
    if (this.state !== READY) throw new Error("PollSender.sendItem: no slot is reserved; ask pollReserve first");
    const permit = this.permit as SlotPermit<T, SlotSender<T>>;
    permit.send(value); // may refuse the value: the slot is kept then
    this.permit = null;
    this.state = IDLE;
    if (this.isClosing) this.end();
  }

  /**
   * Gives up a slot that was reserved, or is being waited for.
   *
   * @returns whether there was one
   */
  abortSend(): boolean {
    const { reserving, permit } = this;
    if (reserving === null && permit === null) return false;
    this.reserving = null;
    this.permit = null;
    this.state = IDLE;
    reserving?.[Symbol.dispose]();
    permit?.release();
    if (this.isClosing) this.end();
    return true;
  }

  /** Ends it: no slot is reserved any more. One that is reserved may still be sent into; its sender is disposed after that, or else at once. */
  close(): void {
    if (this.isClosed) return;
    this.isClosing = true;
    if (this.state === READY) return;
    const { reserving } = this;
    this.reserving = null;
    reserving?.[Symbol.dispose]();
    this.end();
  }

  private end(): void {
    this.state = CLOSED;
    this.sender[Symbol.dispose]();
  }

  /** Closes it, and gives up a slot that was reserved. */
  [Symbol.dispose](): void {
    this.close();
    this.abortSend();
  }
}
