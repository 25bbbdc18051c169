// What the tests of WorkerPool run on its threads. No side effects: workers import it.
import { threadId } from "node:worker_threads";
import { fn, pending, sleep, spawn, spawnLocal, yieldNow } from "toki";

let calls = 0;

/** Counts the calls on its thread. */
export const count = fn(import.meta, function* count() {
  yield* yieldNow();
  return { thread: threadId, calls: ++calls };
});

/** Where a task and what it spawns run. */
export const family = fn(import.meta, function* family() {
  const local = yield* spawnLocal(function* () {
    yield* yieldNow();
    return threadId;
  });
  const child = yield* spawn(count());
  return [threadId, local, child.thread];
});

/** Waits until it is cancelled, or for a while that no test lasts. */
export const wait = fn(import.meta, function* wait() {
  yield* pending();
});

export const nap = fn(import.meta, function* nap(ms: number) {
  yield* sleep(ms);
  return ms;
});

export const fail = fn(import.meta, function* fail(message: string): Generator<never, never, unknown> {
  throw new Error(message);
});

export const end = fn(import.meta, function* end(): Generator<never, never, unknown> {
  process.exit(3);
});
