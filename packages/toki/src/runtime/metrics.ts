import type { RuntimeCore } from "./core.js";
import * as counter from "./metrics/counters.js";
import { DurationHistogram } from "./metrics/histogram.js";
import { LATENCY, type MetricsSource, POLL_TIME, ThreadMetrics } from "./metrics/metrics-source.js";
import { checkThread } from "./metrics/threads.js";

/**
 * Counters and gauges of a runtime: a live view, each getter reads the value of the moment. Counts run from the runtime's start and can still be read after its
 * shutdown.
 *
 * What is counted for each worker takes its index, from 0 to `numWorkers - 1`, or `"main"`: the thread that made the runtime, which runs all that is not
 * portable. On the current-thread runtime that thread is worker 0, so both mean the same; on the multi-thread runtime it is none of the workers, and everything of
 * theirs is 0 until the first portable call starts them.
 *
 * **Between threads**: every thread of a runtime sees the counters of all, in a task through `Handle.current().metrics()`. A worker shows its own to the others as it looks
 * up between polls (at least every 61), and when it goes idle: while one long poll is under way they are those of its beginning. On the thread that counts they are exact.
 * Counters of different threads, and sums of them, are not of one instant. A worker that takes the place of one that died goes on with its numbers.
 *
 * @example
 * ```ts
 * import { fn, Handle, main, spawn } from "toki";
 *
 * const double = fn(import.meta, function* double(n: number) {
 *   return 2 * n;
 * });
 *
 * await main(
 *   function* () {
 *     yield* spawn(double(21));
 *     const metrics = Handle.current().metrics();
 *     console.log(metrics.numWorkers, metrics.spawnedTasksCount); // 2 1
 *     for (let worker = 0; worker < metrics.numWorkers; worker++) {
 *       console.log(worker, metrics.workerPollCount(worker), metrics.workerStealCount(worker), metrics.workerTotalBusyDuration(worker));
 *     }
 *   },
 *   { workerThreads: 2 },
 * );
 * ```
 */
export class RuntimeMetrics {
  readonly #core: RuntimeCore;
  readonly #source: MetricsSource;

  /** @internal */
  constructor(core: RuntimeCore) {
    this.#core = core;
    this.#source = core.threads?.metrics ?? new ThreadMetrics(core);
  }

  /** Workers: 1 on the current-thread runtime, `workerThreads` on the multi-thread runtime, also before they are started. */
  get numWorkers(): number {
    return this.#source.workers;
  }

  /** Threads of the blocking pool: starting, idle and busy. */
  get numBlockingThreads(): number {
    return this.#sum(counter.BLOCKING_THREADS);
  }

  /** Threads of the blocking pool that wait for a job. */
  get numIdleBlockingThreads(): number {
    return this.#sum(counter.IDLE_BLOCKING_THREADS);
  }

  /** Blocking jobs that no thread has begun. */
  get blockingQueueDepth(): number {
    return this.#sum(counter.BLOCKING_QUEUE);
  }

  /**
   * Tasks that were spawned and are not over, blocking jobs included; the body of `main`, `run` and `blockOn` does not count. One that runs on a worker counts
   * once, until its end is known where it was spawned.
   */
  get numAliveTasks(): number {
    return this.#sum(counter.ALIVE_TASKS);
  }

  /** Tasks that were ever spawned, on whatever thread. */
  get spawnedTasksCount(): number {
    return this.#sum(counter.SPAWNED_TASKS);
  }

  /**
   * Tasks that are in no worker's own queue and wait for their turn: calls that were spawned outside of the workers or were too many for a worker's queue, and tasks
   * that were woken from outside the runtime's own tasks.
   */
  get globalQueueDepth(): number {
    return this.#source.sharedDepth + this.#sum(counter.INJECT_DEPTH);
  }

  /** Wakes that came from outside the runtime's own tasks, and calls that were queued for the workers by the thread that made the runtime. */
  get remoteScheduleCount(): number {
    return this.#sum(counter.REMOTE_SCHEDULES);
  }

  /** How often a task used up its cooperative budget and was made to yield. */
  get budgetForcedYieldCount(): number {
    return this.#sum(counter.FORCED_YIELDS);
  }

  /** Sockets and listeners that were opened. */
  get ioRegisteredCount(): number {
    return this.#sum(counter.IO_REGISTERED);
  }

  /** Sockets and listeners that were closed. */
  get ioDeregisteredCount(): number {
    return this.#sum(counter.IO_DEREGISTERED);
  }

  /** How often a read, write or accept that waited was told to go on. */
  get ioReadyCount(): number {
    return this.#sum(counter.IO_READY);
  }

  /** How long polls of tasks took; empty unless the options ask for it. */
  get pollTimeHistogram(): DurationHistogram {
    return new DurationHistogram(this.#core.observer?.pollTime, this.#source, POLL_TIME);
  }

  /** How long tasks waited from wake to poll, calls on their way to a worker included; empty unless the options ask for it. */
  get scheduleLatencyHistogram(): DurationHistogram {
    return new DurationHistogram(this.#core.observer?.latency, this.#source, LATENCY);
  }

  /** Tasks in the worker's own queue, without the one in its LIFO slot. */
  workerLocalQueueDepth(worker: number | "main"): number {
    const thread = checkThread(this.#source, worker, "RuntimeMetrics.workerLocalQueueDepth");
    const stealable = worker === "main" ? 0 : this.#source.stealableDepth(thread);
    return stealable + (this.#source.counters(thread)[counter.LOCAL_DEPTH] as number);
  }

  /** Milliseconds the worker has spent running tasks. */
  workerTotalBusyDuration(worker: number | "main"): number {
    return this.#of(worker, counter.BUSY_MS, "workerTotalBusyDuration");
  }

  /** How often the worker went idle. */
  workerParkCount(worker: number | "main"): number {
    return this.#of(worker, counter.PARKS, "workerParkCount");
  }

  /** How often the worker went idle or came back: odd while it is idle. */
  workerParkUnparkCount(worker: number | "main"): number {
    return this.#of(worker, counter.TRANSITIONS, "workerParkUnparkCount");
  }

  /** How often the worker was woken and found nothing to run. */
  workerNoopCount(worker: number | "main"): number {
    return this.#of(worker, counter.NOOPS, "workerNoopCount");
  }

  /** Polls of tasks. */
  workerPollCount(worker: number | "main"): number {
    return this.#of(worker, counter.POLLS, "workerPollCount");
  }

  /** Wakes that came from the worker's own tasks, and calls that they spawned. */
  workerLocalScheduleCount(worker: number | "main"): number {
    return this.#of(worker, counter.LOCAL_SCHEDULES, "workerLocalScheduleCount");
  }

  /** Tasks the worker took from other workers: none on the current-thread runtime. */
  workerStealCount(worker: number | "main"): number {
    return this.#of(worker, counter.STEALS, "workerStealCount");
  }

  /** How often the worker took tasks from another one, half of its queue each time: never on the current-thread runtime. */
  workerStealOperations(worker: number | "main"): number {
    return this.#of(worker, counter.STEAL_OPERATIONS, "workerStealOperations");
  }

  /** How often the worker's queue was full, so that half of it went to the global queue: never for `"main"`, whose own queue grows. */
  workerOverflowCount(worker: number | "main"): number {
    return this.#of(worker, counter.OVERFLOWS, "workerOverflowCount");
  }

  /**
   * Milliseconds a poll takes on this worker: a moving average in which each poll weighs a tenth. It is measured over stretches of polls, the work of taking tasks and
   * sending outcomes included, and decides how often the worker looks at the global queue. 0 for `"main"`, on the current-thread runtime, and before the
   * worker has started.
   */
  workerMeanPollTime(worker: number | "main"): number {
    return this.#of(worker, counter.MEAN_POLL_MS, "workerMeanPollTime");
  }

  /** The `threadId` that `node:worker_threads` gives the worker; undefined before it has started. */
  workerThreadId(worker: number | "main"): number | undefined {
    const thread = this.#of(worker, counter.THREAD, "workerThreadId");
    return thread === 0 ? undefined : thread - 1;
  }

  #of(worker: number | "main", place: number, method: string): number {
    const thread = checkThread(this.#source, worker, `RuntimeMetrics.${method}`);
    return this.#source.counters(thread)[place] as number;
  }

  #sum(place: number): number {
    const source = this.#source;
    let sum = 0;
    for (let thread = 0; thread <= source.maker; thread++) sum += source.counters(thread)[place] as number;
    return sum;
  }
}
