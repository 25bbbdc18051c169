// The metrics of a runtime whose tasks run on worker threads: exact where the order of events decides, else by waiting for what must come.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { threadId } from "node:worker_threads";
import {
  type DurationHistogram,
  Runtime,
  type RuntimeMetrics,
  type RuntimeOptions,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import * as portable from "./metrics.functions.js";

const LIMIT = { timeout: 60_000 };
/** Turns of the loop before a condition that does not come about is reported: no measure of time, only an end. */
const MAX_TURNS = 2_000_000;

const threaded = (options: RuntimeOptions) => new Runtime({ flavor: "multiThread", workerThreads: 1, ...options });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const cells = () => new SharedArrayBuffer(8);
const isSet = (cell: SharedArrayBuffer) => Atomics.load(new Int32Array(cell), 0) !== 0;

const atEnd = (release: () => void): Disposable => ({ [Symbol.dispose]: release });

function letGo(cell: SharedArrayBuffer): void {
  const words = new Int32Array(cell);
  Atomics.store(words, 1, 1);
  Atomics.notify(words, 1);
}

function everything(metrics: RuntimeMetrics): string {
  const threads = [...Array(metrics.numWorkers).keys(), "main" as const];
  const rows = threads.map((thread) => ({
    thread,
    polls: metrics.workerPollCount(thread),
    transitions: metrics.workerParkUnparkCount(thread),
    depth: metrics.workerLocalQueueDepth(thread),
    steals: metrics.workerStealCount(thread),
  }));
  return JSON.stringify({ alive: metrics.numAliveTasks, global: metrics.globalQueueDepth, rows }, null, 1);
}

/** Goes round the event loop until it is so. */
async function until(metrics: RuntimeMetrics, condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    assert(turns < MAX_TURNS, `${condition} did not come about\n${everything(metrics)}`);
    await turn();
  }
}

const areParked = (metrics: RuntimeMetrics) =>
  [...Array(metrics.numWorkers).keys()].every((worker) => metrics.workerParkUnparkCount(worker) % 2 === 1);
const sum = (metrics: RuntimeMetrics, count: (worker: number) => number) =>
  [...Array(metrics.numWorkers).keys()].reduce((total, worker) => total + count(worker), 0);
/** Has the workers import the module of the functions: a call that waits for that is polled once more. Returns how often they have polled. */
async function warm(rt: Runtime): Promise<number> {
  const metrics = rt.metrics();
  if (metrics.numWorkers === 2) await rt.spawn(portable.warm(cells()));
  else await rt.spawn(portable.polled(1));
  await until(metrics, () => metrics.numAliveTasks === 0 && areParked(metrics));
  return sum(metrics, (worker) => metrics.workerPollCount(worker));
}
const total = (histogram: DurationHistogram, worker: number | "main") =>
  [...Array(histogram.numBuckets).keys()].reduce((all, bucket) => all + histogram.bucketCount(worker, bucket), 0);

describe("RuntimeMetrics of worker threads", () => {
  test("before the first portable call there are workers without threads, and all of theirs is 0", LIMIT, async () => {
    await using rt = threaded({ workerThreads: 3 });
    const metrics = rt.metrics();
    await rt.run(function* () {
      yield* spawn(yieldNow());
    });
    assert.equal(metrics.numWorkers, 3);
    for (const worker of [0, 1, 2]) {
      assert.equal(metrics.workerThreadId(worker), undefined);
      assert.equal(metrics.workerPollCount(worker), 0);
      assert.equal(metrics.workerParkUnparkCount(worker), 0);
      assert.equal(metrics.workerLocalQueueDepth(worker), 0);
      assert.equal(metrics.workerMeanPollTime(worker), 0);
    }
    assert.throws(() => metrics.workerPollCount(3), {
      argument: "worker",
      message: /the index of a worker \(0 to 2\) or "main"/,
    });
    assert.equal(metrics.workerPollCount("main"), 2);
    assert.equal(metrics.workerThreadId("main"), threadId);
  });

  test("polls and spawned tasks are exact once all is over, and stay readable after the shutdown", LIMIT, async () => {
    const rt = threaded({ workerThreads: 2 });
    const metrics = rt.metrics();
    const polls = await warm(rt);
    const main = metrics.workerPollCount("main");
    await rt.run(function* () {
      const handles = Array.from({ length: 100 }, (_, i) => spawn(portable.polled(1 + (i % 4))));
      const local = spawn(yieldNow());
      for (const handle of handles) yield* handle;
      yield* local;
    });
    assert.equal(metrics.numAliveTasks, 0);
    assert.equal(metrics.spawnedTasksCount, 103);
    assert(
      metrics.remoteScheduleCount >= 100,
      "a call that is queued for the workers is scheduled from outside of them",
    );
    await rt.shutdown();
    assert.equal(sum(metrics, (worker) => metrics.workerPollCount(worker)) - polls, 250);
    assert.equal(metrics.workerPollCount("main") - main, 2);
    assert.equal(metrics.spawnedTasksCount, 103);
    for (const worker of [0, 1]) {
      assert.equal(metrics.workerLocalQueueDepth(worker), 0);
      assert(metrics.workerNoopCount(worker) <= metrics.workerParkCount(worker));
    }
    assert(sum(metrics, (worker) => metrics.workerTotalBusyDuration(worker)) > 0);
    assert.equal(rt.metrics().spawnedTasksCount, 103, "a view made later sees the same");
  });

  test("a task that runs elsewhere is alive once", LIMIT, async () => {
    await using rt = threaded({ workerThreads: 2 });
    const metrics = rt.metrics();
    const polls = await warm(rt);
    const spawned = metrics.spawnedTasksCount;
    await rt.run(function* () {
      const handles = Array.from({ length: 5 }, () => spawn(portable.forever()));
      handles.push(spawn(sleep(1e9)));
      assert.equal(metrics.numAliveTasks, 6);
      while (sum(metrics, (worker) => metrics.workerPollCount(worker)) < polls + 5) yield* yieldNow();
      while (!areParked(metrics)) yield* yieldNow();
      assert.equal(metrics.numAliveTasks, 6);
      assert.equal(metrics.spawnedTasksCount, spawned + 6);
      for (const handle of handles) handle.abort();
      while (!handles.every((handle) => handle.isFinished())) yield* yieldNow();
      assert.equal(metrics.numAliveTasks, 0);
    });
  });

  test("tasks that a worker spawns count where they were spawned, whichever worker runs them", LIMIT, async () => {
    await using rt = threaded({ workerThreads: 2 });
    const metrics = rt.metrics();
    const polls = await warm(rt);
    const spawned = metrics.spawnedTasksCount;
    await rt.run(function* () {
      yield* spawn(portable.leaveBehind(4));
      // The one that spawned them, four calls and four tasks of its own.
      while (sum(metrics, (worker) => metrics.workerPollCount(worker)) < polls + 9) yield* yieldNow();
      while (!areParked(metrics)) yield* yieldNow();
      assert.equal(metrics.numAliveTasks, 8);
      assert.equal(metrics.spawnedTasksCount, spawned + 9);
    });
  });

  test("a worker that waits is parked: odd; it comes back: even, and parks again", LIMIT, async () => {
    await using rt = threaded({ workerThreads: 2 });
    const metrics = rt.metrics();
    await warm(rt);
    const before = [0, 1].map((worker) => metrics.workerParkCount(worker));
    const seen = await rt.spawn(portable.look());
    assert.equal(seen.transitions % 2, 0);
    await until(metrics, () => areParked(metrics));
    assert(metrics.workerParkCount(seen.index) > (before[seen.index] as number));
    for (const worker of [0, 1]) {
      assert.equal(metrics.workerParkUnparkCount(worker), 2 * metrics.workerParkCount(worker) - 1);
    }
  });

  test("a task sees the metrics of its runtime: its own worker's exactly", LIMIT, async () => {
    const rt = threaded({});
    const polls = await warm(rt);
    for (let n = 1; n <= 20; n++) {
      const seen = await rt.spawn(portable.look());
      assert.deepEqual(
        { ...seen, transitions: 0, spawnedOnMain: 0 },
        {
          index: 0,
          threadId: seen.threadId,
          numWorkers: 1,
          ownThreadId: seen.threadId,
          makerThreadId: threadId,
          polls: polls + n,
          transitions: 0,
          spawnedOnMain: 0,
          flavor: "multiThread",
        },
      );
      assert(seen.spawnedOnMain <= n + 1);
      assert.equal(rt.metrics().workerThreadId(0), seen.threadId);
    }
    await rt.shutdown();
  });

  test("the counters of a worker grow while it is busy", LIMIT, async () => {
    await using rt = threaded({});
    const metrics = rt.metrics();
    const cell = cells();
    const running = rt.spawn(portable.untilSet(cell)).then();
    await until(metrics, () => metrics.workerPollCount(0) > 0);
    for (let i = 0; i < 5; i++) {
      const polls = metrics.workerPollCount(0);
      const busy = metrics.workerTotalBusyDuration(0);
      await until(metrics, () => metrics.workerPollCount(0) > polls && metrics.workerTotalBusyDuration(0) > busy);
    }
    new Int32Array(cell)[0] = 1;
    await running;
  });

  test("stealing: what a worker took from another one's queue is counted, task by task", LIMIT, async () => {
    const rt = threaded({ workerThreads: 2, lifoSlot: false });
    const metrics = rt.metrics();
    await warm(rt);
    const before = [0, 1].map((worker) => [metrics.workerStealCount(worker), metrics.workerStealOperations(worker)]);
    const victim = await rt.spawn(portable.haveStolen(cells(), 100));
    await rt.shutdown();
    const steals = (worker: number) => metrics.workerStealCount(worker) - (before[worker]?.[0] as number);
    const operations = (worker: number) => metrics.workerStealOperations(worker) - (before[worker]?.[1] as number);
    const thief = 1 - victim;
    assert.equal(steals(thief), 100);
    assert(operations(thief) >= 1 && operations(thief) <= 100);
    assert.equal(steals(victim), 0);
    assert.equal(operations(victim), 0);
    assert.equal(metrics.workerStealCount("main"), 0);
  });

  test("a full queue: half of it and the new task go to the global one, and that is one overflow", LIMIT, async () => {
    const rt = threaded({ lifoSlot: false });
    const metrics = rt.metrics();
    const polls = await warm(rt);
    const seen = await rt.spawn(portable.overflow(300));
    assert.deepEqual(seen, { overflows: 1, local: 171, global: 129, scheduled: 300 });
    await until(metrics, () => metrics.numAliveTasks === 0);
    await rt.shutdown();
    assert.equal(metrics.workerPollCount(0), polls + 301);
    assert.equal(metrics.workerOverflowCount(0), 1);
    assert.equal(metrics.globalQueueDepth, 0);
  });

  test("globalQueueDepth holds calls that no worker has taken", LIMIT, async () => {
    await using rt = threaded({});
    const metrics = rt.metrics();
    const cell = cells();
    await rt.run(function* () {
      const holder = spawn(portable.hold(cell));
      while (!isSet(cell)) yield* yieldNow();
      const queued = Array.from({ length: 10 }, () => spawn(portable.polled(1)));
      assert.equal(metrics.globalQueueDepth, 10);
      assert.equal(metrics.workerLocalQueueDepth(0), 0);
      letGo(cell);
      yield* holder;
      for (const handle of queued) yield* handle;
      assert.equal(metrics.globalQueueDepth, 0);
    });
  });

  test("a budget that is used up on a worker is counted", LIMIT, async () => {
    const rt = threaded({});
    await rt.spawn(portable.exhaust(300));
    await rt.shutdown();
    assert.equal(rt.metrics().budgetForcedYieldCount, 2);
  });

  test("workerMeanPollTime follows long polls", LIMIT, async () => {
    const rt = threaded({});
    for (let i = 0; i < 20; i++) await rt.spawn(portable.spin(2));
    await rt.shutdown();
    // Twenty polls of at least 2 ms leave an eighth of what the average began with.
    assert(rt.metrics().workerMeanPollTime(0) > 1.7, `${rt.metrics().workerMeanPollTime(0)} ms`);
    assert.equal(rt.metrics().workerMeanPollTime("main"), 0);
  });

  test("a worker that died is replaced: its numbers go on", LIMIT, async () => {
    const rt = threaded({});
    const metrics = rt.metrics();
    const polls = await warm(rt);
    for (let i = 0; i < 10; i++) await rt.spawn(portable.polled(2));
    await until(metrics, () => areParked(metrics));
    assert.equal(metrics.workerPollCount(0), polls + 20);
    const first = metrics.workerThreadId(0);
    const parks = metrics.workerParkCount(0);
    await assert.rejects(rt.spawn(portable.die()).then());
    assert.equal(metrics.numAliveTasks, 0);
    await warm(rt);
    for (let i = 0; i < 5; i++) await rt.spawn(portable.polled(2));
    await until(metrics, () => areParked(metrics));
    assert.equal(metrics.workerPollCount(0), 2 * polls + 30);
    assert(metrics.workerParkCount(0) > parks);
    assert.notEqual(metrics.workerThreadId(0), first);
    assert.equal(metrics.spawnedTasksCount, 18);
    await rt.shutdown();
    assert.equal(metrics.workerPollCount(0), 2 * polls + 30);
  });

  test("blocking jobs of a worker are seen from everywhere", LIMIT, async () => {
    await using rt = threaded({ maxBlockingThreads: 2 });
    const metrics = rt.metrics();
    const cell = cells();
    using _ = atEnd(() => letGo(cell)); // or a failure would wait for the jobs
    const running = rt.spawn(portable.block(cell, 3)).then();
    await until(metrics, () => metrics.numBlockingThreads === 2 && metrics.blockingQueueDepth === 1);
    assert.equal(metrics.numIdleBlockingThreads, 0);
    assert.equal(metrics.numAliveTasks, 4, "the call and its three jobs");
    letGo(cell);
    await running;
    await until(metrics, () => metrics.numIdleBlockingThreads === 2);
    assert.equal(metrics.blockingQueueDepth, 0);
  });

  test("runtimes do not count for each other", LIMIT, async () => {
    await using a = threaded({});
    await using b = threaded({});
    const polls = [await warm(a), await warm(b)];
    for (let i = 0; i < 3; i++) await a.spawn(portable.polled(1));
    await b.spawn(portable.polled(1));
    await until(a.metrics(), () => areParked(a.metrics()) && areParked(b.metrics()));
    assert.equal(a.metrics().workerPollCount(0), (polls[0] as number) + 3);
    assert.equal(b.metrics().workerPollCount(0), (polls[1] as number) + 1);
    assert.notEqual(a.metrics().workerThreadId(0), b.metrics().workerThreadId(0));
  });
});

describe("histograms of worker threads", () => {
  test("each worker counts its own polls and delays, and they outlive the runtime", LIMIT, async () => {
    const rt = threaded({ workerThreads: 2, pollTimeHistogram: true, scheduleLatencyHistogram: true });
    const { pollTimeHistogram, scheduleLatencyHistogram } = rt.metrics();
    assert.equal(total(pollTimeHistogram, 0), 0);
    const polls = await warm(rt);
    await rt.run(function* () {
      yield* spawn(yieldNow());
      const handles = Array.from({ length: 60 }, () => spawn(portable.polled(2)));
      for (const handle of handles) yield* handle;
    });
    for (let round = 0; round < 2; round++) {
      for (const worker of [0, 1]) {
        const polls = rt.metrics().workerPollCount(worker);
        if (round === 1) assert.equal(total(pollTimeHistogram, worker), polls);
        if (round === 1)
          assert.equal(total(scheduleLatencyHistogram, worker), polls, "each poll had a wake or a spawn");
      }
      assert.equal(total(pollTimeHistogram, "main"), 2);
      await rt.shutdown();
    }
    assert.equal(total(pollTimeHistogram, 0) + total(pollTimeHistogram, 1), polls + 120);
    assert.throws(() => pollTimeHistogram.bucketCount(2, 0), { argument: "worker" });
  });

  test("the delay of a call begins where it was spawned", LIMIT, async () => {
    await using rt = threaded({ scheduleLatencyHistogram: { linear: { width: 20, buckets: 2 } } });
    const cell = cells();
    await rt.run(function* () {
      const holder = spawn(portable.hold(cell));
      while (!isSet(cell)) yield* yieldNow();
      const late = spawn(portable.histograms());
      const end = performance.now() + 30;
      while (performance.now() < end);
      letGo(cell);
      yield* holder;
      const [polls, delays] = yield* late;
      assert.deepEqual(polls, []);
      assert.equal(delays?.length, 2);
      assert((delays?.[1] ?? 0) >= 1, `${delays}: it waited for more than 20 ms`);
    });
  });

  test("the memory of histograms and counters is given back", LIMIT, async () => {
    const one = async () => {
      const rt = threaded({ pollTimeHistogram: { linear: { buckets: 4096 } }, scheduleLatencyHistogram: true });
      await rt.spawn(portable.polled(1));
      await rt.shutdown();
    };
    await one();
    const { blocksInUse } = await import("./metrics.support.js");
    const before = blocksInUse();
    for (let i = 0; i < 5; i++) await one();
    assert.equal(blocksInUse(), before);
  });
});
