// Portable functions of fairness.test.ts, in a module without side effects.
import { fn, spawn, yieldNow } from "toki";

const isSet = (cell: SharedArrayBuffer) => Atomics.load(new Int32Array(cell), 0) !== 0;

/** Is runnable all the time, until the cell is set. */
export const yielding = fn(import.meta, function* yielding(cell: SharedArrayBuffer) {
  Atomics.add(new Int32Array(cell), 1, 1);
  while (!isSet(cell)) yield* yieldNow();
});

/** One of calls that spawn the next as they end: their number stays what it was. */
const link = fn(import.meta, function* link(cell: SharedArrayBuffer, rest: number) {
  if (!isSet(cell) && rest > 0) spawn(link(cell, rest - 1));
});

/** Has `count` calls that never have begun in the worker's queue, until the cell is set. */
export const breeding = fn(import.meta, function* breeding(cell: SharedArrayBuffer, count: number) {
  Atomics.add(new Int32Array(cell), 1, 1);
  for (let i = 0; i < count; i++) spawn(link(cell, Number.MAX_SAFE_INTEGER));
});

export const set = fn(import.meta, function* set(cell: SharedArrayBuffer) {
  Atomics.store(new Int32Array(cell), 0, 1);
});
