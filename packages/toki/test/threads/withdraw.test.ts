// Tasks that are aborted while they are queued.
import assert from "node:assert/strict";
import test from "node:test";
import { Runtime, spawn } from "toki";
import { spawnAndAbort } from "./withdraw.functions.js";

test("of tasks that are aborted before a worker takes them none begins, however many are in line", {
  timeout: 60_000,
}, async () => {
  const TASKS = 400; // more than a worker's queue holds
  await using rt = new Runtime({ workerThreads: 1 });
  const cell = new Int32Array(new SharedArrayBuffer(4));
  await rt.run(function* () {
    assert.equal(yield* spawn(spawnAndAbort(cell, TASKS)), TASKS);
  });
  assert.equal(Atomics.load(cell, 0), 0);
});
