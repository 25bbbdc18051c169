/*
 * Where things are in the arena. Positions count 32-bit words from the start of the buffer.
 *
 *   0                      FRONTIER (atomic): the first word that was never part of a block
 *   1                      GROWTH: the lock of whoever makes the buffer longer
 *   2                      IN_USE (atomic): blocks in use, less those that the slots' own counters know of
 *   3                      NEXT_ID (atomic): the ranges of task ids given out
 *   4                      FUNCTIONS_LOCK, 5 FUNCTIONS_COUNT, 6 FUNCTIONS_TABLE: runtime/scheduler/multi-thread/function-table.ts
 *   16 + 16 * class        the free list of a class of blocks: LOCK, HEAD (by its holder), COUNT (by its holder)
 *   SLOTS + 80 * slot      the slot of a thread
 *   BLOCKS                 blocks
 */

/** @internal */
export const FRONTIER = 0;
/** @internal */
export const GROWTH = 1;
/** @internal */
export const IN_USE = 2;
/** @internal */
export const NEXT_ID = 3;
/** @internal */
export const FUNCTIONS = 4;

/** A block of class k has `16 << k` words: 64 bytes to 1 MiB. @internal */
export const CLASSES = 15;
/** @internal */
export const BLOCK_WORDS = 16;
/** @internal */
export const FREE_LISTS = 16;
/** @internal */
export const FREE_LIST_WORDS = 16;

/** @internal */
export const SLOTS = FREE_LISTS + FREE_LIST_WORDS * CLASSES;
/** @internal */
export const SLOT_WORDS = 80;
/** How many threads may use an arena at once. @internal */
export const MAX_SLOTS = 1024;
/** @internal */
export const BLOCKS = SLOTS + SLOT_WORDS * MAX_SLOTS;

/*
 * A slot, in words from its base. STATE, BELL and MAIL are atomic; the rest is touched by the slot's thread alone, except PARKER*, which that thread writes
 * before it stores BELL, and others read after they loaded BELL. When the thread is no more, who clears up after it reads HELD and the caches.
 */
/** 0: free; 1: taken by a thread that began by itself; 2 and the slot of the thread that has started its thread. @internal */
export const SLOT_STATE = 0;
/** See mailbox.ts. @internal */
export const BELL = 1;
/** Where the `Idle` of the slot's runtime is, how many workers it has, and which of them the slot is. @internal */
export const PARKER = 2;
/** @internal */
export const PARKER_WORKERS = 3;
/** @internal */
export const PARKER_INDEX = 4;
/** A worker's LIFO slot: the number of a record, or 0. The worker's alone while it lives; then whoever sees to what it left. @internal */
export const LIFO = 5;
/** What a worker has said when it was quiet, or 0: see quiet.ts. Written by the worker. @internal */
export const QUIET = 6;
/** How many blocking threads a worker has, of those that its runtime may have (control.ts). Written by the worker; then by whoever sees to what it left. @internal */
export const BLOCKING_THREADS = 7;
/** The head of the list of mail. @internal */
export const MAIL = 16;
/** What of shared objects the thread has: a list, touched by the slot's thread alone, and when that has ended by whoever clears up. See shared/thread.ts. @internal */
export const OWNED = 17;
/** The slot's own free blocks: head and count for each class, and how many blocks it took less those it gave back. @internal */
export const CACHE_HEAD = 32;
/** @internal */
export const CACHE_COUNT = CACHE_HEAD + CLASSES;
/** @internal */
export const CACHE_IN_USE = CACHE_COUNT + CLASSES;

/** The locks that the thread has or waits for, outermost first, as `SharedLock.entry`; then zeros. @internal */
export const HELD = 64;
/** How many locks a thread may have at once. @internal */
export const MAX_HELD = 8;

/** The base of a slot. @internal */
export function slotBase(slot: number): number {
  return SLOTS + SLOT_WORDS * slot;
}
