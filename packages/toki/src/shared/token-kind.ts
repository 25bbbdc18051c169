/*
 * A tree of shared tokens. One lock, that of the root, is for the whole tree: so a cancellation marks a token and all its descendants in one instant.
 *
 *   not cancelled   its parent has it in its list of children        -> cancelled, by cancel() of the token or of an ancestor
 *   cancelled       the end
 *
 * A child has a reference to its parent, so the root, and its lock, are there as long as any token of the tree. A parent has none to its children: the last
 * reference to a child takes it out of the list, under the lock, before it goes.
 *
 * A token that is made of a cancelled one is cancelled, and a tree of its own.
 */

import { SharedLock } from "../memory/shared-lock.js";
import type { SharedMemory } from "../memory/shared-memory.js";
import { defineKind, TOKEN } from "./kinds.js";
import { LOCK, NONE, OWN, REFS } from "./layout.js";
import { tellAll } from "./permits.js";
import type { Share } from "./share.js";
import type { SharedThread } from "./thread.js";

/** @internal */
export const IS_CANCELLED = OWN;
/** Who waits. @internal */
export const TOKEN_QUEUE = OWN + 1;
/** AbortSignals to be fired, after those who wait were told. @internal */
export const SIGNAL_QUEUE = OWN + 3;
/** Whose lock it is; written once. */
const ROOT = OWN + 5;
const PARENT = OWN + 6;
const CHILDREN = OWN + 7;
const NEXT_SIBLING = OWN + 8;
const PREV_SIBLING = OWN + 9;

/** @internal */
export const kind = defineKind({
  number: TOKEN,
  blockClass: 0,
  // A cancellation comes from an ancestor as well.
  isReachable: true,
  lockOf: (memory, object) => memory.read(object + ROOT) + LOCK,
  passOn() {},
  abandon() {},
  destroy(thread, object) {
    const { memory } = thread;
    const parent = memory.load(object + PARENT);
    if (parent === NONE) return undefined;
    const lock = new SharedLock(memory, memory.read(object + ROOT) + LOCK);
    lock.lock();
    const next = memory.read(object + NEXT_SIBLING);
    const prev = memory.read(object + PREV_SIBLING);
    if (next !== NONE) memory.write(next + PREV_SIBLING, prev);
    if (prev === NONE) memory.write(parent + CHILDREN, next);
    else memory.write(prev + NEXT_SIBLING, next);
    lock.unlock();
    return parent;
  },
});

/** A token without a parent. @internal */
export function initRoot(memory: SharedMemory, object: number): void {
  memory.write(object + ROOT, object);
}

/** Makes a new token the child of another one. @internal */
export function initChild(parent: Share): (memory: SharedMemory, object: number) => void {
  return (memory, object) => {
    parent.lock.lock();
    const isCancelled = memory.read(parent.object + IS_CANCELLED) !== 0;
    memory.write(object + IS_CANCELLED, isCancelled ? 1 : 0);
    memory.write(object + ROOT, isCancelled ? object : memory.read(parent.object + ROOT));
    if (!isCancelled) {
      const first = memory.read(parent.object + CHILDREN);
      memory.add(parent.object + REFS, 1);
      memory.write(object + PARENT, parent.object);
      memory.write(object + NEXT_SIBLING, first);
      if (first !== NONE) memory.write(first + PREV_SIBLING, object);
      memory.write(parent.object + CHILDREN, object);
    }
    parent.lock.unlock();
  };
}

/** Under the lock: cancels a token and all its descendants. @internal */
export function cancel(thread: SharedThread, token: number): void {
  const { memory } = thread;
  if (memory.read(token + IS_CANCELLED) !== 0) return;
  visit(memory, token, (each) => {
    memory.store(each + IS_CANCELLED, 1);
    tellAll(thread, each + TOKEN_QUEUE, 0);
  });
  visit(memory, token, (each) => tellAll(thread, each + SIGNAL_QUEUE, 0));
}

/** Visits a token and its descendants. */
function visit(memory: SharedMemory, token: number, visitor: (token: number) => void): void {
  for (let each = token; ; ) {
    visitor(each);
    let next = memory.read(each + CHILDREN);
    while (next === NONE && each !== token) {
      next = memory.read(each + NEXT_SIBLING);
      if (next === NONE) each = memory.read(each + PARENT);
    }
    if (next === NONE) return;
    each = next;
  }
}
