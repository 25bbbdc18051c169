/** Piscina with two threads. `-packed` are the same with 64 tasks at a time handed to each thread, its fastest setting for small tasks. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { move, Piscina } from "piscina";
import { type Bench, expectEqual, median, type Suite, since, sumTo, THREADS_WARM_UP_NS } from "../lib/measure.js";
import { ProcessorTime } from "../threads/processor-time.js";
import { BUFFER_BYTES, checksum, EVEN, FINE, GAP_MS, GAPS, SHORT_TEXT, SKEWED, USER } from "../threads/work.js";

const filename = fileURLToPath(new URL("../threads/piscina-worker.js", import.meta.url));

let pool: Piscina;

const start =
  (concurrentTasksPerWorker = 1) =>
  async (): Promise<void> => {
    pool = new Piscina({ filename, minThreads: 2, maxThreads: 2, concurrentTasksPerWorker });
    await Promise.all(Array.from({ length: 200 }, (_, i) => pool.run(i, { name: "increment" })));
  };

async function spawn1000(n: number): Promise<number> {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < n; done += 1000) {
    const results: Promise<number>[] = [];
    for (let i = 0; i < 1000; i++) results.push(pool.run(done + i, { name: "increment" }));
    for (const value of await Promise.all(results)) sum += value;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "threads-spawn-1000");
  return took;
}

async function roundTrip(n: number): Promise<number> {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await pool.run(i, { name: "increment" });
  const took = since(start);
  expectEqual(sum, sumTo(n), "threads-round-trip");
  return took;
}

async function roundTripAsleep(): Promise<number> {
  await start()();
  const times: number[] = [];
  for (let i = 0; i < GAPS; i++) {
    await sleep(GAP_MS);
    const start = performance.now();
    expectEqual(await pool.run(i, { name: "increment" }), i + 1, "increment");
    times.push(since(start));
  }
  return median(times);
}

function echoOf<T>(value: T, size: (value: T) => number): Bench {
  return {
    setup: start(),
    async run(n) {
      const start = performance.now();
      let sum = 0;
      for (let i = 0; i < n; i++) sum += size(await pool.run(value, { name: "echo" }));
      const took = since(start);
      expectEqual(sum, n * size(value), "echo");
      return took;
    },
  };
}

async function moveAround(n: number): Promise<number> {
  let bytes = new Uint8Array(BUFFER_BYTES);
  const start = performance.now();
  for (let i = 0; i < n; i++) bytes = await pool.run(move(bytes), { name: "bounce" });
  const took = since(start);
  expectEqual(bytes.length, BUFFER_BYTES, "bytes that came back");
  return took;
}

function fanOut(sizes: readonly number[]): Bench {
  const processor = new ProcessorTime();
  return {
    setup: start(),
    batch: sizes.length,
    warmUp: THREADS_WARM_UP_NS,
    async run(n) {
      processor.begin();
      const start = performance.now();
      let sum = 0;
      for (let done = 0; done < n; done += sizes.length) {
        const results: Promise<number>[] = sizes.map((units, i) => pool.run([units, i], { name: "piece" }));
        for (const value of await Promise.all(results)) sum += value;
      }
      const took = since(start);
      processor.end(n);
      expectEqual(sum, (n / sizes.length) * checksum(sizes), "sum of the pieces");
      return took;
    },
    detail: () => processor.describe(),
  };
}

export const suite: Suite = {
  "threads-spawn-1000": { setup: start(), run: spawn1000, batch: 1000 },
  "threads-spawn-1000:packed": { setup: start(64), run: spawn1000, batch: 1000 },
  "threads-round-trip": { setup: start(), run: roundTrip },
  "threads-round-trip-asleep": { gauge: roundTripAsleep },
  "threads-text": echoOf(SHORT_TEXT, (text) => text.length),
  "threads-object": echoOf(USER, (user) => user.id + user.name.length + user.tags.length),
  "threads-bytes": echoOf(new Uint8Array(BUFFER_BYTES), (bytes) => bytes.length),
  "threads-bytes-moved": { setup: start(), run: moveAround },
  "fan-out-even": fanOut(EVEN),
  "fan-out-fine": fanOut(FINE),
  "fan-out-skewed": fanOut(SKEWED),
};
