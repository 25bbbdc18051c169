/*
 * The queue that waiters wait in: a doubly linked list in two words of an object, oldest first. All under the object's lock.
 */
import type { SharedMemory } from "../memory/shared-memory.js";
import { NEWER, NONE, OLDER, QUEUE, STATE } from "./layout.js";

const OLDEST = 0;
const NEWEST = 1;
/** How many words a queue takes. @internal */
export const QUEUE_WORDS = 2;

/** The state of a waiter in a queue; below 1 it was told, and how is up to the kind. @internal */
export const QUEUED = 1;

/** @internal */
export function initQueue(memory: SharedMemory, queue: number): void {
  memory.write(queue + OLDEST, NONE);
  memory.write(queue + NEWEST, NONE);
}

/** @internal */
export function oldest(memory: SharedMemory, queue: number): number {
  return memory.read(queue + OLDEST);
}

/** @internal */
export function newest(memory: SharedMemory, queue: number): number {
  return memory.read(queue + NEWEST);
}

/** @internal */
export function push(memory: SharedMemory, queue: number, waiter: number): void {
  const last = memory.read(queue + NEWEST);
  memory.write(waiter + STATE, QUEUED);
  memory.write(waiter + QUEUE, queue);
  memory.write(waiter + OLDER, last);
  memory.write(waiter + NEWER, NONE);
  memory.write(queue + NEWEST, waiter);
  if (last === NONE) memory.write(queue + OLDEST, waiter);
  else memory.write(last + NEWER, waiter);
}

/** Takes a waiter out, from any place. @internal */
export function remove(memory: SharedMemory, waiter: number): void {
  const queue = memory.read(waiter + QUEUE);
  const older = memory.read(waiter + OLDER);
  const newer = memory.read(waiter + NEWER);
  if (older === NONE) memory.write(queue + OLDEST, newer);
  else memory.write(older + NEWER, newer);
  if (newer === NONE) memory.write(queue + NEWEST, older);
  else memory.write(newer + OLDER, older);
}

/** How many wait. Walks the queue: for reports. @internal */
export function lengthOf(memory: SharedMemory, queue: number): number {
  let length = 0;
  for (let waiter = oldest(memory, queue); waiter !== NONE; waiter = memory.read(waiter + NEWER)) length++;
  return length;
}
