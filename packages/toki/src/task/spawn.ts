import { current } from "../future/current.js";
import type { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import { portable } from "../portable/registry.js";
import type { RuntimeCore, SpawnOptions } from "../runtime/core.js";
import { NoRuntimeError } from "../runtime/error.js";
import { JoinHandle } from "./join-handle.js";

/** The runtime of the code that is running. @internal */
export function currentRuntime(what: string): RuntimeCore {
  const rt = current.runtime;
  if (rt === null) throw new NoRuntimeError(what, portable().isBlocking);
  return rt;
}

/** @internal */
export function checkSpawnOptions(options: SpawnOptions, where: string): void {
  checkOptions(options, where);
  const { name } = options;
  if (name !== undefined && typeof name !== "string") throw invalidArgument(where, "options.name", "a string", name);
}

/** @internal */
export function spawnOn<T>(
  rt: RuntimeCore,
  future: IntoFuture<T>,
  options: SpawnOptions | undefined,
  where: string,
): JoinHandle<T> {
  if (options !== undefined) checkSpawnOptions(options, where);
  return new JoinHandle<T>(rt.spawn(intoFuture(future, where), options));
}

/** @internal */
export function spawnLocalOn<T>(
  rt: RuntimeCore,
  future: Future<T>,
  options: SpawnOptions | undefined,
  where: string,
): JoinHandle<T> {
  if (options !== undefined) checkSpawnOptions(options, where);
  return new JoinHandle<T>(rt.spawnLocal(future, options));
}

/** Spawns on the set whose code is running, or else on the current runtime. @internal */
export function spawnLocalAs<T>(future: Future<T>, options: SpawnOptions | undefined, where: string): JoinHandle<T> {
  const { localSet } = current;
  if (localSet !== null && current.localOwner === current.task) return localSet.spawnLocal(future, options);
  return spawnLocalOn(currentRuntime(where), future, options, where);
}

/**
 * Starts a task: a future that the runtime drives by itself, beside the code that spawned it.
 *
 * The body does not start before the caller's next await. The task runs whether or not its handle is awaited, and until it ends, is aborted, or
 * the runtime is disposed. What it throws stays with its {@link JoinHandle} and hurts no other task.
 *
 * A call of a portable function (`fn(import.meta, ...)`) runs on any worker of a multi-thread runtime: its arguments are copied, or moved, as they are now.
 * Everything else stays on this thread.
 *
 * @param future - a future, or a `function*` body; prefer `spawn(work(x))` with `work` an `fn` in hot paths
 * @param options - a `name` for await trees and reports
 * @returns the right to the outcome; ignoring it detaches the task
 * @throws NoRuntimeError outside a runtime
 * @throws MisuseError if `future` is not a future; NotSendError if an argument of a call for a worker cannot be sent
 *
 * @example
 * ```ts
 * import { main, sleep, spawn } from "toki";
 *
 * await main(function* () {
 *   const task = spawn(function* () {
 *     yield* sleep(10);
 *     return "Task completed";
 *   });
 *   console.log("Doing other things");
 *   console.log(yield* task);
 * });
 * ```
 */
export function spawn<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
  return spawnOn(currentRuntime("spawn"), future, options, "spawn");
}

/**
 * Starts a task that stays on this thread. All do but the calls of portable functions (`fn(import.meta, ...)`) on
 * the multi-thread runtime; this keeps those here as well, with their arguments by reference. In the code of a {@link LocalSet}, it becomes a task of the
 * set.
 *
 * @param future - a future, or a `function*` body
 * @param options - a `name` for await trees and reports
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { main, spawnLocal } from "toki";
 *
 * await main(function* () {
 *   console.log(yield* spawnLocal(function* () { return 42; })); // 42
 * });
 * ```
 */
export function spawnLocal<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
  return spawnLocalAs(intoFuture(future, "spawnLocal"), options, "spawnLocal");
}
