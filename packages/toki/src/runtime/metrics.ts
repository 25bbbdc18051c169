import { invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore } from "./core.js";
import { DurationHistogram } from "./metrics/histogram.js";

/**
 * Counters and gauges of a runtime: a live view, each getter reads the value of the moment. Counts run from the runtime's start.
 *
 * @example
 * ```ts
 * import { Handle, main, spawn } from "toki";
 *
 * await main(function* () {
 *   yield* spawn(function* () {});
 *   const metrics = Handle.current().metrics();
 *   console.log(metrics.numWorkers, metrics.spawnedTasksCount); // 1 1
 * });
 * ```
 */
export class RuntimeMetrics {
  readonly #core: RuntimeCore;

  /** @internal */
  constructor(core: RuntimeCore) {
    this.#core = core;
  }

  /** Threads that run tasks: 1 on the current-thread runtime. */
  get numWorkers(): number {
    return 1;
  }

  /** Threads of the blocking pool: starting, idle and busy. */
  get numBlockingThreads(): number {
    return this.#core.blocking?.numThreads ?? 0;
  }

  /** Threads of the blocking pool that wait for a job. */
  get numIdleBlockingThreads(): number {
    return this.#core.blocking?.numIdle ?? 0;
  }

  /** Blocking jobs that no thread has begun. */
  get blockingQueueDepth(): number {
    return this.#core.blocking?.queueDepth ?? 0;
  }

  /**
   * Tasks that were spawned and are not over, blocking jobs included; the body of `main`, `run` and `blockOn` does not count.
   */
  get numAliveTasks(): number {
    return this.#core.liveTasks;
  }

  /** Tasks that were ever spawned. */
  get spawnedTasksCount(): number {
    return this.#core.spawnedTasks;
  }

  /** Tasks that were woken from outside the runtime's own tasks and wait for their turn. */
  get globalQueueDepth(): number {
    return this.#core.executor.injectDepth;
  }

  /** Wakes that came from outside the runtime's own tasks. */
  get remoteScheduleCount(): number {
    return this.#core.executor.remoteSchedules;
  }

  /** How often a task used up its cooperative budget and was made to yield. */
  get budgetForcedYieldCount(): number {
    return this.#core.executor.forcedYields;
  }

  /** How long polls of tasks took; empty unless the options ask for it. */
  get pollTimeHistogram(): DurationHistogram {
    return new DurationHistogram(this.#core.observer?.pollTime);
  }

  /** How long tasks waited from wake to poll; empty unless the options ask for it. */
  get scheduleLatencyHistogram(): DurationHistogram {
    return new DurationHistogram(this.#core.observer?.latency);
  }

  /** Tasks in the worker's own queue. */
  workerLocalQueueDepth(worker: number): number {
    checkWorker(worker, "workerLocalQueueDepth");
    return this.#core.executor.localDepth;
  }

  /** Milliseconds the worker has spent running tasks. */
  workerTotalBusyDuration(worker: number): number {
    checkWorker(worker, "workerTotalBusyDuration");
    return this.#core.executor.busyMs;
  }

  /** How often the worker went idle. */
  workerParkCount(worker: number): number {
    checkWorker(worker, "workerParkCount");
    return this.#core.executor.parks;
  }

  /** How often the worker went idle or came back: odd while it is idle. */
  workerParkUnparkCount(worker: number): number {
    checkWorker(worker, "workerParkUnparkCount");
    return 2 * this.#core.executor.parks - (this.#core.isParked ? 1 : 0);
  }

  /** How often the worker was woken and found nothing to run. */
  workerNoopCount(worker: number): number {
    checkWorker(worker, "workerNoopCount");
    return this.#core.executor.noops;
  }

  /** Polls of tasks. */
  workerPollCount(worker: number): number {
    checkWorker(worker, "workerPollCount");
    return this.#core.executor.polls;
  }

  /** Wakes that came from the worker's own tasks. */
  workerLocalScheduleCount(worker: number): number {
    checkWorker(worker, "workerLocalScheduleCount");
    return this.#core.executor.localSchedules;
  }

  /** Tasks the worker took from others: none on the current-thread runtime. */
  workerStealCount(worker: number): number {
    checkWorker(worker, "workerStealCount");
    return 0;
  }

  /** How often the worker took tasks from others: never on the current-thread runtime. */
  workerStealOperations(worker: number): number {
    checkWorker(worker, "workerStealOperations");
    return 0;
  }

  /** How often the worker's queue was full: never, it grows. */
  workerOverflowCount(worker: number): number {
    checkWorker(worker, "workerOverflowCount");
    return 0;
  }
}

function checkWorker(worker: number, method: string): void {
  if (worker !== 0) throw invalidArgument(`RuntimeMetrics.${method}`, "worker", "the index of a worker (0)", worker);
}
