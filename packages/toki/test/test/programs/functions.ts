// Portable functions of deadlocked.ts, in a module without side effects.
import { fn, pending, sleep, spawn } from "toki";

export const naps = fn(import.meta, function* naps(ms: number) {
  yield* sleep(ms);
  return ms;
});

export const stuckThere = fn(import.meta, function* stuckThere() {
  yield* pending();
});

const stuckInCleanup = fn(import.meta, function* stuckInCleanup() {
  try {
    yield* pending();
  } finally {
    yield* pending();
  }
});

/** Its child is known to the workers alone. */
export const leavesStuckChild = fn(import.meta, function* leavesStuckChild() {
  spawn(stuckInCleanup());
  yield* sleep(1); // it has begun by then, on this worker or another
});
