import type { IntoFuture } from "../future/into-future.js";
import { Runtime } from "../runtime/runtime.js";

/**
 * Runs a future to its end on a current-thread runtime of its own, with everything enabled, and blocks until then: for tests that are plain
 * synchronous functions. Tasks that are left are cancelled at the end: their synchronous cleanup runs, its awaits do not wait.
 *
 * The event loop gets no turn, so sockets and promises cannot arrive: use `test` for those, and for cleanup that awaits.
 *
 * @param future - a future or a `function*` body; give the body where the future needs a runtime to be made, as `sleep` does
 * @returns the future's value
 * @throws what the future throws; NestedRuntimeError inside a task; DeadlockError when nothing is left that could wake a task
 *
 * @example
 * ```ts
 * import { sleep } from "toki";
 * import { testBlockOn } from "toki/test";
 *
 * const value = testBlockOn(function* () {
 *   yield* sleep(1);
 *   return 42;
 * });
 * console.log(value); // 42
 * ```
 */
export function testBlockOn<T>(future: IntoFuture<T>): T {
  const rt = new Runtime({ flavor: "currentThread" });
  try {
    return rt.blockOn(future);
  } finally {
    rt.shutdownBackground();
  }
}
