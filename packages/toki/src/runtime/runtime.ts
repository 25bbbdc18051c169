import type { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { BlockingJob } from "../task/blocking.js";
import type { JoinHandle } from "../task/join-handle.js";
import { spawnOn } from "../task/spawn.js";
import { spawnBlockingOn } from "../task/spawn-blocking.js";
import { type Duration, toMillis } from "../time/duration.js";
import type { RuntimeCore, SpawnOptions } from "./core.js";
import { createRuntime } from "./create.js";
import type { TaskDump } from "./dump.js";
import { enterRuntime } from "./enter.js";
import { Handle } from "./handle.js";
import type { RuntimeMetrics } from "./metrics.js";
import type { RuntimeOptions } from "./options.js";
import { Wrapped } from "./wrap.js";

/** Options of {@link Runtime.run}. */
export interface RunOptions {
  /** Aborting it cancels the future; the promise rejects with the signal's reason once cleanup has ended. */
  signal?: AbortSignal;
}

/**
 * Runs tasks: a scheduler, timers, sockets. Calls of portable functions (`fn(import.meta, ...)`) that are spawned run on its worker threads, of which none
 * is started before the first such call; all else runs on the thread that made it. With `flavor: "currentThread"` everything does.
 *
 * A program that is all Toki uses {@link main} and never sees one. A `Runtime` is for plain async code that runs futures (`await rt.run(future)`),
 * for tests, and for several runtimes in one process.
 *
 * Tasks of this thread move only while the runtime is driven: while a `run`, a `blockOn`, a promise taken from a `JoinHandle`, or a shutdown is under way.
 * In between they keep still, as with Tokio's current-thread runtime; those on workers go on.
 *
 * A runtime and its handles belong to the thread that made it. Tasks on its workers have a `Handle` of their own: `Handle.current()`.
 *
 * @example
 * ```ts
 * import { Runtime, sleep } from "toki";
 *
 * await using rt = new Runtime();
 * const value = await rt.run(function* () {
 *   yield* sleep(10);
 *   return 42;
 * });
 * console.log(value); // 42
 * ```
 */
export class Runtime implements AsyncDisposable {
  readonly #core: RuntimeCore;
  #handle: Handle | undefined;

  /**
   * @throws InvalidArgumentError if an option is not what it should be
   */
  constructor(options: RuntimeOptions = {}) {
    this.#core = createRuntime(options, "Runtime");
  }

  /** A handle to spawn from anywhere. It does not keep the runtime alive. */
  get handle(): Handle {
    this.#handle ??= new Handle(this.#core);
    return this.#handle;
  }

  /**
   * Runs a future to its end, inside the event loop, and drives every task of the runtime meanwhile. When it is done the promise settles at once;
   * tasks that are left stand still until the next call.
   *
   * @param future - a future or a `function*` body; it is no task: it has no id
   * @param options - a `signal` to cancel it by
   * @throws NestedRuntimeError inside a task; RuntimeShutdownError after shutdown
   * @returns rejects with what the future throws, or with DeadlockError when nothing is left that could wake a task
   *
   * @example
   * ```ts
   * import { Runtime, sleep } from "toki";
   *
   * const rt = new Runtime();
   * await rt.run(function* () {
   *   yield* sleep(10);
   * });
   * await rt.shutdown();
   * ```
   */
  run<T>(future: IntoFuture<T>, options?: RunOptions): Promise<T> {
    checkOptions(options, "Runtime.run");
    const signal = options?.signal;
    if (signal !== undefined && typeof signal?.addEventListener !== "function") {
      throw invalidArgument("Runtime.run", "options.signal", "an AbortSignal", signal);
    }
    return this.#core.run(intoFuture(future, "Runtime.run"), signal);
  }

  /**
   * Runs a future to its end and blocks this thread until then. Tasks and timers are driven, workers and blocking jobs go on; the event loop gets no turn, so nothing that comes
   * through it (sockets, promises) can arrive: a future that needs one fails with the deadlock report. Use {@link Runtime.run} for those.
   *
   * @param future - a future or a `function*` body
   * @throws NestedRuntimeError inside a task; RuntimeShutdownError after shutdown; DeadlockError when nothing is left that could wake a task
   *
   * @example
   * ```ts
   * import { Runtime, sleep } from "toki";
   *
   * const rt = new Runtime();
   * const value = rt.blockOn(function* () {
   *   yield* sleep(10);
   *   return 42;
   * });
   * console.log(value); // 42
   * ```
   */
  blockOn<T>(future: IntoFuture<T>): T {
    return this.#core.blockOn(intoFuture(future, "Runtime.blockOn"));
  }

  /**
   * Starts a task from anywhere, also outside of any runtime. It is not polled before this returns.
   *
   * @param future - a future or a `function*` body
   * @param options - a `name` for await trees and reports
   *
   * @example
   * ```ts
   * import { Runtime, sleep } from "toki";
   *
   * const rt = new Runtime();
   * const task = rt.spawn(function* () {
   *   yield* sleep(1);
   *   return "from outside";
   * });
   * console.log(await task); // from outside
   * ```
   */
  spawn<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
    return spawnOn(this.#core, future, options, "Runtime.spawn");
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
    return spawnBlockingOn(this.#core, job, options, "Runtime.spawnBlocking");
  }

  /**
   * Makes this the current runtime until the guard is released, so that `spawn`, `sleep` and `Handle.current` work. It drives nothing; but a task of another
   * runtime that waits for a timer made here drives this one meanwhile, if this is a multi-thread runtime.
   *
   * @throws Error from the guard if guards are released in another order than the reverse of entering
   *
   * @example
   * ```ts
   * import { Runtime, spawn } from "toki";
   *
   * const rt = new Runtime();
   * {
   *   using guard = rt.enter();
   *   spawn(function* () {});
   * }
   * ```
   */
  enter(): Disposable {
    return enterRuntime(this.#core);
  }

  /**
   * Makes a future run in this runtime's context, whichever runtime its task is of: its timers and sockets, and what it spawns, are this one's. This
   * runtime is driven while the future waits. Tokio-util's `RuntimeExt::wrap`.
   *
   * **Cancel safety**: that of `future`.
   *
   * @param future - a future or a `function*` body
   *
   * @example
   * ```ts
   * import { Builder, Runtime, sleep } from "toki";
   *
   * await using timers = new Runtime();
   * await using bare = Builder.currentThread().build(); // no timers
   * await bare.run(timers.wrap(function* () {
   *   yield* sleep(5);
   * }));
   * ```
   */
  wrap<T>(future: IntoFuture<T>): Future<T> {
    return new Wrapped(this.#core, intoFuture(future, "Runtime.wrap"));
  }

  /** Counters and gauges of all the runtime's threads, read live: see {@link RuntimeMetrics}. */
  metrics(): RuntimeMetrics {
    return this.handle.metrics();
  }

  /** Every task with the functions it is in and what it waits for. */
  dump(): TaskDump {
    return this.#core.dump();
  }

  /**
   * Cancels every task at its await and waits until their cleanup has ended, and until blocking jobs that have started are over, however long
   * they take; those that have not are cancelled. Nothing can be spawned or run afterwards.
   *
   * @example
   * ```ts
   * import { pending, Runtime } from "toki";
   *
   * const rt = new Runtime();
   * rt.spawn(pending());
   * await rt.shutdown();
   * ```
   */
  shutdown(): Promise<void> {
    return this.#core.shutdown();
  }

  /**
   * As {@link Runtime.shutdown}, but cleanup that takes longer than `duration` of real time is cut short: its awaits stop waiting, synchronous
   * cleanup still runs. Blocking jobs that are not over by then go on by themselves; they do not keep the process alive.
   */
  shutdownTimeout(duration: Duration): Promise<void> {
    return this.#core.shutdownTimeout(toMillis(duration, "Runtime.shutdownTimeout", "duration"));
  }

  /** Cancels every task without waiting: their synchronous cleanup runs, its awaits do not wait. Allowed everywhere. */
  shutdownBackground(): void {
    this.#core.shutdownBackground();
  }

  /** The same as {@link Runtime.shutdown}: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#core.shutdown();
  }
}
