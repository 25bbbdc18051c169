/*
 * What the halves of a broadcast channel share: a ring of the values sent last, and two counts.
 *
 * Positions count the values ever sent. `tail` is that of the next one; the ring holds those from `tail - capacity` on, each at its position modulo the
 * capacity, which is a power of two. A slot has its value, and in `remaining` how many receivers have not read it:
 *
 *   write   remaining = receivers          whatever was in the slot is gone; a receiver that had not read it has lagged, and finds out by its position
 *   read    remaining - 1                  by each receiver in turn, or by one that is disposed. With the last the value is let go
 *
 * Receivers read in order, so the `length` values that somebody has still to read are the last ones: what is written goes into a slot that has been read by all,
 * unless every slot waits for somebody.
 *
 * The ends. `strong`: senders not disposed. When none is left the channel has ended for its receivers, after what each has not read yet. It never
 * begins again: a sender is only made from another. `receivers`: without any, nothing can be sent; it is no end, since a sender makes new ones.
 *
 * Waking. `waiters` are the receivers that found nothing; each value and the end of the channel takes all of them out, first come, first woken. They are
 * told to look again, and given nothing. `closing` are the senders that wait for the last receiver to go.
 */
import { reportForgotten } from "../forgotten.js";
import { WaiterQueue } from "../waiter-queue.js";

/** The most slots: their numbers are what bitwise operators yield. @internal */
export const MAX_SLOTS = 2 ** 30;

/** @internal */
export class BroadcastChan<T> {
  readonly capacity: number;
  private readonly mask: number;
  private readonly values: (T | undefined)[] = [];
  private readonly remaining: number[] = [];
  tail: number;
  /** How many values somebody has still to read. */
  length: number;
  receivers: number;
  strong: number;
  weak: number;
  readonly waiters: WaiterQueue;
  readonly closing: WaiterQueue;
  /** Senders that were collected without having been disposed. */
  forgotten: number;

  /** @param capacity - a power of two */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.tail = 0;
    this.length = 0;
    this.receivers = 0;
    this.strong = 0;
    this.weak = 0;
    this.waiters = new WaiterQueue();
    this.closing = new WaiterQueue();
    this.forgotten = 0;
  }

  /** The position of the oldest value that can be there. */
  get oldest(): number {
    return Math.max(0, this.tail - this.capacity);
  }

  /** Sends to all receivers. Only when there is one. */
  write(value: T): void {
    const at = this.tail & this.mask;
    // The first time round the ring grows by pushes: an array made with its length is holey to V8, and slower to make and to read.
    if (at === this.values.length) {
      this.values.push(value);
      this.remaining.push(this.receivers);
    } else {
      this.values[at] = value;
      this.remaining[at] = this.receivers;
    }
    this.tail++;
    if (this.length < this.capacity) this.length++;
    if (this.waiters.oldest !== null) this.waiters.release(0);
  }

  /** On behalf of one receiver that has not read it, the value at a position that the ring holds. */
  read(position: number): T {
    const at = position & this.mask;
    const value = this.values[at] as T;
    const left = (this.remaining[at] as number) - 1;
    this.remaining[at] = left;
    if (left === 0) {
      this.values[at] = undefined;
      this.length--;
    }
    return value;
  }

  /** A receiver that had come to `position` is gone. */
  dropReceiver(position: number): void {
    for (let at = Math.max(position, this.oldest); at < this.tail; at++) this.read(at);
    if (--this.receivers === 0) this.closing.release(0);
  }

  dropSender(): void {
    if (--this.strong === 0) this.waiters.release(0);
  }

  /** A sender was collected. */
  onForgotten(): void {
    this.forgotten++;
    if (!this.waiters.isEmpty) this.reportForgotten();
  }

  /** Says why a receiver that waits may do so for ever. */
  reportForgotten(): void {
    reportForgotten("broadcast", "BroadcastSender");
  }

  /** For await trees: `3/32 unread, 2 senders`. */
  summary(unread: number): string {
    const senders = this.strong === 1 ? "1 sender" : `${this.strong} senders`;
    const forgotten = this.forgotten > 0 ? `, ${this.forgotten} of them forgotten` : "";
    return `${unread}/${this.capacity} unread, ${senders}${forgotten}`;
  }
}
