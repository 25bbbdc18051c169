/*
 * What shared objects are made of: blocks of the arena. Positions count words from the start of a block.
 *
 *   an object     the thing itself. Words below, then what its kind has
 *   a share       one for each thread and object: what this thread has of it. On the list of its slot (OWNED), so that it can be cleared up when the thread
 *                 has ended
 *   a waiter      one for each wait: in a queue of the object, and on the list of its slot
 *
 *   who may touch what
 *   LOCK, REFS                      any thread, atomically
 *   the rest of an object           the holder of LOCK
 *   NEXT, PREV, and a share's words the thread that has the slot; after its end, who clears up
 *   STATE, MISSING, OLDER, NEWER    of a waiter: the holder of the object's LOCK. Once STATE is not QUEUED nobody changes it
 *   TOLD_NEXT                       the thread that told it, until it has delivered that
 *   SIGNAL                          atomically: see waiter.ts
 *   TELLER                          the holder of the object's LOCK, before STATE; read by its own thread, after STATE
 *   the rest                        written before the block gets to another thread
 */

// An object

/** A SharedLock. @internal */
export const LOCK = 0;
/** How many shares there are, and messages under way that hold a reference. @internal */
export const REFS = 1;
/** Where a kind's own words begin. @internal */
export const OWN = 2;

// A share, a waiter

/** @internal */
export const NEXT = 2;
/** @internal */
export const PREV = 3;
/** The number of the object's kind; with IS_WAITER for a waiter. @internal */
export const KIND = 4;
/** @internal */
export const IS_WAITER = 256;
/** @internal */
export const OBJECT = 5;

// A share

/** How many permits this thread has taken and not given back. @internal */
export const HELD = 6;
/** Of a channel: what this thread has of its senders, weak senders (of a watch channel: receivers), and unique halves (bits). @internal */
export const STRONG = 7;
/** @internal */
export const WEAK = 8;
/** @internal */
export const HALVES = 9;

// A waiter

/** @internal */
export const SIGNAL = 0;
/** Of a future's wait, which has no SIGNAL, once it is told: the slot of who did. @internal */
export const TELLER = 0;
/** The link of the mail that wakes it. @internal */
export const LINK = 1;
/** @internal */
export const STATE = 6;
/** The slot of its thread. @internal */
export const OWNER = 7;
/** Its index in its thread's table. @internal */
export const KEY = 8;
/** How much it still waits for. @internal */
export const MISSING = 9;
/** How much it wants. @internal */
export const ASKED = 10;
/** @internal */
export const OLDER = 11;
/** @internal */
export const NEWER = 12;
/** @internal */
export const TOLD_NEXT = 13;
/** The position of its queue. @internal */
export const QUEUE = 14;
/** Whether its thread blocks. @internal */
export const BLOCKS = 15;

/** Shares and waiters are blocks of the smallest class. @internal */
export const SMALL = 0;
/** No block. @internal */
export const NONE = 0;
