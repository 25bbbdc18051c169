/*
 * Spawning for those who keep a task and not its handle: sets, maps, queues, trackers.
 */
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { SpawnOptions } from "../runtime/core.js";
import type { Handle } from "../runtime/handle.js";
import type { Task } from "../runtime/task/task.js";
import type { BlockingJob } from "./blocking.js";
import type { LocalSet } from "./local-set.js";
import { currentRuntime, spawnLocalAs, spawnOn } from "./spawn.js";
import { spawnBlockingOn } from "./spawn-blocking.js";

/** Options of {@link JoinSet.spawn} and its like. */
export interface JoinSetSpawnOptions extends SpawnOptions {
  /** The runtime to spawn on. @default the current one */
  on?: Handle;
}

/** Options of {@link JoinSet.spawnLocal} and its like. */
export interface JoinSetSpawnLocalOptions extends SpawnOptions {
  /** The set to spawn on. @default the current runtime, or the {@link LocalSet} whose code is running */
  on?: LocalSet;
}

/** @internal */
export function spawnInto<T>(future: IntoFuture<T>, options: JoinSetSpawnOptions | undefined, where: string): Task<T> {
  const on = options?.on;
  if (on === undefined) return spawnOn(currentRuntime(where), future, options, where).task;
  if (typeof on?.spawn !== "function") throw invalidArgument(where, "options.on", "a Handle", on);
  return on.spawn(future, options).task;
}

/** @internal */
export function spawnLocalInto<T>(
  future: IntoFuture<T>,
  options: JoinSetSpawnLocalOptions | undefined,
  where: string,
): Task<T> {
  const on = options?.on;
  if (on === undefined) return spawnLocalAs(intoFuture(future, where), options, where).task;
  if (typeof on?.spawnLocal !== "function") throw invalidArgument(where, "options.on", "a LocalSet", on);
  return on.spawnLocal(future, options).task;
}

/** @internal */
export function spawnBlockingInto<T>(
  job: BlockingJob<T>,
  options: JoinSetSpawnOptions | undefined,
  where: string,
): Task<T> {
  const on = options?.on;
  if (on === undefined) return spawnBlockingOn(currentRuntime(where), job, options, where).task;
  if (typeof on?.spawnBlocking !== "function") throw invalidArgument(where, "options.on", "a Handle", on);
  return on.spawnBlocking(job, options).task;
}
