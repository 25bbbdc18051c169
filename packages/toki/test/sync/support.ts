import assert from "node:assert/strict";
import { type IntoFuture, Pending } from "toki";
import { assertPending, assertReady, type Spawn, testTask } from "toki/test";

/** Polls a future for the first time; it has to wait. */
export function waiting<T>(future: IntoFuture<T>): Spawn<T> {
  const task = testTask(future);
  assertPending(task.poll());
  return task;
}

/** Polls a future once; it has to be ready. */
export function now<T>(future: IntoFuture<T>): T {
  return assertReady(testTask(future).poll());
}

/** A task that waited has been woken, and is ready. */
export function woken<T>(task: Spawn<T>): T {
  assert.equal(task.isWoken, true, "was not woken");
  return assertReady(task.poll());
}

/** A task that waited was not woken, and waits still. */
export function stillWaiting(task: Spawn<unknown>): void {
  assert.equal(task.isWoken, false, "was woken");
  assertPending(task.poll());
}

/** The two ways a wait is dropped; both have to release what it held. */
export const drops: readonly { name: string; drop: (task: Spawn<unknown>) => void }[] = [
  { name: "disposed", drop: (task) => task[Symbol.dispose]() },
  { name: "cancelled", drop: (task) => assert.notEqual(task.cancel(), Pending) },
];
