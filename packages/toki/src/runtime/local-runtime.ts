import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { JoinHandle } from "../task/join-handle.js";
import { currentRuntime, spawnLocalOn } from "../task/spawn.js";
import type { SpawnOptions } from "./core.js";
import type { RuntimeOptions } from "./options.js";
import { Runtime } from "./runtime.js";

/** Options of a {@link LocalRuntime}: those of a {@link Runtime} that are not about workers. */
export type LocalRuntimeOptions = Omit<RuntimeOptions, "flavor" | "workerThreads" | "threadMemoryLimit">;

/**
 * A {@link Runtime} that runs every task on the thread that made it: one with `flavor: "currentThread"`, and `spawnLocal` from anywhere.
 *
 * @example
 * ```ts
 * import { LocalRuntime, sleep } from "toki";
 *
 * await using rt = new LocalRuntime();
 * const task = rt.spawnLocal(function* () {
 *   yield* sleep(1);
 *   return 42;
 * });
 * console.log(await task); // 42
 * ```
 */
export class LocalRuntime extends Runtime {
  /**
   * @throws InvalidArgumentError if an option is not what it should be
   */
  constructor(options: LocalRuntimeOptions = {}) {
    checkOptions(options, "LocalRuntime");
    const { flavor } = options as RuntimeOptions;
    if (flavor !== undefined && flavor !== "currentThread") {
      throw invalidArgument("LocalRuntime", "flavor", '"currentThread"', flavor);
    }
    super({ ...options, flavor: "currentThread" });
  }

  /**
   * Starts a task from anywhere, also outside of any runtime. It is not polled before this returns. After the runtime's shutdown the handle that comes
   * back is a cancelled one.
   *
   * @param future - a future or a `function*` body
   * @param options - a `name` for await trees and reports
   */
  spawnLocal<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
    const where = "LocalRuntime.spawnLocal";
    const guard = this.enter();
    try {
      return spawnLocalOn(currentRuntime(where), intoFuture(future, where), options, where);
    } finally {
      guard[Symbol.dispose]();
    }
  }
}
