import { invalidArgument } from "../../internal/invalid-argument.js";
import type { MetricsSource } from "./metrics-source.js";
import { checkThread } from "./threads.js";

/** Counts of durations by bucket, of one thread. @internal */
export class HistogramCounts {
  readonly starts: Float64Array;
  counts: Float64Array;

  constructor(starts: Float64Array) {
    this.starts = starts;
    this.counts = new Float64Array(starts.length);
  }

  /** From now on it counts in `counts`, what it has counted so far included. */
  moveTo(counts: Float64Array): void {
    for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) + (this.counts[i] as number);
    this.counts = counts;
  }

  record(ms: number): void {
    const { starts } = this;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= ms) low = middle;
      else high = middle - 1;
    }
    this.counts[low] = (this.counts[low] as number) + 1;
  }
}

/**
 * How long something took, by buckets: a live view of a runtime. Off by default, because it reads the clock twice for each poll of a task.
 *
 * @example
 * ```ts
 * import { Runtime, spawn } from "toki";
 *
 * const rt = new Runtime({ pollTimeHistogram: { linear: { width: 1, buckets: 3 } } });
 * await rt.run(function* () {
 *   yield* spawn(function* () {});
 * });
 * const { pollTimeHistogram } = rt.metrics();
 * for (let i = 0; i < pollTimeHistogram.numBuckets; i++) {
 *   const { start, end } = pollTimeHistogram.bucketRange(i);
 *   console.log(`${start} to ${end} ms: ${pollTimeHistogram.bucketCount("main", i)}`); // 0 to 1 ms: 1
 * }
 * await rt.shutdown();
 * ```
 */
export class DurationHistogram {
  readonly #histogram: HistogramCounts | undefined;
  readonly #source: MetricsSource;
  readonly #kind: number;

  /** @internal */
  constructor(histogram: HistogramCounts | undefined, source: MetricsSource, kind: number) {
    this.#histogram = histogram;
    this.#source = source;
    this.#kind = kind;
  }

  /** Whether the runtime keeps it. */
  get enabled(): boolean {
    return this.#histogram !== undefined;
  }

  /** How many buckets there are: 0 when it is not kept. */
  get numBuckets(): number {
    return this.#histogram?.starts.length ?? 0;
  }

  /**
   * What a bucket counts: from `start` up to, not including, `end`, in milliseconds. The last one ends at Infinity.
   *
   * @throws InvalidArgumentError if there is no such bucket
   */
  bucketRange(bucket: number): { readonly start: number; readonly end: number } {
    const starts = this.#checked(bucket, "bucketRange").starts;
    return { start: starts[bucket] as number, end: starts[bucket + 1] ?? Number.POSITIVE_INFINITY };
  }

  /**
   * How many durations a worker has counted in a bucket.
   *
   * @param worker - the index of a worker, or `"main"`: see {@link RuntimeMetrics}
   * @throws InvalidArgumentError if there is no such worker or bucket
   */
  bucketCount(worker: number | "main", bucket: number): number {
    const thread = checkThread(this.#source, worker, "DurationHistogram.bucketCount");
    this.#checked(bucket, "bucketCount");
    return this.#source.histogram(thread, this.#kind)?.[bucket] ?? 0;
  }

  #checked(bucket: number, method: string): HistogramCounts {
    const histogram = this.#histogram;
    if (histogram !== undefined && Number.isInteger(bucket) && bucket >= 0 && bucket < histogram.starts.length) {
      return histogram;
    }
    const expected = this.enabled
      ? `the index of a bucket (0 to ${this.numBuckets - 1})`
      : "absent: the histogram is not kept";
    throw invalidArgument(`DurationHistogram.${method}`, "bucket", expected, bucket);
  }
}
