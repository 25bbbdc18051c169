/*
 * The record of a task that may run on any worker: one block of 64 bytes.
 *
 *   word   name        who writes it, and when
 *   0      LINK        whoever has the task: the queue it is in; then its worker, to mail it home
 *   1      STATE       below
 *   2      FUNCTION    home, before it is queued: the number of the function (function-table.ts)
 *   3      HOME        home, before it is queued: the slot of the thread that spawned it, and above that what ID has no room for
 *   4      WORKER      home, before it is queued: the moment (shared-clock.ts), where delays are measured; then who took it from a queue, before STATE says
 *                      RUNNING: its slot
 *   5      DATA        who may write the values: the block they are in, or 0 when they are in the record itself
 *   6      DATA_CLASS  with DATA: the class of that block
 *   7      COMMAND     home, once: the link of the mail to the worker
 *   8      HOME_KEY    home: its index in home's table, and the bit WANTED once somebody there waits for the outcome
 *   9      ID          home, before it is queued: the lower 32 bits of the task's id
 *   10-15  VALUES      home: the arguments; then the worker: the outcome
 *
 * STATE, and who changes it, always by an atomic operation:
 *
 *   QUEUED              in some queue, or in a worker's LIFO slot. Nobody works on it
 *   QUEUED -> RUNNING   who took it from the queue, with a compare-and-exchange. VALUES are that worker's from here on
 *   QUEUED -> ABANDONED home, with a compare-and-exchange, when the task is cancelled before it started: it is over at once. Who takes it from the
 *                       queue frees the record and its data
 *   QUEUED -> MOVED     home, with a compare-and-exchange, after a thread has died that may have lost it: another record stands for the task (repair.ts).
 *                       Who takes it from the queue, if it is in one, frees the record, which has no data any more
 *   RUNNING | CANCEL, FORCE, CALLED   home sets these bits: cancel it, do not wait for cleanup, a command is on its way to the worker by mail
 *                                     CALLED is cleared by the worker when the command has arrived
 *   RUNNING | DONE, FAILED, CANCELLED the worker, when the task is over and VALUES hold the outcome; it then mails LINK home
 *   ZOMBIE              home, when it has taken the outcome while CALLED was set: the worker frees the record when the command arrives
 *
 * Whom the outcome wakes. The worker mails it and then reads HOME_KEY: with WANTED, or if the task failed, it rings; otherwise it rings when it next runs
 * out of work, so that a thread that waits for one task of many is not woken by each of them. Home sets WANTED and then looks at its mail. In the total
 * order of these four either home finds the mail, or the worker finds the bit.
 *
 * Who frees: home when it takes the outcome, unless CALLED is set, since a block that is in a mailbox must stay. Both bits are set with `or`, which returns
 * what was before: of home (setting ZOMBIE) and the worker (clearing CALLED) the second one sees the other's bit, and frees.
 */
import { MAX_SLOTS } from "../../../memory/layout.js";
import type { Memory } from "../../../memory/memory.js";

/** @internal */
export const LINK = 0;
/** @internal */
export const STATE = 1;
/** @internal */
export const FUNCTION = 2;
/** @internal */
export const HOME = 3;
/** @internal */
export const WORKER = 4;
/** @internal */
export const DATA = 5;
/** @internal */
export const DATA_CLASS = 6;
/** @internal */
export const COMMAND = 7;
/** @internal */
export const HOME_KEY = 8;
/** @internal */
export const WANTED = 1 << 30;
/** @internal */
export const ID = 9;
/** @internal */
export const VALUES = 10;
/** How many words of values fit into a record. @internal */
export const INLINE_WORDS = 6;

/** Says where a task comes from, and its id. @internal */
export function setOrigin(memory: Memory, block: number, home: number, id: number): void {
  memory.write(block + HOME, home + MAX_SLOTS * Math.floor(id / 2 ** 32));
  memory.write(block + ID, id | 0);
}

/** The slot of the thread that spawned the task. @internal */
export function homeOf(memory: Memory, block: number): number {
  return memory.read(block + HOME) & (MAX_SLOTS - 1);
}

/** The task's id. @internal */
export function idOf(memory: Memory, block: number): number {
  return (
    ((memory.read(block + HOME) >>> 0) - homeOf(memory, block)) * (2 ** 32 / MAX_SLOTS) +
    (memory.read(block + ID) >>> 0)
  );
}

/** @internal */
export const RECORD_CLASS = 0;
/** Records are numbered by their place in the arena; queues hold these numbers. @internal */
export const RECORD_SHIFT = 4;
/** Where the queues find the link of a record. @internal */
export const RECORD_LINKS = { base: LINK, stride: 1 << RECORD_SHIFT };

/** @internal */
export const QUEUED = 0;
/** @internal */
export const RUNNING = 1;
/** @internal */
export const ABANDONED = 2;
/** @internal */
export const CANCEL = 4;
/** @internal */
export const FORCE = 8;
/** @internal */
export const CALLED = 16;
/** @internal */
export const DONE = 32;
/** @internal */
export const FAILED = 64;
/** @internal */
export const CANCELLED = 128;
/** @internal */
export const ZOMBIE = 256;
/** @internal */
export const MOVED = 1024;
/** With RUNNING or DONE: a part of the values is not in shared memory, but comes by message (parcel-store.ts). @internal */
export const PARCELS = 512;
