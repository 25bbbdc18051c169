// Portable functions in a module without side effects, which blocking threads import too.
import { blocking, fn, yieldNow } from "toki";
import { testTask } from "toki/test";
import { registered } from "./support.js";

export const add = fn(import.meta, function* add(a: number, b: number) {
  yield* yieldNow();
  return a + b;
});

/** Runs a portable function by its key on the thread it is called on. */
export const runByKey = blocking(import.meta, function runByKey(key: string, args: number[]) {
  const entry = registered(key);
  return entry?.kind === "fn" ? (testTask(entry.call(args)).pollUntilIdle() as number) : "unknown";
});
