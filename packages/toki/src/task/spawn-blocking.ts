import { invalidArgument } from "../internal/invalid-argument.js";
import { refuseWhileImporting } from "../portable/registry.js";
import { poolOf } from "../runtime/blocking/pool.js";
import type { RuntimeCore, SpawnOptions } from "../runtime/core.js";
import { BlockingJob } from "./blocking.js";
import { JoinHandle } from "./join-handle.js";
import { checkSpawnOptions, currentRuntime } from "./spawn.js";

/** @internal */
export function spawnBlockingOn<T>(
  rt: RuntimeCore,
  job: BlockingJob<T>,
  options: SpawnOptions | undefined,
  where: string,
): JoinHandle<T> {
  if (!(job instanceof BlockingJob)) {
    throw invalidArgument(where, "job", "what a function made by blocking(import.meta, ...) returns", job);
  }
  if (options !== undefined) checkSpawnOptions(options, where);
  refuseWhileImporting(job.url, where);
  return new JoinHandle<T>(poolOf(rt).spawn(job, options));
}

/**
 * Runs a function on a thread of the blocking pool: for code that computes or waits without awaiting (hashing, parsing, compression, a synchronous
 * driver), which would hold up every task of this thread.
 *
 * The job is queued at once, whether or not the handle is awaited. Threads are made on demand, up to `maxBlockingThreads`; further jobs wait in
 * order. A thread costs some ten milliseconds and megabytes to start and is used again; bound the jobs that compute by the number of cores.
 *
 * **Cancel safety**: as any `JoinHandle`. `abort()` cancels a job that has not started; one that has started is not stopped, and its value
 * still arrives, unless `abort({ terminate: true })` ends its thread.
 *
 * Threads: arguments and result are copied between threads, or moved (see {@link move}). The function sees this module anew: what this thread has changed
 * in variables is not there.
 *
 * @param job - what a function made by {@link blocking} returns
 * @param options - a `name` for await trees and reports
 * @returns settles with the function's result, or with a JoinError whose cause is what it threw, or how its thread ended; cancelled after shutdown
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { createHash } from "node:crypto";
 * import { blocking, main, spawnBlocking } from "toki";
 *
 * const sha256 = blocking(import.meta, function sha256(data: string) {
 *   return createHash("sha256").update(data).digest("hex");
 * });
 *
 * await main(function* () {
 *   const hash = yield* spawnBlocking(sha256("hello"));
 *   console.log(hash.length); // 64
 * });
 * ```
 */
export function spawnBlocking<T>(job: BlockingJob<T>, options?: SpawnOptions): JoinHandle<T> {
  return spawnBlockingOn(currentRuntime("spawnBlocking"), job, options, "spawnBlocking");
}
