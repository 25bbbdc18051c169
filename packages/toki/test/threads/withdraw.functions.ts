import { fn, type JoinError, pending, spawn } from "toki";
import type { mpsc } from "toki/shared";

const begin = fn(import.meta, function* begin(cell: Int32Array) {
  Atomics.add(cell, 0, 1);
});

/** Spawns tasks on its own worker, aborts them at once, and counts those that were cancelled. */
export const spawnAndAbort = fn(import.meta, function* spawnAndAbort(cell: Int32Array, tasks: number) {
  const handles = Array.from({ length: tasks }, () => spawn(begin(cell)));
  for (const handle of handles) handle.abort();
  let cancelled = 0;
  for (const handle of handles) {
    try {
      yield* handle;
    } catch (error) {
      if ((error as JoinError).isCancelled()) cancelled++;
    }
  }
  return cancelled;
});

/** Never ends, and takes long arguments. */
export const keepsSender = fn(import.meta, function* keepsSender(_text: string, sender: mpsc.Sender<number>) {
  using _tx = sender;
  yield* pending();
});
