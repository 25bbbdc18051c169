import type { RuntimeCore } from "../core.js";
import { COUNTERS, readCounters, THREAD } from "./counters.js";

/** Of a thread's two histograms, that of poll times. @internal */
export const POLL_TIME = 0;
/** That of schedule latencies. @internal */
export const LATENCY = 1;

/** Where the metrics of a runtime are read. Threads are the workers, from 0, and the one that made the runtime. @internal */
export interface MetricsSource {
  readonly workers: number;
  /** The number of the thread that made the runtime: the only worker there is, or the one after them. */
  readonly maker: number;
  /** What a thread has counted (counters.ts): not to be kept. */
  counters(thread: number): Float64Array;
  /** The counts of a thread's histogram, by bucket; undefined if it has counted none. */
  histogram(thread: number, kind: number): Float64Array | undefined;
  /** Tasks in the queues that all workers take from. */
  readonly sharedDepth: number;
  /** Tasks in the queue of a worker that others steal from. */
  stealableDepth(worker: number): number;
}

/** Those of a runtime of one thread. @internal */
export class ThreadMetrics implements MetricsSource {
  readonly workers = 1;
  readonly maker = 0;
  readonly sharedDepth = 0;
  private readonly rt: RuntimeCore;
  private readonly places = new Float64Array(COUNTERS);

  constructor(rt: RuntimeCore) {
    this.rt = rt;
    this.places[THREAD] = rt.host.threadId + 1;
  }

  counters(): Float64Array {
    readCounters(this.rt, this.places);
    return this.places;
  }

  histogram(_thread: number, kind: number): Float64Array | undefined {
    return this.rt.observer?.histograms[kind]?.counts;
  }

  stealableDepth(): number {
    return 0;
  }
}
