import assert from "node:assert/strict";
import { test } from "node:test";
import { type JoinError, Runtime, spawn } from "toki";
import { IoError } from "toki/io";
import { listens, waits } from "./threads.functions.js";

test("signals come to the main thread alone: on a worker, who wants one is told so", { timeout: 40_000 }, async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  for (const call of [() => waits(), () => listens("SIGUSR2")]) {
    const failed = rt.run(function* () {
      yield* spawn(call());
    });
    await assert.rejects(failed, ({ cause }: JoinError) => {
      assert.ok(cause instanceof IoError);
      assert.equal(cause.kind, "unsupported");
      assert.match(cause.message, /main thread.*toki\/shared/);
      return true;
    });
  }
});
