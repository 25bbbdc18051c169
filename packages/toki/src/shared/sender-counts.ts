/*
 * What the objects have in common that count their senders: mpsc and broadcast channels. Words 10 to 16 of the object; the others are the channel's own.
 *
 *   STRONG, WEAK   senders and weak senders not disposed, on any thread and in messages under way. Who has one adds more without the lock: STRONG never leaves 0
 *   FORGOTTEN      senders that were collected without having been disposed; they count in STRONG still
 *   RECEIVING      receivers that found nothing. Whatever may change their answer tells them all to look again; they are given nothing
 *   CLOSING        senders that wait for the end of the receiving side
 */
import { OWN } from "./layout.js";
import { tellAll } from "./permits.js";
import { QUEUE_WORDS } from "./queue.js";
import type { Share } from "./share.js";
import { type SharedThread, sharedThread } from "./thread.js";

/** @internal */
export const STRONG = OWN + 8;
/** @internal */
export const WEAK = STRONG + 1;
/** @internal */
export const FORGOTTEN = STRONG + 2;
/** @internal */
export const RECEIVING = STRONG + 3;
/** @internal */
export const CLOSING = RECEIVING + QUEUE_WORDS;
/** Where a channel may have more words of its own. @internal */
export const AFTER_SENDERS = CLOSING + QUEUE_WORDS;

// Under the lock

/** @internal */
export function tellReceivers(thread: SharedThread, object: number): void {
  tellAll(thread, object + RECEIVING, 0);
}

/** @internal */
export function loseSenders(thread: SharedThread, object: number, n: number): void {
  if (n === 0) return;
  // Who has a sender adds more without the lock: the count does not begin at 0 then.
  if (thread.memory.sub(object + STRONG, n) === n) tellReceivers(thread, object);
}

// Not under the lock

/** One more sender. @internal */
export function addSender(object: number): void {
  sharedThread().memory.add(object + STRONG, 1);
}

/** One sender less. @internal */
export function dropSender({ thread, object, lock }: Share): void {
  lock.lock();
  loseSenders(thread, object, 1);
  thread.unlock(lock);
}

/** One more weak sender. @internal */
export function addWeak(object: number): void {
  sharedThread().memory.add(object + WEAK, 1);
}

/** One weak sender less. @internal */
export function dropWeak({ thread, object }: Share): void {
  thread.memory.sub(object + WEAK, 1);
}
