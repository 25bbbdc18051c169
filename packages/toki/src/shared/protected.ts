/*
 * What Mutex and RwLock have in common: a semaphore (permits.ts), and the value it protects. VALUE, its block, is written by the holder of all permits and read
 * by holders of one; NONE from when it was taken out, which closes the semaphore. Who takes permits sees what their last holder has written: both have the
 * object's lock in between.
 */
import { consumed } from "../sync/consumed.js";
import { TryLockError } from "../sync/try-lock-error.js";
import type { ObjectKind } from "./kinds.js";
import { HELD, NONE } from "./layout.js";
import { AFTER_PERMITS, assigned, closePermits, give, locked, take } from "./permits.js";
import type { Share } from "./share.js";
import { dropAt, dropValue, putValue, readValue, takeValue } from "./values.js";

/** @internal */
export const VALUE = AFTER_PERMITS;
/** Where the words of such an object go on. @internal */
export const AFTER_VALUE = VALUE + 1;

/** What the kinds of such objects do. @internal */
export const protects: Omit<ObjectKind, "number"> = {
  blockClass: 0,
  passOn: (thread, object, waiter) => give(thread, object, assigned(thread, waiter)),
  abandon: (thread, object, share) => give(thread, object, thread.memory.read(share + HELD)),
  destroy: dropAt(VALUE),
};

/** A copy of the value. For a holder of a permit. @internal */
export function loadProtected({ thread, object }: Share): unknown {
  return readValue(thread, thread.memory.load(object + VALUE));
}

/**
 * Replaces the value. For the holder of all permits.
 *
 * @throws NotSendError, OutOfMemoryError: the value is as it was
 * @internal
 */
export function saveProtected({ thread, object }: Share, value: unknown, where: string): void {
  const { memory } = thread;
  const next = putValue(thread, value, where, "value", true);
  const before = memory.load(object + VALUE);
  // One atomic store: a thread that dies leaves the one value or the other.
  memory.store(object + VALUE, next);
  dropValue(thread, before);
}

/**
 * Takes the value out, for ever.
 *
 * @param n - all permits
 * @throws TryLockError, DisposedError
 * @internal
 */
export function takeProtected({ thread, object, lock }: Share, n: number, where: string): unknown {
  const taken = locked(thread, lock, () => {
    if (!take(thread, object, n)) return false;
    closePermits(thread, object);
    return true;
  });
  const { memory } = thread;
  const value = memory.load(object + VALUE);
  if (!taken) throw value === NONE ? consumed(where) : new TryLockError();
  memory.store(object + VALUE, NONE);
  return takeValue(thread, value);
}
