import assert from "node:assert/strict";
import { test } from "node:test";
import { fn, JoinError, Runtime, yieldNow } from "toki";
import { dieAfterJobs, meet, meetFromWorker } from "./blocking.functions.js";
import { slotsTaken } from "./support.js";

const nothing = fn(function* nothing() {
  yield* yieldNow();
});

test("the cap on blocking threads is for all threads of the runtime together", { timeout: 30_000 }, async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1, maxBlockingThreads: 2 });
  const shared = new SharedArrayBuffer(12);
  // Two of the worker's first: they have the two threads. This thread's job gets one all the same, so that it does not wait for ever.
  const onWorker = rt.spawn(meetFromWorker(shared, 3, 6));
  const cells = new Int32Array(shared);
  await rt.run(function* () {
    while (Atomics.load(cells, 0) < 2) yield* rt.spawn(nothing());
    yield* rt.spawnBlocking(meet(shared, 3));
    assert.equal(yield* onWorker, 6);
  });
  assert.equal(cells[1], 3);
});

test("a worker that dies takes its blocking threads along: others can have as many", { timeout: 30_000 }, async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1, maxBlockingThreads: 2 });
  await assert.rejects(rt.spawn(dieAfterJobs(new SharedArrayBuffer(12), 2)).then(), JoinError);
  // Each job waits for the other one.
  assert.equal(await rt.spawn(meetFromWorker(new SharedArrayBuffer(12), 2, 2)), 2);
});

test("runtimes whose workers had blocking threads leave nothing behind", { timeout: 60_000 }, async () => {
  const slots = slotsTaken();
  const rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  const metrics = rt.metrics();
  assert.equal(await rt.spawn(meetFromWorker(new SharedArrayBuffer(12), 2, 2)), 2);
  assert.ok(slotsTaken() > slots);
  await rt.shutdown();
  assert.equal(slotsTaken(), slots);
  assert.equal(metrics.numBlockingThreads, 0);
  assert.equal(metrics.numIdleBlockingThreads, 0);
});

test("a job on a worker is over before its runtime is, and aborts before it starts", { timeout: 30_000 }, async () => {
  const rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  const shared = new SharedArrayBuffer(12);
  const handle = rt.spawn(meetFromWorker(shared, 2, 1));
  const cells = new Int32Array(shared);
  await rt.run(function* () {
    while (Atomics.load(cells, 0) < 1) yield* rt.spawn(nothing());
  });
  const down = rt.shutdown();
  Atomics.add(cells, 2, 1);
  Atomics.notify(cells, 2);
  await down;
  assert.equal(cells[0], 0);
  await assert.rejects(handle.then(), { code: "TOKI_TASK_CANCELLED" });
});
