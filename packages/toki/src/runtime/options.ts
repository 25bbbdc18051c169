import { invalidArgument } from "../internal/invalid-argument.js";
import { type Duration, toMillis } from "../time/duration.js";
import { bucketStarts, type HistogramConfiguration } from "./metrics/histogram-configuration.js";
import { type SlowPoll, SlowPolls } from "./metrics/slow-poll.js";

/** How a runtime schedules its tasks. */
export type RuntimeFlavor = "currentThread" | "multiThread";

/** What a hook learns of a task. */
export interface TaskMeta {
  /** The task's id. */
  readonly id: number;
  /** The name given at spawn. */
  readonly name: string | undefined;
  /** When it was spawned, in milliseconds on the runtime's clock. */
  readonly spawnedAt: number;
  /**
   * Milliseconds from the task's first wake to the poll the hook is about; undefined without `trackScheduleLatency`, and in the hooks that are not about a
   * poll.
   */
  readonly scheduleLatency: number | undefined;
}

/** A task's failure that nobody can see any more. */
export interface TaskFailure {
  /** The task's id. */
  readonly id: number;
  /** The name given at spawn. */
  readonly name: string | undefined;
  /** What the task threw. */
  readonly error: unknown;
}

/**
 * Options of a {@link Runtime}. The `Builder` sets the same ones.
 */
export interface RuntimeOptions {
  /**
   * The scheduler. With `"multiThread"`, calls of portable functions (`fn(import.meta, ...)`) that are spawned run on worker threads, and all else on the
   * thread that made the runtime; with `"currentThread"`, everything does. No thread is started before the first such call.
   *
   * @default "multiThread", but "currentThread" with an option that only that one has (`startPaused`, `unhandledPanic`), and where there are no threads
   */
  flavor?: RuntimeFlavor;
  /**
   * Worker threads of the multi-thread scheduler. Above 0.
   *
   * @default the environment's TOKIO_WORKER_THREADS, else the number of processors the process may use
   */
  workerThreads?: number;
  /** Name of the runtime in reports. Not empty. */
  name?: string;
  /** Timers. Without them `sleep`, `timeout` and `interval` throw when they are created. @default true */
  enableTime?: boolean;
  /** Sockets and signals. Without them `toki/net` throws when it is used. @default true */
  enableIo?: boolean;
  /** Start with the clock paused: virtual time from the first instant. @default false */
  startPaused?: boolean;
  /** Polls between looks at timers and the event loop. @default 61, and then the loop gets its turn by time (0.1 ms) */
  eventInterval?: number;
  /**
   * Polls between looks at the queue of wakes that came from outside, and on a worker at what is queued for all workers.
   *
   * @default 31; a worker tunes it by its mean poll time to a look every 0.2 ms, from 2 to 127 polls
   */
  globalQueueInterval?: number;
  /**
   * Run what came last next, at most three times in a row: the task that was woken last, and on a worker the call that one of its tasks spawned last.
   *
   * @default wakes are FIFO, as in Tokio's current-thread scheduler; a worker has a slot for calls that have not begun
   */
  lifoSlot?: boolean;
  /** Seed of `select`'s random start, for runs that repeat. */
  rngSeed?: number;
  /** What a task's failure does to the runtime: nothing, or its end with all its tasks cancelled. @default "ignore" */
  unhandledPanic?: "ignore" | "shutdownRuntime";
  /** Called once for each task failure that nobody can see any more, also of tasks that were spawned on workers. @default prints it */
  onUnhandledFailure?: (failure: TaskFailure) => void;
  /** Called synchronously inside `spawn`, before the task is queued, wherever that will run. Spawns on workers are not seen: hooks stay on this thread. */
  onTaskSpawn?: (meta: TaskMeta) => void;
  /** Called once when a task that `onTaskSpawn` saw is over: finished, failed or cancelled. */
  onTaskTerminate?: (meta: TaskMeta) => void;
  /** Called before each poll of a task on this thread. */
  onBeforeTaskPoll?: (meta: TaskMeta) => void;
  /** Called after each poll of a task on this thread. */
  onAfterTaskPoll?: (meta: TaskMeta) => void;
  /** Most threads of the blocking pool; further jobs wait in order. Above 0. @default 512 */
  maxBlockingThreads?: number;
  /** How long a thread of the blocking pool waits for its next job before it ends. @default 10 s */
  threadKeepAlive?: Duration;
  /** Name of the threads that the runtime starts. Not empty. @default "toki-worker" */
  threadName?: string;
  /** Called for the name of each thread that is started; goes before `threadName`. */
  threadNameFn?: () => string;
  /** Stack of the threads that the runtime starts, in bytes. @default 4 MiB, Node's */
  threadStackSize?: number;
  /** Heap of each worker thread, in bytes: one that needs more ends, its tasks fail, and another one takes its place. @default Node's */
  threadMemoryLimit?: number;
  /** Called when the runtime starts to be driven on this thread, and here for each thread, worker or of the blocking pool, that is started. */
  onThreadStart?: () => void;
  /** Called once when the runtime has shut down, and here for each thread, worker or of the blocking pool, that has ended. */
  onThreadStop?: () => void;
  /** Called before this thread goes idle. May spawn: then it does not. */
  onThreadPark?: () => void;
  /** Called when it goes on; pairs with every park. */
  onThreadUnpark?: () => void;
  /** Count how long each poll of a task takes, by buckets: `metrics().pollTimeHistogram`. Reads the clock twice a poll. @default false */
  pollTimeHistogram?: boolean | HistogramConfiguration;
  /** Count how long tasks wait from wake to poll, by buckets: `metrics().scheduleLatencyHistogram`. @default false */
  scheduleLatencyHistogram?: boolean | HistogramConfiguration;
  /**
   * Tell of each poll that holds its thread for so long: synchronous code that no timeout can interrupt, and that keeps all other tasks of the thread waiting. For
   * development and tests: it notes before each poll where the task is. On workers, too.
   *
   * @default none is reported; 100 ms with `onSlowPoll`
   */
  slowPollThreshold?: Duration;
  /** Called for each slow poll on this thread. Those on workers are printed. @default prints it */
  onSlowPoll?: (poll: SlowPoll) => void;
  /** Measure how long each task waits from wake to poll: `meta.scheduleLatency` in the hooks of a poll. @default false */
  trackScheduleLatency?: boolean;
}

/** Beyond that, one block of shared memory cannot hold what the workers share. */
const MAX_WORKER_THREADS = 512;

const HOOKS = [
  "onUnhandledFailure",
  "onTaskSpawn",
  "onTaskTerminate",
  "onBeforeTaskPoll",
  "onAfterTaskPoll",
  "onSlowPoll",
  "threadNameFn",
  "onThreadStart",
  "onThreadStop",
  "onThreadPark",
  "onThreadUnpark",
] as const;
const BOOLEANS = ["enableTime", "enableIo", "startPaused", "lifoSlot", "trackScheduleLatency"] as const;
const HISTOGRAMS = ["pollTimeHistogram", "scheduleLatencyHistogram"] as const;

/** Checks options where they are given. @internal */
export function validateOptions(options: RuntimeOptions, where: string): void {
  if (options === null || typeof options !== "object") {
    throw invalidArgument(where, "options", "an object", options);
  }
  const { flavor } = options;
  if (flavor !== undefined && flavor !== "currentThread" && flavor !== "multiThread") {
    throw invalidArgument(where, "flavor", '"currentThread" or "multiThread"', flavor);
  }
  if (flavor === "multiThread") {
    if (options.startPaused === true) {
      throw invalidArgument(
        where,
        "startPaused",
        "false with the multi-thread scheduler, whose clock cannot stand",
        true,
      );
    }
    if (options.unhandledPanic === "shutdownRuntime") {
      throw invalidArgument(where, "unhandledPanic", '"ignore" with the multi-thread scheduler', "shutdownRuntime");
    }
  }
  if (options.name !== undefined && (typeof options.name !== "string" || options.name === "")) {
    throw invalidArgument(where, "name", "a string that is not empty", options.name);
  }
  for (const key of ["eventInterval", "globalQueueInterval"] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw invalidArgument(where, key, "an integer above 0", value);
    }
  }
  for (const key of ["workerThreads", "maxBlockingThreads", "threadStackSize", "threadMemoryLimit"] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw invalidArgument(where, key, "an integer above 0", value);
    }
  }
  if ((options.workerThreads ?? 1) > MAX_WORKER_THREADS) {
    throw invalidArgument(where, "workerThreads", `an integer from 1 to ${MAX_WORKER_THREADS}`, options.workerThreads);
  }
  if (options.threadKeepAlive !== undefined) toMillis(options.threadKeepAlive, where, "threadKeepAlive");
  if (options.threadName !== undefined && (typeof options.threadName !== "string" || options.threadName === "")) {
    throw invalidArgument(where, "threadName", "a string that is not empty", options.threadName);
  }
  if (options.rngSeed !== undefined && !Number.isSafeInteger(options.rngSeed)) {
    throw invalidArgument(where, "rngSeed", "an integer", options.rngSeed);
  }
  const panic = options.unhandledPanic;
  if (panic !== undefined && panic !== "ignore" && panic !== "shutdownRuntime") {
    throw invalidArgument(where, "unhandledPanic", '"ignore" or "shutdownRuntime"', panic);
  }
  for (const key of HOOKS) {
    if (options[key] !== undefined && typeof options[key] !== "function")
      throw invalidArgument(where, key, "a function", options[key]);
  }
  for (const key of BOOLEANS) {
    if (options[key] !== undefined && typeof options[key] !== "boolean")
      throw invalidArgument(where, key, "a boolean", options[key]);
  }
  for (const key of HISTOGRAMS) {
    if (options[key] !== undefined && typeof options[key] !== "boolean") bucketStarts(options[key], where, key);
  }
  SlowPolls.check(options, where);
  if (options.startPaused === true && options.enableTime === false) {
    throw invalidArgument(where, "startPaused", "false while enableTime is false", true);
  }
}
