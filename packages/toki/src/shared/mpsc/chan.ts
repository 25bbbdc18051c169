/*
 * A shared mpsc channel: a semaphore of slots (permits.ts) and a list of messages (values.ts), all under the channel's lock.
 *
 * Slots. Of the CAPACITY slots of a bounded channel each is free, assigned to a sender that waits, held by a permit (HELD of its thread's share), or
 * under a message in the list:
 *
 *   CAPACITY === PERMITS + assigned + held + LENGTH
 *
 *   send, reserve   free -> held -> (a message) in the list            whoever holds a slot may always send
 *   recv            in the list -> free or assigned to the next sender that waits
 *
 * An unbounded channel has no slots: CAPACITY and PERMITS are 0 and stay so.
 *
 * The end. IS_CLOSED: the receiver was closed or disposed; sends and reservations that hold no slot fail. STRONG: senders not disposed, on any thread and in
 * messages under way, owned permits included. The channel has ended, and recv says so, when it is closed or has no sender, the list is empty and all
 * slots are free: as long as a slot is held, a message may still come.
 *
 * Waking the receiver. RECEIVING has its wait, if its last look found nothing. Whatever may change the answer tells it: a message, and each step towards the
 * end (last sender gone, close, a slot given back in a channel that is closed or without senders). It is told to look again, and is given nothing:
 * a receiver that is dropped, or dies, has lost no message.
 */
import { defineKind, MPSC } from "../kinds.js";
import { HALVES, HELD, STRONG as HELD_STRONG, WEAK as HELD_WEAK, NONE, QUEUE } from "../layout.js";
import { AFTER_PERMITS, assigned, closePermits, give, IS_CLOSED, PERMIT_QUEUE, PERMITS, tellAll } from "../permits.js";
import { lengthOf, oldest } from "../queue.js";
import {
  AFTER_SENDERS,
  CLOSING,
  FORGOTTEN,
  loseSenders,
  RECEIVING,
  STRONG,
  tellReceivers,
  WEAK,
} from "../sender-counts.js";
import type { Share } from "../share.js";
import type { SharedThread } from "../thread.js";
import { dropValue, VALUE_NEXT } from "../values.js";

/** @internal */
export const CAPACITY = AFTER_PERMITS;
const HEAD = AFTER_PERMITS + 1;
const TAIL = AFTER_PERMITS + 2;
/** @internal */
export const LENGTH = AFTER_PERMITS + 3;
/** The receiver was disposed: a message would never be taken. @internal */
export const IS_ABANDONED = AFTER_SENDERS;

/** The thread has the receiver. @internal */
export const RECEIVER_HALF = 1;

/** @internal */
export const kind = defineKind({
  number: MPSC,
  blockClass: 1,
  passOn(thread, object, waiter) {
    if (thread.memory.read(waiter + QUEUE) === object + PERMIT_QUEUE)
      giveSlots(thread, object, assigned(thread, waiter));
  },
  give: giveSlots,
  abandon(thread, object, share) {
    const { memory } = thread;
    giveSlots(thread, object, memory.read(share + HELD));
    loseSenders(thread, object, memory.read(share + HELD_STRONG));
    memory.sub(object + WEAK, memory.read(share + HELD_WEAK));
    if ((memory.read(share + HALVES) & RECEIVER_HALF) !== 0) loseReceiver(thread, object);
  },
  destroy: dropMessages,
});

// Under the lock

/** Whether nothing can come any more. @internal */
export function hasEnded(thread: SharedThread, object: number): boolean {
  const { memory } = thread;
  return (
    memory.read(object + LENGTH) === 0 &&
    (memory.read(object + STRONG) === 0 || memory.read(object + IS_CLOSED) !== 0) &&
    memory.read(object + PERMITS) === memory.read(object + CAPACITY)
  );
}

/** Slots come back. @internal */
export function giveSlots(thread: SharedThread, object: number, n: number): void {
  if (n > 0) give(thread, object, n);
  if (oldest(thread.memory, object + RECEIVING) !== NONE && hasEnded(thread, object)) tellReceivers(thread, object);
}

/** Delivers a message whose slot the caller has. False if nobody will take it: the caller drops it after the unlock. @internal */
export function deliver(thread: SharedThread, object: number, message: number): boolean {
  const { memory } = thread;
  if (memory.read(object + IS_ABANDONED) !== 0) {
    if (memory.read(object + CAPACITY) > 0) giveSlots(thread, object, 1);
    return false;
  }
  const length = memory.read(object + LENGTH);
  memory.write(message + VALUE_NEXT, NONE);
  if (length === 0) memory.write(object + HEAD, message);
  else memory.write(memory.read(object + TAIL) + VALUE_NEXT, message);
  memory.write(object + TAIL, message);
  memory.write(object + LENGTH, length + 1);
  if (oldest(memory, object + RECEIVING) !== NONE) tellReceivers(thread, object);
  return true;
}

/** The oldest message; its slot becomes free. NONE if there is none. @internal */
export function takeMessage(thread: SharedThread, object: number): number {
  const { memory } = thread;
  const length = memory.read(object + LENGTH);
  if (length === 0) return NONE;
  const message = memory.read(object + HEAD);
  memory.write(object + HEAD, memory.read(message + VALUE_NEXT));
  memory.write(object + LENGTH, length - 1);
  if (memory.read(object + CAPACITY) > 0) give(thread, object, 1);
  return message;
}

/** Stops sends and reservations. @internal */
export function close(thread: SharedThread, object: number): void {
  if (!closePermits(thread, object)) return;
  tellAll(thread, object + CLOSING, 0);
  tellReceivers(thread, object);
}

/** The receiver is gone; the messages stay in the list until the channel goes, their slots do not. */
function loseReceiver(thread: SharedThread, object: number): void {
  const { memory } = thread;
  if (memory.read(object + IS_ABANDONED) !== 0) return;
  memory.write(object + IS_ABANDONED, 1);
  const dropped = memory.read(object + LENGTH);
  memory.write(object + LENGTH, 0);
  close(thread, object);
  if (memory.read(object + CAPACITY) > 0) giveSlots(thread, object, dropped);
  tellReceivers(thread, object);
}

// Not under the lock

/** The receiver was disposed. @internal */
export function abandon(share: Share): void {
  const { thread, object, lock } = share;
  lock.lock();
  loseReceiver(thread, object);
  const first = takeList(thread, object);
  thread.unlock(lock);
  dropList(thread, first);
}

/** Nobody has the channel. */
function dropMessages(thread: SharedThread, object: number): void {
  dropList(thread, takeList(thread, object));
}

function takeList(thread: SharedThread, object: number): number {
  const { memory } = thread;
  const first = memory.read(object + HEAD);
  memory.write(object + HEAD, NONE);
  return first;
}

function dropList(thread: SharedThread, first: number): void {
  for (let message = first; message !== NONE; ) {
    const next = thread.memory.read(message + VALUE_NEXT);
    dropValue(thread, message);
    message = next;
  }
}

/** For await trees: `3/32 queued, 2 senders`; then how many wait to send. @internal */
export function summary(share: Share): { readonly text: string; readonly waiting: number } {
  if (!share.isLive) return { text: "disposed", waiting: 0 };
  const { thread, object, lock } = share;
  const { memory } = thread;
  lock.lock();
  const [length, capacity, strong] = [LENGTH, CAPACITY, STRONG].map((word) => memory.read(object + word)) as [
    number,
    number,
    number,
  ];
  const forgotten = memory.read(object + FORGOTTEN);
  const isClosed = memory.read(object + IS_CLOSED) !== 0;
  const waiting = lengthOf(memory, object + PERMIT_QUEUE);
  lock.unlock();
  const queued = capacity > 0 ? `${length}/${capacity}` : String(length);
  const senders = strong === 1 ? "1 sender" : `${strong} senders`;
  const lost = forgotten > 0 ? `, ${forgotten} of them forgotten` : "";
  return { text: `${queued} queued, ${senders}${lost}${isClosed ? ", closed" : ""}`, waiting };
}
