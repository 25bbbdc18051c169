import { fn, sleep, taskLocal, workerIndex } from "toki";

export const user = taskLocal<{ name: string }>(import.meta, "user");

export const whoAmI = fn(import.meta, function* whoAmI(greeting: string) {
  yield* sleep(1);
  return { text: `${greeting} ${user.tryGet()?.name}`, worker: workerIndex() };
});

/** Tells by `cell` that its cleanup has run. */
export const forever = fn(import.meta, function* forever(cell: SharedArrayBuffer) {
  try {
    yield* sleep(1e9);
  } finally {
    yield* sleep(1);
    Atomics.store(new Int32Array(cell), 0, 1);
  }
});
