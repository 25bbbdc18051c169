import type { SharedMemory } from "../memory/shared-memory.js";
import { LOCK } from "./layout.js";
import type { SharedThread } from "./thread.js";

/** What the threads need to know of a kind of object. Each method is called under the object's lock, unless it says otherwise. @internal */
export interface ObjectKind {
  /** The same on every thread. */
  readonly number: number;
  /** The class of its blocks. */
  readonly blockClass: number;
  /** A waiter leaves, queued until now or told already: what it was given goes to the next. */
  passOn(thread: SharedThread, object: number, waiter: number): void;
  /** Whether others can end a wait who have no reference to the object itself. */
  readonly isReachable?: boolean;
  /** Where the lock of an object is, if not at its beginning. */
  readonly lockOf?: (memory: SharedMemory, object: number) => number;
  /** Permits come back, if more has to be done than permits.ts does. */
  readonly give?: (thread: SharedThread, object: number, n: number) => void;
  /** The thread of a share has ended: gives up what that had of the object. */
  abandon(thread: SharedThread, object: number, share: number): void;
  /**
   * Nobody has the object any more: frees what it has besides its block. Not under the lock.
   *
   * @returns an object of the same kind that it had a reference to, which is given up next: such a chain may be of any length
   */
  destroy(thread: SharedThread, object: number): number | void;
}

/** @internal */
export const SEMAPHORE = 1;
/** @internal */
export const MUTEX = 2;
/** @internal */
export const NOTIFY = 3;
/** @internal */
export const ONESHOT = 4;
/** @internal */
export const MPSC = 5;
/** @internal */
export const TOKEN = 6;
/** @internal */
export const CELL = 7;
/** @internal */
export const BROADCAST = 8;
/** @internal */
export const WATCH = 9;
/** @internal */
export const ONCE_CELL = 10;
/** @internal */
export const SET_ONCE = 11;
/** @internal */
export const RW_LOCK = 12;
/** @internal */
export const BARRIER = 13;

const kinds: (ObjectKind | undefined)[] = [];

/** @internal */
export function defineKind(kind: ObjectKind): ObjectKind {
  kinds[kind.number] = kind;
  return kind;
}

/** @internal */
export function kindOf(number: number): ObjectKind | undefined {
  return kinds[number];
}

/** The position of an object's lock. @internal */
export function lockOf(kind: ObjectKind, memory: SharedMemory, object: number): number {
  return kind.lockOf === undefined ? object + LOCK : kind.lockOf(memory, object);
}
