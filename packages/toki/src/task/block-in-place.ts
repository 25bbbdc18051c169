import { current } from "../future/current.js";
import { MisuseError } from "../future/misuse.js";

/**
 * Runs code that holds its thread, after the tasks that wait for this worker have been handed to the others.
 *
 * On a worker of the multi-thread scheduler, those are the portable tasks that have not begun. Tasks that are under way stay where they are, and so do
 * this thread's timers and sockets: they wait until `body` returns. On the thread that made the runtime, and outside a runtime, it just calls `body`. To leave
 * the thread free, use {@link spawnBlocking}.
 *
 * @param body - called on this thread
 * @returns what `body` returns
 * @throws MisuseError inside a current-thread runtime, which has nobody to hand its tasks to
 *
 * @example
 * ```ts
 * import { createHash } from "node:crypto";
 * import { blockInPlace, fn, main, spawn } from "toki";
 *
 * const digest = fn(import.meta, function* digest(text: string) {
 *   return blockInPlace(() => createHash("sha256").update(text).digest("hex"));
 * });
 *
 * await main(function* () {
 *   console.log((yield* spawn(digest("hello"))).length); // 64
 * });
 * ```
 */
export function blockInPlace<T>(body: () => T): T {
  const { runtime } = current;
  if (runtime?.executor.active === true) {
    if (runtime.threads === null) {
      throw new MisuseError(
        "TOKI_BLOCK_IN_PLACE",
        "can call blocking only when running on the multi-threaded runtime: use spawnBlocking",
      );
    }
    runtime.threads.handOver();
  }
  return body();
}
