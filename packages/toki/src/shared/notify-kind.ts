/*
 * A shared Notify: whether a notification waits for somebody to come, how often all were notified, and who waits.
 */
import { defineKind, NOTIFY } from "./kinds.js";
import { NONE, OWN, STATE } from "./layout.js";
import { newest, oldest, remove } from "./queue.js";
import type { SharedThread } from "./thread.js";

/** @internal */
export const HAS_PERMIT = OWN;
/** @internal */
export const GENERATION = OWN + 1;
/** @internal */
export const NOTIFY_QUEUE = OWN + 2;

/** STATE of a waiter that was told, by which call. @internal */
export const NOTIFIED_ALL = 0;
/** @internal */
export const NOTIFIED_ONE = -1;
/** @internal */
export const NOTIFIED_LAST = -2;

/** Under the lock: tells the oldest or the newest, or keeps the notification for the next to come. @internal */
export function notify(thread: SharedThread, object: number, how: number): void {
  const { memory } = thread;
  const queue = object + NOTIFY_QUEUE;
  const waiter = how === NOTIFIED_ONE ? oldest(memory, queue) : newest(memory, queue);
  if (waiter === NONE) memory.write(object + HAS_PERMIT, 1);
  else {
    remove(memory, waiter);
    thread.tell(waiter, how);
  }
}

/** @internal */
export const kind = defineKind({
  number: NOTIFY,
  blockClass: 0,
  passOn(thread, object, waiter) {
    const how = thread.memory.read(waiter + STATE);
    if (how < NOTIFIED_ALL) notify(thread, object, how);
  },
  abandon() {},
  destroy() {},
});
