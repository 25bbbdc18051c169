/*
 * The semaphore under Semaphore, Mutex and the bounded channel: permits, and a strictly fair queue for them. The words follow REFS in each of these
 * objects; all of it under the object's lock, but for a look from outside.
 *
 * Each permit is in one place: PERMITS (free), assigned to a waiter (ASKED - MISSING), or held by a thread (HELD of its share).
 *
 *   take      free -> held            only PERMITS counts: while somebody waits there are no free permits, so nobody can overtake
 *   join      free -> the waiter      a request that cannot be met takes all free permits and waits for the rest at the end of the queue
 *   give      held -> the oldest waiter, then the next, as many as each still needs; what is left becomes free
 *   passOn    the waiter -> as `give` a waiter that leaves passes on what was assigned to it, at any time
 *   settle    the waiter -> held      once it was told; unless the semaphore is closed by then: it fails, and passes on
 *   close     takes everybody out of the queue; who waited fails when it looks, passing on what it had
 *
 * Invariant: somebody is in the queue  =>  PERMITS is 0.
 */
import type { SharedLock } from "../memory/shared-lock.js";
import { ASKED, MISSING, NONE, OWN } from "./layout.js";
import { oldest, QUEUE_WORDS, remove } from "./queue.js";
import type { SharedThread } from "./thread.js";

/** How many permits there can be: what a word holds, with room for those that come back. @internal */
export const MAX_PERMITS = 2 ** 30 - 1;
const MOST = 2 ** 31 - 1;

/** @internal */
export const PERMITS = OWN;
/** @internal */
export const IS_CLOSED = OWN + 1;
/** @internal */
export const PERMIT_QUEUE = OWN + 2;
/** Where the words of an object that has permits go on. @internal */
export const AFTER_PERMITS = PERMIT_QUEUE + QUEUE_WORDS;

/** How a waiter was told: look again. @internal */
export const TOLD = 0;

/** Permits come back, or are new. @internal */
export function give(thread: SharedThread, object: number, n: number): void {
  const { memory } = thread;
  const queue = object + PERMIT_QUEUE;
  let left = n;
  for (let waiter = oldest(memory, queue); waiter !== NONE; waiter = oldest(memory, queue)) {
    const missing = memory.read(waiter + MISSING);
    if (missing > left) {
      memory.write(waiter + MISSING, missing - left);
      return;
    }
    left -= missing;
    memory.write(waiter + MISSING, 0);
    remove(memory, waiter);
    thread.tell(waiter, TOLD);
    if (left === 0) return;
  }
  memory.write(object + PERMITS, Math.min(MOST, memory.read(object + PERMITS) + left));
}

/** Takes `n` if they are free. @internal */
export function take(thread: SharedThread, object: number, n: number): boolean {
  const { memory } = thread;
  const free = memory.read(object + PERMITS);
  if (free < n) return false;
  memory.write(object + PERMITS, free - n);
  return true;
}

/** What a waiter that leaves has. @internal */
export function assigned(thread: SharedThread, waiter: number): number {
  return thread.memory.read(waiter + ASKED) - thread.memory.read(waiter + MISSING);
}

/** Ends it. False if it was closed. @internal */
export function closePermits(thread: SharedThread, object: number): boolean {
  const { memory } = thread;
  if (memory.read(object + IS_CLOSED) !== 0) return false;
  memory.store(object + IS_CLOSED, 1);
  tellAll(thread, object + PERMIT_QUEUE, TOLD);
  return true;
}

/** Takes everybody out of a queue, and tells them, oldest first. @internal */
export function tellAll(thread: SharedThread, queue: number, state: number): void {
  const { memory } = thread;
  for (let waiter = oldest(memory, queue); waiter !== NONE; waiter = oldest(memory, queue)) {
    remove(memory, waiter);
    thread.tell(waiter, state);
  }
}

/** Runs `change` under a lock. @internal */
export function locked<T>(thread: SharedThread, lock: SharedLock, change: () => T): T {
  lock.lock();
  const result = change();
  thread.unlock(lock);
  return result;
}
