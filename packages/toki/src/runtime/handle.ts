import { current } from "../future/current.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import type { BlockingJob } from "../task/blocking.js";
import type { JoinHandle } from "../task/join-handle.js";
import { currentRuntime, spawnOn } from "../task/spawn.js";
import { spawnBlockingOn } from "../task/spawn-blocking.js";
import type { RuntimeCore, SpawnOptions } from "./core.js";
import type { TaskDump } from "./dump.js";
import { enterRuntime } from "./enter.js";
import { RuntimeMetrics } from "./metrics.js";
import type { RuntimeFlavor } from "./options.js";

/**
 * A handle to a {@link Runtime}: spawns on it from anywhere on its thread. It does not keep the runtime alive.
 *
 * @example
 * ```ts
 * import { Handle, main } from "toki";
 *
 * await main(function* () {
 *   const handle = Handle.current();
 *   const task = handle.spawn(function* () { return handle.flavor; });
 *   console.log(yield* task); // multiThread
 * });
 * ```
 */
export class Handle {
  readonly #core: RuntimeCore;

  /** @internal */
  constructor(core: RuntimeCore) {
    this.#core = core;
  }

  /**
   * The runtime of the code that is running.
   *
   * @throws NoRuntimeError outside a runtime
   */
  static current(): Handle {
    return new Handle(currentRuntime("Handle.current"));
  }

  /** The runtime of the code that is running, or undefined outside one. */
  static tryCurrent(): Handle | undefined {
    return current.runtime === null ? undefined : new Handle(current.runtime);
  }

  /** The runtime's number, unique in the process. */
  get id(): number {
    return this.#core.id;
  }

  /** The runtime's name, if it was given one. */
  get name(): string | undefined {
    return this.#core.options.name;
  }

  /** The scheduler. */
  get flavor(): RuntimeFlavor {
    return this.#core.threads === null ? "currentThread" : "multiThread";
  }

  /** Starts a task; after the runtime's shutdown the handle that comes back is a cancelled one. */
  spawn<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
    return spawnOn(this.#core, future, options, "Handle.spawn");
  }

  /**
   * Runs a function on a thread of the blocking pool: see {@link spawnBlocking}. After the runtime's shutdown the handle that comes back is a cancelled
   * one.
   *
   * **Cancel safety**: that of `spawnBlocking`.
   *
   * @param job - what a function made by `blocking` returns
   * @param options - a `name` for await trees and reports
   */
  spawnBlocking<T>(job: BlockingJob<T>, options?: SpawnOptions): JoinHandle<T> {
    return spawnBlockingOn(this.#core, job, options, "Handle.spawnBlocking");
  }

  /**
   * Runs a future to its end and blocks this thread until then: see {@link Runtime.blockOn}.
   *
   * @throws NestedRuntimeError inside a task
   */
  blockOn<T>(future: IntoFuture<T>): T {
    return this.#core.blockOn(intoFuture(future, "Handle.blockOn"));
  }

  /** Makes the runtime the current one until the guard is released: see {@link Runtime.enter}. */
  enter(): Disposable {
    return enterRuntime(this.#core);
  }

  /** Counters and gauges of all the runtime's threads, read live: see {@link RuntimeMetrics}. */
  metrics(): RuntimeMetrics {
    return new RuntimeMetrics(this.#core);
  }

  /**
   * Every task with the functions it is in and what it waits for.
   *
   * @example
   * ```ts
   * import { fn, Handle, main, sleep, spawn, yieldNow } from "toki";
   *
   * const worker = fn(function* worker() {
   *   yield* sleep(1000);
   * });
   *
   * await main(function* () {
   *   spawn(worker(), { name: "background" });
   *   yield* yieldNow();
   *   console.log(String(Handle.current().dump()));
   *   // main (running)
   *   //
   *   // task 1 "background" (parked)
   *   // └─ worker  src/app.ts:3:16
   *   //    └─ sleep (1000 ms left)
   * });
   * ```
   */
  dump(): TaskDump {
    return this.#core.dump();
  }
}
