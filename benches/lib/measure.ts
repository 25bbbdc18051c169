/**
 * How one benchmark is timed inside its own process.
 *
 * A benchmark is a function that performs `n` operations and returns the nanoseconds they took, so that its setup stays out of
 * the figure. The size of a sample is found by running the benchmark with a growing `n`, which also warms it up.
 */

export interface Bench {
  /** Performs `n` operations (a multiple of `batch`) and gives the nanoseconds they took. */
  run(n: number): number | Promise<number>;
  /** `n` is always a multiple of this. Default 1. */
  batch?: number;
  /** How long it runs before it is measured, in nanoseconds: for threads, each of which has to warm up by itself. Default WARM_UP_NS. */
  warmUp?: number;
  /** Runs once, before anything is timed. */
  setup?(): unknown;
  /** Said beside the figure: counters of what was done, read after the last sample. */
  detail?(): string;
}

/** Measures something that is not a time, once per process: bytes for each sleeping task. */
export interface Gauge {
  gauge(): number | Promise<number>;
}

export type Suite = Readonly<Record<string, Bench | Gauge>>;

const SAMPLES = 5;
const SAMPLE_NS = 60e6;
const WARM_UP_NS = 250e6;
/** For work on several threads. */
export const THREADS_WARM_UP_NS = 1500e6;

let sink: unknown;

/** Keeps a result alive, so that the work which made it cannot be optimised away. */
export function consume(value: unknown): void {
  sink = value;
}

/** The last consumed value; exported so that `consume` has an observable effect. */
export function consumed(): unknown {
  return sink;
}

/** Fails the benchmark when it did not do the work it was timed for. */
export function expectEqual(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

let lastTurn = 0;
let repeats = 0;

/** Says which of two tasks has the turn, so that `expectTurns` can tell whether they took turns. */
export function turn(task: number): void {
  if (lastTurn === task) repeats++;
  lastTurn = task;
}

/** Fails when two tasks that yielded `n` times in all did not take turns: a yield that goes on at once is not a yield. */
export function expectTurns(n: number): void {
  if (repeats > n * 0.05 + 10)
    throw new Error(`yield: ${repeats} of ${n} turns went to the task that had just yielded`);
  lastTurn = repeats = 0;
}

/** The sum of 1..n: what the children of a benchmark return in total. */
export function sumTo(n: number): number {
  return (n * (n + 1)) / 2;
}

/** The numbers from 1 to n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** What the streams of a benchmark make of 1..n: all are doubled, and those that 4 divides are summed. */
export function sumOfFours(n: number): number {
  const half = Math.floor(n / 2);
  return 2 * half * (half + 1);
}

/** Nanoseconds since `start`, a `performance.now()`. */
export function since(start: number): number {
  return (performance.now() - start) * 1e6;
}

export async function measure(bench: Bench | Gauge): Promise<number[]> {
  if ("gauge" in bench) return [await bench.gauge()];
  const batch = bench.batch ?? 1;
  await bench.setup?.();
  let n = batch * Math.ceil(100 / batch);
  for (let spent = 0; ; ) {
    const took = await bench.run(n);
    spent += took;
    if (took >= SAMPLE_NS) {
      if (spent >= (bench.warmUp ?? WARM_UP_NS)) break;
      continue;
    }
    const growth = Math.min(8, Math.max(1.2, (SAMPLE_NS / Math.max(took, 1)) * 1.1));
    n = Math.ceil((n * growth) / batch) * batch;
  }
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    globalThis.gc?.();
    samples.push((await bench.run(n)) / n);
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Heap and off-heap bytes in use after a full collection: typed arrays count, wherever they live. */
export function bytesInUse(): number {
  if (globalThis.gc === undefined) throw new Error("run node with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  const usage = process.memoryUsage();
  return usage.heapUsed + usage.external;
}
