import { current } from "../future/current.js";

/**
 * The index of the worker that is running this code: from 0 in tasks on workers of the multi-thread runtime, and 0 in tasks and bodies of the current-thread
 * runtime, its only worker. Undefined on the thread that made a multi-thread runtime, and where no runtime is running, also under a guard of `rt.enter()`.
 *
 * @example
 * ```ts
 * import { fn, main, spawn, workerIndex } from "toki";
 *
 * const where = fn(import.meta, function* where() {
 *   return workerIndex();
 * });
 *
 * console.log(workerIndex()); // undefined
 * await main(function* () {
 *   console.log(workerIndex(), yield* spawn(where())); // undefined 1, or another number
 * });
 * ```
 */
export function workerIndex(): number | undefined {
  const { runtime } = current;
  if (runtime?.executor.active !== true) return undefined;
  return runtime.threads === null ? 0 : runtime.threads.index;
}
