/*
 * What the halves of an mpsc channel share.
 *
 * Slots. A bounded channel is a semaphore of `capacity` permits. Each slot is free, assigned to a sender that waits, held by a permit, or under a
 * message in the ring:
 *
 *   capacity === permits + assigned + held + messages.length
 *
 *   send, reserve   free -> held -> (a message) in the ring            whoever holds a slot may always send
 *   recv            in the ring -> free or assigned to the next sender that waits
 *
 * An unbounded channel has no slots: capacity and permits are 0 and stay so.
 *
 * The end. `closed`: the receiver was closed or disposed; sends and reservations that hold no slot fail. `strong`: senders not disposed, owned permits
 * included. The channel has ended, and recv says so, when it is closed or has no sender, the ring is empty and all slots are free: as long as
 * a slot is held, a message may still come.
 *
 * Waking the receiver. `rxWaker` is set by a poll of the receiving side that found nothing. Whatever may change its answer wakes it: a message, and
 * each step towards the end (last sender gone, close, a slot given back in a channel that is closed or without senders).
 *
 * `receiving` is the future whose waker that is; null for pollRecv.
 */
import type { Future } from "../../future/future.js";
import type { Waker } from "../../future/waker.js";
import { BatchSemaphore } from "../batch-semaphore.js";
import { reportForgotten } from "../forgotten.js";
import { WaiterQueue } from "../waiter-queue.js";
import { Ring } from "./ring.js";

/** @internal */
export class Chan<T> extends BatchSemaphore {
  readonly capacity: number;
  readonly messages: Ring<T>;
  strong: number;
  weak: number;
  rxWaker: Waker | null;
  receiving: Future<unknown> | null;
  /** The receiver was disposed: a message would never be taken. */
  abandoned: boolean;
  /** Who waits for the receiver to close. */
  readonly closing: WaiterQueue;
  /** Senders that were collected without having been disposed. */
  forgotten: number;

  constructor(capacity: number) {
    super(capacity);
    this.capacity = capacity;
    this.messages = new Ring<T>();
    this.strong = 0;
    this.weak = 0;
    this.rxWaker = null;
    this.receiving = null;
    this.abandoned = false;
    this.closing = new WaiterQueue();
    this.forgotten = 0;
  }

  get isBounded(): boolean {
    return this.capacity > 0;
  }

  /** Whether nothing can come any more. */
  get hasEnded(): boolean {
    return (this.closed || this.strong === 0) && this.messages.length === 0 && this.permits === this.capacity;
  }

  /** Delivers a message whose slot the caller holds. */
  deliver(message: T): void {
    if (this.abandoned) {
      if (this.capacity > 0) this.give(1);
      return;
    }
    this.messages.push(message);
    if (this.rxWaker !== null) this.wakeReceiver();
  }

  /** The oldest message; its slot becomes free. Only when there is one. */
  take(): T {
    const message = this.messages.shift();
    if (this.waiters.oldest !== null) this.give(1);
    else if (this.capacity > 0) this.permits++;
    return message;
  }

  override give(n: number): void {
    super.give(n);
    if (this.rxWaker !== null && this.hasEnded) this.wakeReceiver();
  }

  wakeReceiver(): void {
    const waker = this.rxWaker;
    this.rxWaker = null;
    this.receiving = null;
    if (waker !== null) waker.wake();
  }

  dropSender(): void {
    if (--this.strong === 0) this.wakeReceiver();
  }

  /** Stops sends and reservations. */
  override close(): void {
    if (this.closed) return;
    super.close();
    this.closing.release(0);
    this.wakeReceiver();
  }

  /** The receiver is gone: drops the messages. */
  abandon(): void {
    if (this.abandoned) return;
    this.abandoned = true;
    const dropped = this.messages.length;
    this.messages.clear();
    this.close();
    if (this.capacity > 0 && dropped > 0) this.give(dropped);
    this.wakeReceiver();
  }

  /** A sender was collected. */
  onForgotten(): void {
    this.forgotten++;
    if (this.rxWaker !== null) this.reportForgotten();
  }

  /** Says why a receiver that waits may do so for ever. */
  reportForgotten(): void {
    if (!this.closed) reportForgotten("mpsc", this.isBounded ? "Sender" : "UnboundedSender");
  }

  /** For await trees: `3/32 queued, 2 senders`. */
  summary(): string {
    const { length } = this.messages;
    const queued = this.capacity > 0 ? `${length}/${this.capacity}` : String(length);
    const senders = this.strong === 1 ? "1 sender" : `${this.strong} senders`;
    const forgotten = this.forgotten > 0 ? `, ${this.forgotten} of them forgotten` : "";
    return `${queued} queued, ${senders}${forgotten}${this.closed ? ", closed" : ""}`;
  }
}
