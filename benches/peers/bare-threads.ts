/**
 * The same work as the fan-outs on threads without a scheduler: the pieces are dealt out beforehand, each thread gets an equal part in one message. What
 * two such threads gain over one is what the machine has to give at that moment.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Bench, expectEqual, type Suite, since, THREADS_WARM_UP_NS } from "../lib/measure.js";
import type { Pieces } from "../threads/bare-worker.js";
import { ProcessorTime } from "../threads/processor-time.js";
import { checksum, EVEN, FINE, SKEWED } from "../threads/work.js";

/** Deals the pieces like cards, each to the thread that has the least, the long ones first. */
function deal(sizes: readonly number[], threads: number): Pieces[] {
  const hands = Array.from({ length: threads }, () => ({ units: 0, pieces: [] as (readonly [number, number])[] }));
  const order = sizes.map((units, seed) => [units, seed] as const).sort((a, b) => b[0] - a[0]);
  for (const card of order) {
    const hand = hands.reduce((least, other) => (other.units < least.units ? other : least));
    hand.units += card[0];
    hand.pieces.push(card);
  }
  return hands.map((hand) => hand.pieces);
}

function fanOut(threads: number, sizes: readonly number[]): Bench {
  const processor = new ProcessorTime();
  const hands = deal(sizes, threads);
  const workers: Worker[] = [];
  async function round(): Promise<number> {
    const sums = workers.map(async (worker, i) => {
      worker.postMessage(hands[i]);
      const [sum] = (await once(worker, "message")) as [number];
      return sum;
    });
    return (await Promise.all(sums)).reduce((all, sum) => all + sum, 0);
  }
  return {
    batch: sizes.length,
    warmUp: THREADS_WARM_UP_NS,
    async setup() {
      for (let i = 0; i < threads; i++) workers.push(new Worker(new URL("../threads/bare-worker.js", import.meta.url)));
      await round();
    },
    async run(n) {
      processor.begin();
      const start = performance.now();
      let sum = 0;
      for (let done = 0; done < n; done += sizes.length) sum += await round();
      const took = since(start);
      processor.end(n);
      expectEqual(sum, (n / sizes.length) * checksum(sizes), "sum of the pieces");
      return took;
    },
    detail: () => processor.describe(),
  };
}

export const suite: Suite = {
  "fan-out-even:1": fanOut(1, EVEN),
  "fan-out-even:2": fanOut(2, EVEN),
  "fan-out-fine:1": fanOut(1, FINE),
  "fan-out-fine:2": fanOut(2, FINE),
  "fan-out-skewed:1": fanOut(1, SKEWED),
  "fan-out-skewed:2": fanOut(2, SKEWED),
};
