/*
 * A shared watch channel: a value, and its version. All under the lock, but for the counts.
 *
 *   VALUE       the value; never NONE, once the channel is there
 *   VERSION     one more each time the receivers are to notice. A receiver has the version it has seen. It may wrap around
 *   WRITES      one more each time VALUE is another, noticed or not: a modification is made outside of the lock, on a copy, and takes effect only if nobody has
 *               written meanwhile
 *   SENDERS     handles on any thread, and in messages under way. At 0 the channel has ended, for good
 *   RECEIVERS   likewise. At 0 the channel counts as closed, until a sender makes another receiver
 *
 * Counts are changed atomically: who adds to one without the lock has a handle of that kind, or does not mind that there was none. CHANGING has those who wait
 * for a version, CLOSING those who wait for the receivers to go. They are told, and look again: a wait has been given nothing.
 */
import type { SharedMemory } from "../../memory/shared-memory.js";
import { reentrant } from "../../sync/watch/state.js";
import { defineKind, WATCH } from "../kinds.js";
import { WEAK as HELD_RECEIVERS, STRONG as HELD_SENDERS, OWN } from "../layout.js";
import { tellAll } from "../permits.js";
import type { Share } from "../share.js";
import { type SharedThread, sharedThread } from "../thread.js";
import { copyValue, dropAt, makeValue } from "../values.js";

/** @internal */
export const VALUE = OWN;
/** @internal */
export const VERSION = OWN + 1;
/** @internal */
export const WRITES = OWN + 2;
/** @internal */
export const SENDERS = OWN + 3;
/** @internal */
export const RECEIVERS = OWN + 4;
/** Senders that were collected without having been disposed. @internal */
export const FORGOTTEN = OWN + 5;
/** @internal */
export const CHANGING = OWN + 6;
/** @internal */
export const CLOSING = OWN + 8;

/** STATE of a wait that was told: there is a new version; the senders, or the receivers, are gone. @internal */
export const CHANGED = 0;
/** @internal */
export const ENDED = -1;

/** @internal */
export { HELD_RECEIVERS, HELD_SENDERS };

/** @internal */
export const kind = defineKind({
  number: WATCH,
  blockClass: 0,
  passOn() {},
  abandon(thread, object, share) {
    lose(thread, object, SENDERS, thread.memory.read(share + HELD_SENDERS));
    lose(thread, object, RECEIVERS, thread.memory.read(share + HELD_RECEIVERS));
  },
  destroy: dropAt(VALUE),
});

/** One more sender or receiver. @internal */
export function addTo(count: number): (object: number) => void {
  return (object) => {
    sharedThread().memory.add(object + count, 1);
  };
}

/** One sender or receiver less. @internal */
export function takeFrom(count: number): (share: Share) => void {
  return ({ thread, object, lock }) => {
    lock.lock();
    lose(thread, object, count, 1);
    thread.unlock(lock);
  };
}

/** Under the lock. */
function lose(thread: SharedThread, object: number, count: number, n: number): void {
  if (n === 0 || thread.memory.sub(object + count, n) !== n) return;
  tellAll(thread, object + (count === SENDERS ? CHANGING : CLOSING), ENDED);
}

/** A copy of the value, and which it is. @internal */
export interface Snapshot {
  readonly value: unknown;
  readonly version: number;
  readonly writes: number;
}

/** @internal */
export function look(share: Share, where: string): Snapshot {
  const { thread, object, lock } = share;
  const { memory } = thread;
  refuseReentrance(object, where);
  lock.lock();
  const words = copyValue(thread, memory.read(object + VALUE));
  const version = memory.read(object + VERSION);
  const writes = memory.read(object + WRITES);
  lock.unlock();
  return { value: makeValue(thread, words), version, writes };
}

/** Under the lock: another value. @returns the one from before @internal */
export function write(thread: SharedThread, object: number, value: number, isNew: boolean): number {
  const { memory } = thread;
  const before = memory.read(object + VALUE);
  // One atomic store: a thread that dies leaves the one value or the other.
  memory.store(object + VALUE, value);
  increment(memory, object + WRITES);
  if (isNew) {
    increment(memory, object + VERSION);
    tellAll(thread, object + CHANGING, CHANGED);
  }
  return before;
}

/** Atomically, for those who look at the version without the lock. */
function increment(memory: SharedMemory, word: number): void {
  memory.store(word, (memory.read(word) + 1) | 0);
}

/** The channels that a function of the program modifies now, on this thread. */
const modified = new Set<number>();

/** Refuses to touch the value of a channel that is modified on this thread. @internal */
export function refuseReentrance(object: number, where: string): void {
  if (modified.has(object)) throw reentrant(where);
}

/** Runs a function of the program that modifies the value of a channel. @internal */
export function modifying<R>(object: number, run: () => R): R {
  modified.add(object);
  try {
    return run();
  } finally {
    modified.delete(object);
  }
}
