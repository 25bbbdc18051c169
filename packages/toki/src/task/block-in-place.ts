import { current } from "../future/current.js";
import { MisuseError } from "../future/misuse.js";

/**
 * Runs code that holds its thread while the other tasks of the worker go on elsewhere. That takes the multi-thread scheduler, which is not part of this
 * version: inside a runtime it throws, as Tokio's current-thread runtime does. Use {@link spawnBlocking}. Outside a runtime it just calls `body`.
 *
 * @param body - called on this thread
 * @throws MisuseError inside a current-thread runtime
 *
 * @example
 * ```ts
 * import { blockInPlace, main } from "toki";
 *
 * console.log(blockInPlace(() => 42)); // 42: no runtime is held up here
 * await main(function* () {
 *   try {
 *     blockInPlace(() => 42);
 *   } catch (error) {
 *     console.log((error as Error).message.startsWith("can call blocking only when")); // true
 *   }
 * });
 * ```
 */
export function blockInPlace<T>(body: () => T): T {
  if (current.runtime?.executor.active === true) {
    throw new MisuseError(
      "TOKI_BLOCK_IN_PLACE",
      "can call blocking only when running on the multi-threaded runtime: use spawnBlocking",
    );
  }
  return body();
}
