/** Native promises: what a program without any library writes. */
import {
  type Bench,
  bytesInUse,
  consume,
  expectEqual,
  expectTurns,
  type Gauge,
  type Suite,
  since,
  sumOfFours,
  sumTo,
  turn,
  upTo,
} from "../lib/measure.js";

async function child(x: number): Promise<number> {
  return x + 1;
}

/** A task that starts in a turn of its own, as a spawned task does; a plain async call starts inside its caller. */
async function task(x: number): Promise<number> {
  await null;
  return x + 1;
}

async function readyChild(n: number): Promise<number> {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await child(i);
  const took = since(start);
  expectEqual(sum, sumTo(n), "ready-child");
  return took;
}

async function spawnJoin(n: number): Promise<number> {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const handle = task(i);
    sum += await handle;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join");
  return took;
}

async function spawnJoinEager(n: number): Promise<number> {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const handle = child(i);
    sum += await handle;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join-eager");
  return took;
}

async function spawnJoin1000(n: number): Promise<number> {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < n; done += 1000) {
    const handles: Promise<number>[] = [];
    for (let i = 0; i < 1000; i++) handles.push(task(done + i));
    for (const value of await Promise.all(handles)) sum += value;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join-1000");
  return took;
}

async function yieldAlone(n: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < n; i++) await null;
  return since(start);
}

async function nested(depth: number, n: number, task: number): Promise<void> {
  if (depth > 1) return await nested(depth - 1, n, task);
  for (let i = 0; i < n; i++) {
    turn(task);
    await null;
  }
}

async function yieldInTurns(depth: number, n: number): Promise<number> {
  const start = performance.now();
  await Promise.all([nested(depth, n / 2, 1), nested(depth, n / 2, 2)]);
  const took = since(start);
  expectTurns(n);
  return took;
}

const yieldAt = (depth: number): Bench => ({ run: (n) => yieldInTurns(depth, n), batch: 2 });

const SLEEPERS = 1_000_000;
let asleep = 0;

async function sleeper(): Promise<void> {
  asleep++;
  await new Promise<void>((resolve) => setTimeout(resolve, 600_000));
  asleep--;
}

function sleepingTasks(keep: boolean): Gauge {
  return {
    gauge() {
      const kept: Promise<void>[] = [];
      const before = bytesInUse();
      for (let i = 0; i < SLEEPERS; i++) {
        const handle = sleeper();
        if (keep) kept.push(handle);
      }
      const bytes = (bytesInUse() - before) / SLEEPERS;
      expectEqual(asleep, SLEEPERS, "tasks asleep");
      consume(kept);
      return bytes;
    },
  };
}

async function* each(numbers: readonly number[]): AsyncGenerator<number> {
  for (const x of numbers) yield x;
}

async function* doubled(numbers: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const x of numbers) yield x * 2;
}

async function* fours(numbers: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const x of numbers) if (x % 4 === 0) yield x;
}

async function* throughChild(numbers: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const x of numbers) yield await child(x);
}

async function sumOf(numbers: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const x of numbers) sum += x;
  return sum;
}

async function streamFold(n: number): Promise<number> {
  const numbers = upTo(n);
  const start = performance.now();
  const sum = await sumOf(fours(doubled(each(numbers))));
  const took = since(start);
  expectEqual(sum, sumOfFours(n), "stream-fold");
  return took;
}

async function streamMapAsync(n: number): Promise<number> {
  const numbers = upTo(n);
  const start = performance.now();
  const sum = await sumOf(throughChild(each(numbers)));
  const took = since(start);
  expectEqual(sum, sumTo(n) + n, "stream-map-async");
  return took;
}

export const suite: Suite = {
  "ready-child": { run: readyChild },
  "spawn-join": { run: spawnJoin },
  "spawn-join-eager": { run: spawnJoinEager },
  "spawn-join-1000": { run: spawnJoin1000, batch: 1000 },
  "yield-now-alone": { run: yieldAlone },
  "yield-now-1": yieldAt(1),
  "yield-now-10": yieldAt(10),
  "yield-now-100": yieldAt(100),
  "stream-fold": { run: streamFold },
  "stream-map-async": { run: streamMapAsync },
  "sleeping-tasks": sleepingTasks(false),
  "sleeping-tasks-joinable": sleepingTasks(true),
};
