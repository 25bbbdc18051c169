// Programs about work that blocks: on threads of its own, while this one stays free.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { fn, interval, JoinSet, main, Runtime, spawn, spawnBlocking } from "toki";
import { gate } from "../blocking/jobs.js";
import { begun, cells, open } from "../blocking/support.js";
import { sha256 } from "./blocking-jobs.js";

const ticker = fn(function* ticker(ticks: { count: number }, enough: number, done: () => void) {
  const every = interval(1);
  for (;;) {
    yield* every.tick();
    if (++ticks.count === enough) done();
  }
});

test("programs 13, 57: a ticker keeps ticking while a blocking job holds its thread", async () => {
  const cell = cells();
  await main(function* () {
    const job = spawnBlocking(gate(cell));
    const ticks = { count: 0 };
    // The job is let go on by the ticker: it ends only if the ticker ticks meanwhile.
    const beside = spawn(ticker(ticks, 10, () => open(cell)));
    yield* job;
    assert.ok(ticks.count >= 10);
    beside.abort();
  });
});

test("programs 18, 30: a hash of 64 hex digits", async () => {
  await main(function* () {
    const digest = yield* spawnBlocking(sha256("password"));
    assert.equal(digest, createHash("sha256").update("password").digest("hex"));
    assert.equal(digest.length, 64);
  });
});

test("program 58: the cap on blocking threads shows in the metrics; the jobs beyond it are queued", async () => {
  const CAP = 4;
  await using rt = new Runtime({ maxBlockingThreads: CAP });
  const cell = cells();
  const metrics = rt.metrics();
  const handles = Array.from({ length: CAP + 6 }, () => rt.spawnBlocking(gate(cell)));
  await begun(cell, CAP);
  assert.equal(metrics.numBlockingThreads, CAP);
  open(cell);
  await Promise.all(handles);
  assert.equal(metrics.numBlockingThreads, CAP);
  assert.equal(metrics.blockingQueueDepth, 0);
  assert.equal(Atomics.load(cell, 2), CAP + 6);
});

test("program 59: jobs are taken one after the other, and the awaiting task is woken with each result", async () => {
  await main(
    function* () {
      const results: string[] = [];
      for (const text of ["a", "b", "c"]) results.push((yield* spawnBlocking(sha256(text))).slice(0, 4));
      assert.deepEqual(results, ["ca97", "3e23", "2e7d"]);
      const set = new JoinSet<string>();
      for (const text of ["a", "b", "c"]) set.spawnBlocking(sha256(text));
      assert.deepEqual(
        (yield* set.joinAll()).map((digest) => digest.slice(0, 4)),
        results,
      );
    },
    { maxBlockingThreads: 1 },
  );
});
