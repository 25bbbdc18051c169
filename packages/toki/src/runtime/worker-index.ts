import { current } from "../future/current.js";

/**
 * The index of the worker that is running this code: 0 in tasks and bodies of the current-thread runtime, its only worker. Undefined where no runtime is running,
 * also under a guard of `rt.enter()`.
 *
 * @example
 * ```ts
 * import { main, workerIndex } from "toki";
 *
 * console.log(workerIndex()); // undefined
 * await main(function* () {
 *   console.log(workerIndex()); // 0
 * });
 * ```
 */
export function workerIndex(): number | undefined {
  const { runtime } = current;
  if (runtime?.executor.active !== true) return undefined;
  return runtime.threads === null ? 0 : runtime.threads.index;
}
