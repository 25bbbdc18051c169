/*
 * A shared Barrier: how many have to arrive, N, how many of this round have, ARRIVED, and who waits. All under the object's lock: the last to arrive resets the
 * count and lets everybody go in one step, so the queue never has waiters of two rounds. Who has arrived counts, even if it is dropped or its thread dies.
 */
import { BARRIER, defineKind } from "./kinds.js";
import { OWN } from "./layout.js";
import { TOLD, tellAll } from "./permits.js";
import type { SharedThread } from "./thread.js";

/** Written once. @internal */
export const N = OWN;
/** @internal */
export const ARRIVED = OWN + 1;
/** @internal */
export const BARRIER_QUEUE = OWN + 2;

/** Under the lock: counts one more. True for the last, which lets the others go. @internal */
export function arrive(thread: SharedThread, object: number): boolean {
  const { memory } = thread;
  const arrived = memory.read(object + ARRIVED) + 1;
  const isLast = arrived >= memory.read(object + N);
  memory.write(object + ARRIVED, isLast ? 0 : arrived);
  if (isLast) tellAll(thread, object + BARRIER_QUEUE, TOLD);
  return isLast;
}

/** @internal */
export const kind = defineKind({ number: BARRIER, blockClass: 0, passOn() {}, abandon() {}, destroy() {} });
