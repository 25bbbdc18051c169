import { invalidArgument } from "../internal/invalid-argument.js";
import type { Duration } from "../time/duration.js";
import { LocalRuntime } from "./local-runtime.js";
import type { HistogramConfiguration } from "./metrics/histogram-configuration.js";
import type { RuntimeFlavor, RuntimeOptions } from "./options.js";
import { validateOptions } from "./options.js";
import { Runtime } from "./runtime.js";

/**
 * Builds a {@link Runtime} step by step: Tokio's builder, a thin layer over {@link RuntimeOptions}. Unlike `new Runtime()`, which enables everything, a
 * builder starts with timers and IO disabled.
 *
 * Each setter checks its argument and returns the builder; setting something again replaces it.
 *
 * @example
 * ```ts
 * import { Builder, sleep } from "toki";
 *
 * const rt = Builder.currentThread().enableAll().name("jobs").build();
 * await rt.run(function* () {
 *   yield* sleep(1);
 * });
 * await rt.shutdown();
 * ```
 */
export class Builder {
  readonly #options: RuntimeOptions;

  private constructor(flavor: RuntimeFlavor) {
    this.#options = { flavor, enableTime: false, enableIo: false };
  }

  /** A builder of the scheduler that runs every task on the calling thread. */
  static currentThread(): Builder {
    return new Builder("currentThread");
  }

  /** A builder of the scheduler that spreads calls of portable functions over worker threads. */
  static multiThread(): Builder {
    return new Builder("multiThread");
  }

  /** How many worker threads the multi-thread scheduler has; the other one takes no notice. */
  workerThreads(count: number): this {
    return this.#set({ workerThreads: count });
  }

  /** The heap of each worker thread, in bytes. */
  threadMemoryLimit(bytes: number): this {
    return this.#set({ threadMemoryLimit: bytes });
  }

  #set(options: RuntimeOptions): this {
    validateOptions(options, `Builder.${Object.keys(options)[0]}`);
    Object.assign(this.#options, options);
    return this;
  }

  /** Enables timers and IO. */
  enableAll(): this {
    return this.enableTime().enableIo();
  }

  /** Enables sockets and signals. */
  enableIo(): this {
    return this.#set({ enableIo: true });
  }

  /** Enables timers. */
  enableTime(): this {
    return this.#set({ enableTime: true });
  }

  /** Names the runtime in reports. */
  name(name: string): this {
    return this.#set({ name });
  }

  /** Polls between looks at the queue of wakes from outside. */
  globalQueueInterval(polls: number): this {
    return this.#set({ globalQueueInterval: polls });
  }

  /** Polls between looks at timers and the event loop. */
  eventInterval(polls: number): this {
    return this.#set({ eventInterval: polls });
  }

  /** Wakes, and calls that a task on a worker spawns, go to the back of the queue; none runs next. For wakes that is the default. */
  disableLifoSlot(): this {
    return this.#set({ lifoSlot: false });
  }

  /** What a task's failure does to the runtime. */
  unhandledPanic(behavior: "ignore" | "shutdownRuntime"): this {
    return this.#set({ unhandledPanic: behavior });
  }

  /** Seed of `select`'s random start. */
  rngSeed(seed: number): this {
    return this.#set({ rngSeed: seed });
  }

  /** Starts with the clock paused. */
  startPaused(paused = true): this {
    return this.#set({ startPaused: paused });
  }

  /** Called inside `spawn`, before the task is queued. */
  onTaskSpawn(callback: NonNullable<RuntimeOptions["onTaskSpawn"]>): this {
    return this.#set({ onTaskSpawn: callback });
  }

  /** Called once when a task is over. */
  onTaskTerminate(callback: NonNullable<RuntimeOptions["onTaskTerminate"]>): this {
    return this.#set({ onTaskTerminate: callback });
  }

  /** Called before each poll of a task. */
  onBeforeTaskPoll(callback: NonNullable<RuntimeOptions["onBeforeTaskPoll"]>): this {
    return this.#set({ onBeforeTaskPoll: callback });
  }

  /** Called after each poll of a task. */
  onAfterTaskPoll(callback: NonNullable<RuntimeOptions["onAfterTaskPoll"]>): this {
    return this.#set({ onAfterTaskPoll: callback });
  }

  /** Tells of polls that hold their thread for so long. */
  slowPollThreshold(threshold: Duration): this {
    return this.#set({ slowPollThreshold: threshold });
  }

  /** Called for each slow poll on this thread. */
  onSlowPoll(callback: NonNullable<RuntimeOptions["onSlowPoll"]>): this {
    return this.#set({ onSlowPoll: callback });
  }

  /** Most threads of the blocking pool. */
  maxBlockingThreads(threads: number): this {
    return this.#set({ maxBlockingThreads: threads });
  }

  /** How long a thread of the blocking pool waits for its next job before it ends. */
  threadKeepAlive(duration: Duration): this {
    return this.#set({ threadKeepAlive: duration });
  }

  /** Names the threads that the runtime starts. */
  threadName(name: string): this {
    this.#set({ threadName: name });
    delete this.#options.threadNameFn;
    return this;
  }

  /** Called for the name of each thread that is started. */
  threadNameFn(name: () => string): this {
    this.#set({ threadNameFn: name });
    delete this.#options.threadName;
    return this;
  }

  /** Stack of the threads that the runtime starts, in bytes. */
  threadStackSize(bytes: number): this {
    return this.#set({ threadStackSize: bytes });
  }

  /** Called when the runtime starts to be driven. */
  onThreadStart(callback: () => void): this {
    return this.#set({ onThreadStart: callback });
  }

  /** Called once when the runtime has shut down. */
  onThreadStop(callback: () => void): this {
    return this.#set({ onThreadStop: callback });
  }

  /** Called before the thread goes idle. */
  onThreadPark(callback: () => void): this {
    return this.#set({ onThreadPark: callback });
  }

  /** Called when the thread goes on. */
  onThreadUnpark(callback: () => void): this {
    return this.#set({ onThreadUnpark: callback });
  }

  /** Counts how long each poll of a task takes, by buckets. */
  enableMetricsPollTimeHistogram(): this {
    return this.#set({ pollTimeHistogram: this.#options.pollTimeHistogram || true });
  }

  /** Sets the buckets of the poll-time histogram, and enables it. */
  metricsPollTimeHistogram(configuration: HistogramConfiguration): this {
    return this.#set({ pollTimeHistogram: configuration });
  }

  /** Measures how long each task waits from wake to poll, for the hooks of a poll. */
  trackScheduleLatency(): this {
    return this.#set({ trackScheduleLatency: true });
  }

  /** Counts how long tasks wait from wake to poll, by buckets. */
  enableScheduleLatencyHistogram(configuration: HistogramConfiguration | true = true): this {
    return this.#set({ scheduleLatencyHistogram: configuration });
  }

  /**
   * Makes the runtime.
   *
   * @throws InvalidArgumentError if the options do not go together, such as a paused clock without timers
   */
  build(): Runtime {
    return new Runtime(this.#options);
  }

  /**
   * Makes a runtime that runs every task on this thread.
   *
   * @throws InvalidArgumentError from a builder of the multi-thread scheduler, or if the options do not go together
   *
   * @example
   * ```ts
   * import { Builder } from "toki";
   *
   * const rt = Builder.currentThread().enableAll().buildLocal();
   * console.log(rt.blockOn(rt.spawnLocal(function* () { return 42; }))); // 42
   * ```
   */
  buildLocal(): LocalRuntime {
    const { flavor } = this.#options;
    if (flavor !== "currentThread") {
      throw invalidArgument(
        "Builder.buildLocal",
        "flavor",
        '"currentThread": begin with Builder.currentThread()',
        flavor,
      );
    }
    return new LocalRuntime(this.#options);
  }
}
