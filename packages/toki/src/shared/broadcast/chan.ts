/*
 * A shared broadcast channel: a ring of the values sent last, all under the channel's lock but for HOLDERS.
 *
 * Positions count the values ever sent; they take two words each, of 30 bits. TAIL is that of the next one; the ring holds those from TAIL - CAPACITY on, each at
 * its position modulo CAPACITY, a power of two. A slot has its value's block, and in REMAINING how many receivers have not read it:
 *
 *   write   REMAINING = RECEIVERS        whatever was in the slot is gone; a receiver that had not read it has lagged, and finds out by its position
 *   take    REMAINING - 1                by each receiver in turn, or on behalf of one that is no more. With the last the slot is empty
 *
 * Receivers read in order, so the LENGTH values that somebody has still to read are the last ones: what is written goes into a slot that has been read by all,
 * unless every slot waits for somebody.
 *
 * A listener is a block that a receiver has, in the list LISTENERS: AT, the position of the next value to read, and SHARE, that of its thread. It is with a thread
 * (SHARE is that thread's share of the channel), in a message under way (NONE), or of a receiver that was collected without having been disposed (NONE). When a
 * thread ends, its listeners are found by SHARE.
 *
 * Values are decoded after the unlock, by several threads at once if need be. HOLDERS of a value's block, which is atomic: the ring while the value is in a slot,
 * and everybody who has taken it and is not done. Whoever lets go last frees it.
 *
 *   in a slot -> HOLDERS + 1        take, under the lock
 *   in a slot -> as it is           take by the last receiver, which takes over what the ring has
 *   held      -> HOLDERS - 1        by who has taken it, or had it replaced, under no lock
 *
 * Only a slot gives out more holds, under the lock. So a count of 1 seen by who holds it, when it is in no slot, stays 1; while it is in one there are 2.
 *
 * What falls off under the lock, when listeners go, is kept in DROPPED until it can be freed: values may have handles in them, whose release takes other locks.
 *
 * A thread that is stopped while it decodes leaves its hold behind: the value's memory is lost, nothing else.
 */
import { classFor, MAX_BLOCK_WORDS } from "../../memory/arena.js";
import type { SharedMemory } from "../../memory/shared-memory.js";
import { slotsFor } from "../../sync/broadcast/capacity.js";
import { BROADCAST, defineKind } from "../kinds.js";
import { STRONG as HELD_STRONG, WEAK as HELD_WEAK, NONE, OWN, SMALL } from "../layout.js";
import { tellAll } from "../permits.js";
import { AFTER_SENDERS, CLOSING, FORGOTTEN, loseSenders, STRONG, tellReceivers, WEAK } from "../sender-counts.js";
import { Share } from "../share.js";
import type { SharedThread } from "../thread.js";
import { dropValue, VALUE_NEXT } from "../values.js";

const RING = OWN;
/** @internal */
export const CAPACITY = OWN + 1;
/** How many values somebody has still to read. @internal */
export const LENGTH = OWN + 2;
/** @internal */
export const RECEIVERS = OWN + 3;
/** @internal */
export const TAIL = OWN + 4;
const LISTENERS = OWN + 6;
const DROPPED = AFTER_SENDERS;

// A slot
const REMAINING = 1;
const SLOT_WORDS = 2;
/** The ring is one block. */
const MAX_SLOTS = MAX_BLOCK_WORDS / SLOT_WORDS;

// A listener
const NEXT = 0;
const PREV = 1;
const AT = 2;
const SHARE = 4;

/** Of the block of a value that is in no list. */
const HOLDERS = VALUE_NEXT;

/** `take`: values were missed, `skipped` of them. @internal */
export const LAGGED = -1;

/** @internal */
export const kind = defineKind({
  number: BROADCAST,
  blockClass: 1,
  passOn() {},
  abandon(thread, object, share) {
    const { memory } = thread;
    loseSenders(thread, object, memory.read(share + HELD_STRONG));
    memory.sub(object + WEAK, memory.read(share + HELD_WEAK));
    for (let listener = memory.read(object + LISTENERS); listener !== NONE; ) {
      const next = memory.read(listener + NEXT);
      if (memory.read(listener + SHARE) === share) {
        loseListener(thread, object, listener);
        thread.arena.free(listener, SMALL);
      }
      listener = next;
    }
  },
  destroy(thread, object) {
    const { memory, arena } = thread;
    dropList(thread, memory.read(object + DROPPED));
    for (let listener = memory.read(object + LISTENERS); listener !== NONE; ) {
      const next = memory.read(listener + NEXT);
      arena.free(listener, SMALL);
      listener = next;
    }
    const ring = memory.read(object + RING);
    if (ring === NONE) return;
    const tail = readPosition(memory, object + TAIL);
    for (let at = tail - memory.read(object + LENGTH); at < tail; at++) {
      const message = memory.read(slotAt(memory, object, at));
      if (message !== NONE) dropValue(thread, message);
    }
    arena.free(ring, classFor(memory.read(object + CAPACITY) * SLOT_WORDS));
  },
});

/**
 * A new channel with one sender, whose use of the share is counted.
 *
 * @throws InvalidArgumentError, OutOfMemoryError
 * @internal
 */
export function createChannel(where: string, capacity: number): Share {
  const slots = slotsFor(where, capacity, MAX_SLOTS);
  const share = Share.create(kind);
  const { thread, object } = share;
  const { memory } = thread;
  try {
    const words = slots * SLOT_WORDS;
    const ring = thread.arena.alloc(classFor(words));
    for (let i = 0; i < words; i++) memory.write(ring + i, 0);
    memory.write(object + RING, ring);
    memory.write(object + CAPACITY, slots);
    memory.write(object + STRONG, 1);
  } catch (error) {
    share.unuse();
    throw error;
  }
  return share;
}

/** A new listener of this thread, which hears what is sent from now on. @internal */
export function addListener({ thread, object, lock, block }: Share): number {
  const { memory } = thread;
  const listener = thread.arena.alloc(SMALL);
  lock.lock();
  const first = memory.read(object + LISTENERS);
  writePosition(memory, listener + AT, readPosition(memory, object + TAIL));
  memory.write(listener + SHARE, block);
  memory.write(listener + NEXT, first);
  memory.write(listener + PREV, NONE);
  if (first !== NONE) memory.write(first + PREV, listener);
  memory.write(object + LISTENERS, listener);
  memory.write(object + RECEIVERS, memory.read(object + RECEIVERS) + 1);
  lock.unlock();
  return listener;
}

/** A listener is with this thread from now on, or with none. @internal */
export function listenerIsWith({ thread, lock, block }: Share, listener: number, isHere: boolean): void {
  lock.lock();
  thread.memory.write(listener + SHARE, isHere ? block : NONE);
  lock.unlock();
}

/** @internal */
export function freeListener({ thread }: Share, listener: number): void {
  thread.arena.free(listener, SMALL);
}

// Under the lock

/** Of the last `take` that said LAGGED. @internal */
export let skipped = 0;

/** The value a listener has to read next, which the caller holds from now on; NONE if there is none, LAGGED if some were missed. @internal */
export function take(thread: SharedThread, object: number, listener: number): number {
  const { memory } = thread;
  const next = readPosition(memory, listener + AT);
  const tail = readPosition(memory, object + TAIL);
  if (next === tail) return NONE;
  const oldest = tail - memory.read(object + CAPACITY);
  if (next < oldest) {
    writePosition(memory, listener + AT, oldest);
    skipped = oldest - next;
    return LAGGED;
  }
  writePosition(memory, listener + AT, next + 1);
  return takeAt(thread, object, next);
}

function takeAt(thread: SharedThread, object: number, position: number): number {
  const { memory } = thread;
  const slot = slotAt(memory, object, position);
  const message = memory.read(slot);
  const left = memory.read(slot + REMAINING) - 1;
  memory.write(slot + REMAINING, left);
  if (left === 0) {
    memory.write(slot, NONE);
    memory.write(object + LENGTH, memory.read(object + LENGTH) - 1);
  } else memory.add(message + HOLDERS, 1);
  return message;
}

/** Sends to all receivers. Only when there is one. Gives the value that was in the way, or NONE: the caller lets go of it after the unlock. @internal */
export function write(thread: SharedThread, object: number, message: number): number {
  const { memory } = thread;
  const tail = readPosition(memory, object + TAIL);
  const slot = slotAt(memory, object, tail);
  const replaced = memory.read(slot);
  const length = memory.read(object + LENGTH);
  memory.write(message + HOLDERS, 1);
  memory.write(slot, message);
  memory.write(slot + REMAINING, memory.read(object + RECEIVERS));
  writePosition(memory, object + TAIL, tail + 1);
  if (length < memory.read(object + CAPACITY)) memory.write(object + LENGTH, length + 1);
  tellReceivers(thread, object);
  return replaced;
}

/** How many values a listener has not read. @internal */
export function unread(memory: SharedMemory, object: number, listener: number): number {
  return readPosition(memory, object + TAIL) - readPosition(memory, listener + AT);
}

/** A listener is no more; its block is the caller's. @internal */
export function loseListener(thread: SharedThread, object: number, listener: number): void {
  const { memory } = thread;
  const tail = readPosition(memory, object + TAIL);
  const oldest = tail - memory.read(object + CAPACITY);
  for (let at = Math.max(readPosition(memory, listener + AT), oldest); at < tail; at++) {
    const message = takeAt(thread, object, at);
    if (memory.sub(message + HOLDERS, 1) > 1) continue;
    memory.write(message + VALUE_NEXT, memory.read(object + DROPPED));
    memory.write(object + DROPPED, message);
  }
  const next = memory.read(listener + NEXT);
  const prev = memory.read(listener + PREV);
  if (next !== NONE) memory.write(next + PREV, prev);
  if (prev === NONE) memory.write(object + LISTENERS, next);
  else memory.write(prev + NEXT, next);
  const left = memory.read(object + RECEIVERS) - 1;
  memory.write(object + RECEIVERS, left);
  if (left === 0) tellAll(thread, object + CLOSING, 0);
}

/** What fell off, for `dropList` after the unlock. @internal */
export function takeDropped(memory: SharedMemory, object: number): number {
  const first = memory.read(object + DROPPED);
  if (first !== NONE) memory.write(object + DROPPED, NONE);
  return first;
}

// Not under the lock

/** @internal */
export function dropList(thread: SharedThread, first: number): void {
  for (let message = first; message !== NONE; ) {
    const next = thread.memory.read(message + VALUE_NEXT);
    dropValue(thread, message);
    message = next;
  }
}

/** Whether nobody else holds a value that the caller has taken, or will. @internal */
export function isOnlyHolder(thread: SharedThread, message: number): boolean {
  return thread.memory.load(message + HOLDERS) === 1;
}

/** @internal */
export function letGo(thread: SharedThread, message: number): void {
  if (thread.memory.sub(message + HOLDERS, 1) === 1) dropValue(thread, message);
}

/** For await trees: `3/32 unread, 2 senders`. @internal */
export function summary(share: Share, listener: number): string {
  const { thread, object, lock } = share;
  const { memory } = thread;
  lock.lock();
  const count = unread(memory, object, listener);
  lock.unlock();
  const strong = share.peek(STRONG);
  const forgotten = share.peek(FORGOTTEN);
  const senders = strong === 1 ? "1 sender" : `${strong} senders`;
  const lost = forgotten > 0 ? `, ${forgotten} of them forgotten` : "";
  return `${count}/${share.peek(CAPACITY)} unread, ${senders}${lost}`;
}

const LOW = 2 ** 30;

function readPosition(memory: SharedMemory, at: number): number {
  return memory.read(at + 1) * LOW + memory.read(at);
}

function writePosition(memory: SharedMemory, at: number, position: number): void {
  memory.write(at, position & (LOW - 1));
  memory.write(at + 1, Math.floor(position / LOW));
}

function slotAt(memory: SharedMemory, object: number, position: number): number {
  return memory.read(object + RING) + SLOT_WORDS * (position & (memory.read(object + CAPACITY) - 1));
}
