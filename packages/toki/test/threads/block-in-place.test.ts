import assert from "node:assert/strict";
import { test } from "node:test";
import { blockInPlace, Runtime } from "toki";
import { holdUp } from "./block-in-place.functions.js";

test("blockInPlace hands what the worker has queued to the other one, the LIFO slot included", {
  timeout: 30_000,
}, async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
  for (const count of [1, 2, 5]) {
    const gates = Array.from({ length: count }, () => new SharedArrayBuffer(4));
    const { waited, here, workers } = await rt.spawn(holdUp(gates));
    assert.equal(waited, "all open");
    assert.deepEqual(workers, Array(count).fill(here === 0 ? 1 : 0));
  }
});

test("blockInPlace on the thread that made a multi-thread runtime just calls", async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  assert.equal(
    await rt.run(function* () {
      return blockInPlace(() => 42);
    }),
    42,
  );
});
