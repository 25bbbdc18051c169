/*
 * Measures polls: how long each took, and how long its task had been waiting for its turn. Exists only on runtimes whose options ask for it.
 *
 *   scheduledAt   undefined -> the moment of the first wake since the last poll    scheduled(), waited(), afterPoll()
 *                 -> undefined as the poll begins                                  beforePoll()
 *
 * Only the first wake counts: the executor queues a task once however often it is woken. A wake that comes while the task is being polled is not seen by
 * the executor before the poll has ended, and is dated to that moment.
 *
 * The times are real ones, also while the runtime's clock is paused.
 */
import type { Host } from "../driver/host.js";
import type { RuntimeOptions } from "../options.js";
import { COMPLETE, ROOT, SCHEDULED, type Task } from "../task/task.js";
import { TaskExtra } from "../task/task-extra.js";
import { HistogramCounts } from "./histogram.js";
import { bucketStarts, DEFAULT_HISTOGRAM, type HistogramConfiguration } from "./histogram-configuration.js";

/** @internal */
export class PollObserver {
  readonly pollTime: HistogramCounts | undefined;
  readonly latency: HistogramCounts | undefined;
  /** Both, by POLL_TIME and LATENCY. */
  readonly histograms: readonly (HistogramCounts | undefined)[];
  readonly tracksLatency: boolean;
  readonly #host: Host;

  private constructor(options: RuntimeOptions, host: Host) {
    this.pollTime = histogramOf(options.pollTimeHistogram);
    this.latency = histogramOf(options.scheduleLatencyHistogram);
    this.histograms = [this.pollTime, this.latency];
    this.tracksLatency = options.trackScheduleLatency === true || this.latency !== undefined;
    this.#host = host;
  }

  /** The observer the options ask for, or none. */
  static from(options: RuntimeOptions, host: Host): PollObserver | undefined {
    const { trackScheduleLatency, pollTimeHistogram, scheduleLatencyHistogram } = options;
    return trackScheduleLatency || pollTimeHistogram || scheduleLatencyHistogram
      ? new PollObserver(options, host)
      : undefined;
  }

  /** A task was woken and is about to be queued. */
  scheduled(task: Task<unknown>): void {
    if (!this.tracksLatency || (task.state & ROOT) !== 0) return;
    task.extra ??= new TaskExtra();
    task.extra.scheduledAt = this.#host.now();
  }

  /** A task came from another thread's queue, where it had been waiting for `ms`. */
  waited(task: Task<unknown>, ms: number): void {
    task.extra ??= new TaskExtra();
    task.extra.scheduledAt = this.#host.now() - ms;
  }

  beforePoll(task: Task<unknown>): void {
    task.extra ??= new TaskExtra();
    const { extra } = task;
    const now = this.#host.now();
    extra.pollStartedAt = now;
    if (extra.scheduledAt === undefined) return;
    extra.latency = now - extra.scheduledAt;
    extra.scheduledAt = undefined;
    this.latency?.record(extra.latency);
  }

  afterPoll(task: Task<unknown>): void {
    const { extra, state } = task;
    if (extra === null) return;
    const now = this.#host.now();
    this.pollTime?.record(now - extra.pollStartedAt);
    extra.latency = undefined;
    if (this.tracksLatency && (state & (SCHEDULED | COMPLETE)) === SCHEDULED) extra.scheduledAt = now;
  }
}

function histogramOf(option: boolean | HistogramConfiguration | undefined): HistogramCounts | undefined {
  if (option === undefined || option === false) return undefined;
  return new HistogramCounts(bucketStarts(option === true ? DEFAULT_HISTOGRAM : option, "Runtime", "histogram"));
}
