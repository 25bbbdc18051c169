/*
 * A shared oneshot channel. STATE, and who changes it, under the lock:
 *
 *   OPEN     nothing sent           -> SENT (send), GONE (sender disposed), CLOSED (close), TAKEN (receiver disposed)
 *   SENT     VALUE is there         -> TAKEN (poll, tryRecv, receiver disposed: the value is dropped)
 *   GONE     sender disposed        -> TAKEN, by the poll or tryRecv that reports it
 *   CLOSED   closed while OPEN      -> TAKEN, likewise
 *   TAKEN    the end: the value or its absence was delivered
 *
 * Sends succeed in OPEN alone. The sender side counts as closed in GONE, CLOSED and TAKEN. RECEIVING has the receiver's wait, CLOSING those of the sender's side;
 * who changes STATE tells them.
 */
import { defineKind, ONESHOT } from "../kinds.js";
import { HALVES, NONE, OWN } from "../layout.js";
import { locked, tellAll } from "../permits.js";
import type { Share } from "../share.js";
import type { SharedThread } from "../thread.js";
import { dropAt } from "../values.js";

export const OPEN = 0;
export const SENT = 1;
export const GONE = 2;
export const CLOSED = 3;
export const TAKEN = 4;

/** @internal */
export const CHANNEL_STATE = OWN;
/** @internal */
export const VALUE = OWN + 1;
/** @internal */
export const RECEIVING = OWN + 2;
/** @internal */
export const CLOSING = OWN + 4;

/** Which halves of it a thread has. @internal */
export const SENDER_HALF = 1;
/** @internal */
export const RECEIVER_HALF = 2;

/** @internal */
export const kind = defineKind({
  number: ONESHOT,
  blockClass: 0,
  passOn() {},
  abandon(thread, object, share) {
    const halves = thread.memory.read(share + HALVES);
    if ((halves & SENDER_HALF) !== 0) loseSender(thread, object);
    if ((halves & RECEIVER_HALF) !== 0) loseReceiver(thread, object);
  },
  destroy: dropAt(VALUE),
});

function loseSender(thread: SharedThread, object: number): void {
  const { memory } = thread;
  if (memory.read(object + CHANNEL_STATE) !== OPEN) return;
  memory.write(object + CHANNEL_STATE, GONE);
  tellAll(thread, object + RECEIVING, 0);
  tellAll(thread, object + CLOSING, 0);
}

/** The value, if there is one, stays until the object goes. */
function loseReceiver(thread: SharedThread, object: number): void {
  thread.memory.write(object + CHANNEL_STATE, TAKEN);
  tellAll(thread, object + CLOSING, 0);
  tellAll(thread, object + RECEIVING, 0);
}

/** The sender is disposed. @internal */
export function dropSender({ thread, object, lock }: Share): void {
  locked(thread, lock, () => loseSender(thread, object));
}

/** The receiver is disposed, or has delivered what it had: gives the block of a value that nobody has taken. @internal */
export function dropReceiver({ thread, object, lock }: Share): number {
  const { memory } = thread;
  return locked(thread, lock, () => {
    const value = memory.read(object + VALUE);
    memory.write(object + VALUE, NONE);
    loseReceiver(thread, object);
    return value;
  });
}
