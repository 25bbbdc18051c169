// A worker that always has something to run still takes what is queued for all.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Runtime, spawn, yieldNow } from "toki";
import { breeding, set, yielding } from "./fairness.functions.js";

describe("a call that is spawned while every worker is busy gets its turn", { timeout: 60_000 }, () => {
  const begun = (cell: SharedArrayBuffer) => Atomics.load(new Int32Array(cell), 1);

  for (const workerThreads of [1, 2]) {
    test(`beside tasks that yield and yield [${workerThreads} workers]`, async () => {
      await using rt = new Runtime({ flavor: "multiThread", workerThreads });
      const cell = new SharedArrayBuffer(8);
      await rt.run(function* () {
        const busy = Array.from({ length: 2 * workerThreads }, () => spawn(yielding(cell)));
        while (begun(cell) < busy.length) yield* yieldNow();
        yield* spawn(set(cell));
        for (const task of busy) yield* task;
      });
      assert.equal(new Int32Array(cell)[0], 1);
    });

    test(`beside calls that spawn calls [${workerThreads} workers]`, async () => {
      await using rt = new Runtime({ flavor: "multiThread", workerThreads });
      const cell = new SharedArrayBuffer(8);
      await rt.run(function* () {
        const roots = Array.from({ length: workerThreads }, () => spawn(breeding(cell, 200)));
        for (const root of roots) yield* root;
        yield* spawn(set(cell));
      });
      assert.equal(new Int32Array(cell)[0], 1);
    });
  }
});
