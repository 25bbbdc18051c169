/** One limit of the multi-thread runtime, alone in its process: `threads.js NAME`. Sends its report to the parent. */
import { readFileSync } from "node:fs";
import { fn, fromPromise, type JoinHandle, Runtime, sleep, spawn } from "toki";
import { bytesInUse, expectEqual, sumTo } from "../lib/measure.js";
import { holdThread, increment } from "../threads/functions.js";
import type { LimitReport } from "./child.js";

/** What of the memory between threads is looked at here; it is no public thing. */
interface Arena {
  readonly inUse: number;
  readonly byteLength: number;
}

async function sharedMemory(): Promise<Arena | undefined> {
  const internal = new URL("memory/thread.js", import.meta.resolve("toki"));
  const { mailboxIfAny } = (await import(internal.href)) as { mailboxIfAny(): { arena: Arena } | null };
  return mailboxIfAny()?.arena;
}

/** Threads of this process, where the system says how many. */
function threads(): number | undefined {
  try {
    return Number(/^Threads:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
const counts = (count: number): string => count.toLocaleString("en-US");

const RUNTIMES = 1000;
/** What the first ones leave behind is what is made once and kept. */
const FIRST = 100;

const spawnOne = fn(function* (i: number) {
  return yield* spawn(increment(i));
});

async function runtimes(): Promise<LimitReport> {
  let started = 0;
  let stopped = 0;
  async function one(i: number): Promise<void> {
    await using runtime = new Runtime({
      flavor: "multiThread",
      workerThreads: 1,
      onThreadStart: () => started++,
      onThreadStop: () => stopped++,
    });
    expectEqual(await runtime.run(spawnOne(i)), i + 1, "increment");
  }
  for (let i = 0; i < FIRST; i++) await one(i);
  const arena = await sharedMemory();
  const before = { bytes: bytesInUse(), rss: process.memoryUsage.rss(), threads: threads(), blocks: arena?.inUse };
  const shared = arena?.byteLength ?? 0;
  const start = performance.now();
  for (let i = 0; i < RUNTIMES; i++) await one(i);
  const each = (performance.now() - start) / RUNTIMES;
  const bytesEach = (bytesInUse() + (arena?.byteLength ?? 0) - shared - before.bytes) / RUNTIMES;
  const rss = process.memoryUsage.rss();
  expectEqual(started, stopped, "threads that have ended");
  expectEqual(threads() ?? 0, before.threads ?? 0, "threads of the process afterwards");
  expectEqual(arena?.inUse ?? 0, before.blocks ?? 0, "blocks of shared memory in use afterwards");
  const detail =
    `${each.toFixed(1)} ms each; threads ${before.threads ?? "?"} before and after, ` +
    `blocks of shared memory ${before.blocks ?? "?"} before and after, resident ${mebibytes(before.rss)} before`;
  return { bytesEach, rss, detail };
}

const IDLE_MS = 5000;

async function idle(): Promise<LimitReport> {
  const before = bytesInUse();
  const runtime = new Runtime({ flavor: "multiThread", workerThreads: 2 });
  return await runtime.run(function* () {
    for (let i = 0; i < 1000; i++) expectEqual(yield* spawn(increment(i)), i + 1, "increment");
    yield* sleep(500);
    const metrics = runtime.metrics();
    const polls = (): number => {
      let sum = 0;
      for (let worker = 0; worker < metrics.numWorkers; worker++) sum += metrics.workerPollCount(worker);
      return sum;
    };
    const polled = polls();
    const cpu = process.cpuUsage();
    const start = performance.now();
    yield* sleep(IDLE_MS);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const figure = `${((user + system) / 1000 / seconds).toFixed(2)} ms CPU a second`;
    return {
      bytesEach: bytesInUse() - before,
      rss: process.memoryUsage.rss(),
      figure,
      detail: `2 workers that have run tasks, the main thread in a sleep of ${IDLE_MS / 1000} s; ${counts(polls() - polled)} polls meanwhile`,
    };
  });
}

const MILLION = 1_000_000;

/** Spawns a million tasks while both workers are held, then lets go of them. */
const spawnMillion = fn(function* () {
  expectEqual(yield* spawnOne(0), 1, "increment");
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const held: JoinHandle<void>[] = [];
  // One after the other: a worker may take both before the first one holds it.
  while (held.length < 2) {
    held.push(spawn(holdThread(gate)));
    while (Atomics.load(gate, 1) < held.length) yield* sleep(1);
  }
  const arena = yield* fromPromise(sharedMemory);
  const before = { heap: bytesInUse(), shared: arena?.byteLength ?? 0, blocks: arena?.inUse ?? 0 };
  const handles: JoinHandle<number>[] = [];
  const start = performance.now();
  for (let i = 0; i < MILLION; i++) handles.push(spawn(increment(i)));
  const spawned = performance.now();
  expectEqual(handles.filter((handle) => handle.isFinished()).length, 0, "tasks that were run before all were queued");
  const heap = (bytesInUse() - before.heap) / MILLION;
  const shared = ((arena?.byteLength ?? 0) - before.shared) / MILLION;
  const rss = process.memoryUsage.rss();
  const released = performance.now();
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  let sum = 0;
  for (const handle of handles) sum += yield* handle;
  const joined = performance.now();
  for (const handle of held) yield* handle;
  expectEqual(sum, sumTo(MILLION), "sum of what they returned");
  expectEqual(arena?.inUse ?? 0, before.blocks - 2, "blocks of shared memory in use afterwards");
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const detail =
    `every handle kept; ${Math.round(heap)} B on the heap, ${Math.round(shared)} B shared; ` +
    `spawned in ${seconds(spawned - start)}, run and joined in ${seconds(joined - released)}`;
  return { bytesEach: heap + shared, rss, detail };
});

function queued(): Promise<LimitReport> {
  return new Runtime({ flavor: "multiThread", workerThreads: 2 }).run(spawnMillion());
}

const limits: Readonly<Record<string, () => Promise<LimitReport>>> = {
  "limit-runtimes": runtimes,
  "limit-idle-threads": idle,
  "limit-queued-tasks": queued,
};

const limit = limits[process.argv[2] ?? ""];
if (limit === undefined) throw new Error(`no limit named ${process.argv[2]}`);
const report = await limit();
if (process.send === undefined) console.log(report);
else process.send(report, () => process.exit(0));
