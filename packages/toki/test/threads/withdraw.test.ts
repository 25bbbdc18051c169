// Tasks that are aborted while they are queued.
import assert from "node:assert/strict";
import test from "node:test";
import { Runtime, spawn } from "toki";
import { mpsc } from "toki/shared";
import { add, occupies } from "./functions.js";
import { waitsForModule } from "./modules/never-ready.js";
import { mark, reached } from "./signals.js";
import { arenaBytes, cells } from "./support.js";
import { keepsSender, spawnAndAbort } from "./withdraw.functions.js";

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

test("one that has its long arguments, which came by message, and cannot begin gives up what is in them", {
  timeout: 60_000,
}, async () => {
  await using rt = new Runtime({ workerThreads: 1 });
  const [tx, rx] = mpsc.channel<number>(1);
  await rt.run(function* () {
    const handle = spawn(waitsForModule("x".repeat(3_000_000), tx));
    // Its worker takes no other before it has waited for the module in vain.
    assert.equal(yield* spawn(add(1, 1)), 2);
    handle.abort();
    tx[Symbol.dispose]();
    assert.equal(yield* rx.recv(), undefined);
  });
});

test("what is in their arguments is given up, where the memory has grown since the worker last looked, too", {
  timeout: 60_000,
}, async () => {
  await using rt = new Runtime({ workerThreads: 1 });
  const words = cells();
  const [tx, rx] = mpsc.channel<number>(1);
  await rt.run(function* () {
    spawn(occupies(words));
    yield* reached(words, 0);
    const bytes = arenaBytes();
    while (arenaBytes() <= 2 * bytes) spawn(keepsSender("x".repeat(200_000), tx)).abort();
    mark(words, 1);
    tx[Symbol.dispose]();
    assert.equal(yield* rx.recv(), undefined);
  });
});
