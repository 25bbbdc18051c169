import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinError, OutOfMemoryError, Runtime } from "toki";
import * as thread from "../../dist/memory/thread.js";
import * as registry from "../../dist/portable/registry.js";
import { Arena } from "../memory/support.js";
import { text } from "./full.functions.js";

// Declarations of what is internal are stripped.
const { MEMORY_COPY } = thread as unknown as { MEMORY_COPY: string };
const { portable } = registry as unknown as { portable(): { memory: object } };

/** Of characters: they need a block of 1 MiB. */
const LARGE = 1_000_000;

test("an outcome for which there is no room fails its task, and nobody waits for ever", {
  timeout: 30_000,
}, async () => {
  // Room for one block of 1 MiB, not for two. Before anything else makes the memory.
  portable().memory = { buffer: Arena.createBuffer(2 * 2 ** 20), slot: undefined, copy: MEMORY_COPY };
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  const metrics = rt.metrics();
  await rt.run(function* () {
    yield* rt.spawn(text(1)); // the module is there from now on
    const polls = metrics.workerPollCount(0);
    const handles = [rt.spawn(text(LARGE)), rt.spawn(text(LARGE)), rt.spawn(text(LARGE))];
    // Nothing is taken in here until all three are over.
    const words = new Int32Array(new SharedArrayBuffer(4));
    while (metrics.workerPollCount(0) < polls + 3) Atomics.wait(words, 0, 0, 5);
    let failed = 0;
    for (const handle of handles) {
      try {
        assert.equal((yield* handle).length, LARGE);
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic());
        if (error.cause !== undefined) assert.ok(error.cause instanceof OutOfMemoryError);
        failed++;
      }
    }
    assert.ok(failed >= 1 && failed < 3);
    // What was taken has made room.
    assert.equal((yield* rt.spawn(text(LARGE))).length, LARGE);
  });
});
