import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { threadId } from "node:worker_threads";
import {
  fn,
  InvalidArgumentError,
  JoinError,
  JoinSet,
  join,
  main,
  NotSendError,
  ready,
  select,
  sleep,
  ThreadEndedError,
  timeout,
} from "toki";
import { test } from "toki/test";
import { JoinQueue, TaskTracker, WorkerPool } from "toki/util";
import { runProgram } from "../support/child.js";
import { outcomeOf } from "../task/support.js";
import { echo } from "../threads/functions.js";
import { count, end, fail, family, nap, wait } from "./pool.functions.js";

const limit = { timeout: 60_000 };

const flavors = [
  { name: "currentThread", options: { flavor: "currentThread" } },
  { name: "multiThread", options: { flavor: "multiThread", workerThreads: 1 } },
] as const;

for (const { name, options } of flavors) {
  describe(`WorkerPool used from a runtime [${name}]`, limit, () => {
    it("pins a task, and what it spawns, to one thread", async () => {
      await using pool = new WorkerPool(2);
      assert.equal(pool.numThreads, 2);
      await main(function* () {
        const [thread, local, child] = yield* pool.spawnPinnedByIdx(family(), 1);
        assert.notEqual(thread, threadId);
        assert.deepEqual([local, child], [thread, thread]);
      }, options);
    });

    it("by index: every task of an index on its thread", async () => {
      await using pool = new WorkerPool(3);
      await main(function* () {
        const rounds: { thread: number; calls: number }[][] = [];
        for (let round = 0; round < 3; round++) {
          rounds.push(
            yield* join(
              pool.spawnPinnedByIdx(count(), 0),
              pool.spawnPinnedByIdx(count(), 1),
              pool.spawnPinnedByIdx(count(), 2),
            ),
          );
        }
        const threads = rounds[0]?.map(({ thread }) => thread) as number[];
        assert.equal(new Set(threads).size, 3);
        for (const [round, seen] of rounds.entries()) {
          assert.deepEqual(
            seen,
            threads.map((thread) => ({ thread, calls: round + 1 })),
          );
        }
      }, options);
    });

    it("the thread with the fewest tasks gets the next", async () => {
      await using pool = new WorkerPool(3);
      await main(function* () {
        assert.deepEqual(pool.taskLoads(), [0, 0, 0]);
        const waits = [pool.spawnPinned(wait()), pool.spawnPinned(wait()), pool.spawnPinned(wait())];
        assert.deepEqual(pool.taskLoads(), [1, 1, 1]);
        pool.spawnPinnedByIdx(wait(), 0);
        pool.spawnPinnedByIdx(wait(), 2);
        assert.deepEqual(pool.taskLoads(), [2, 1, 2]);
        pool.spawnPinned(wait());
        assert.deepEqual(pool.taskLoads(), [2, 2, 2]);
        waits[1]?.abort();
        yield* outcomeOf(waits[1] as NonNullable<(typeof waits)[1]>);
        assert.deepEqual(pool.taskLoads(), [2, 1, 2]);
      }, options);
      await pool.shutdown();
      assert.deepEqual(pool.taskLoads(), [0, 0, 0]);
    });

    it("a failure comes out of the handle, and the thread goes on", async () => {
      await using pool = new WorkerPool(1);
      await main(function* () {
        try {
          yield* pool.spawnPinned(fail("boom"));
          assert.fail();
        } catch (error) {
          assert(error instanceof JoinError && error.isPanic() && (error.cause as Error).message === "boom");
        }
        assert.equal(yield* pool.spawnPinned(nap(1)), 1);
        assert.deepEqual(pool.taskLoads(), [0]);
      }, options);
    });

    it("a task that nobody waits for runs and is counted until its end; abort works without a wait", async () => {
      await using pool = new WorkerPool(2);
      await main(function* () {
        pool.spawnPinned(nap(1));
        const aborted = pool.spawnPinned(wait());
        aborted.abort();
        yield* timeout(
          30_000,
          fn(function* () {
            while (pool.taskLoads().some((load) => load > 0)) yield* sleep(1);
          })(),
        );
        assert.equal(aborted.isFinished(), true);
      }, options);
    });

    it("its tasks are tracked, joined and queued as any other", async () => {
      await using pool = new WorkerPool(2);
      await main(function* () {
        const queue = new JoinQueue<number>();
        for (const ms of [5, 1, 3]) queue.pushBack(pool.spawnPinned(nap(ms)));
        assert.deepEqual(yield* queue.joinAll(), [5, 1, 3]);
        const tracker = new TaskTracker();
        const tracked = Array.from({ length: 4 }, () => tracker.spawn(pool.spawnPinned(nap(1))));
        tracker.close();
        yield* tracker.wait();
        assert.ok(tracked.every((task) => task.isFinished()));
        const set = new JoinSet<number>();
        set.spawn(pool.spawnPinned(nap(2)));
        assert.deepEqual(yield* set.joinAll(), [2]);
        const lost = pool.spawnPinned(nap(1));
        yield* select.biased({ lost, other: ready(undefined) });
        assert.equal(yield* lost, 1);
      }, options);
    });

    it("a thread that ends is replaced, and fails its tasks", async () => {
      await using pool = new WorkerPool(1);
      await main(function* () {
        try {
          yield* pool.spawnPinned(end());
          assert.fail();
        } catch (error) {
          assert(error instanceof JoinError && error.cause instanceof ThreadEndedError);
        }
        assert.deepEqual(yield* pool.spawnPinned(nap(1)), 1);
      }, options);
    });

    it("a pool that is left alone does not hold the process up", async () => {
      const { code, stdout, stderr } = await runProgram("./programs/pool.js", import.meta.url, { args: [name] });
      assert.deepEqual([code, stdout.trim().split("\n"), stderr], [0, ["1", "1"], ""]);
    });
  });
}

describe("WorkerPool", limit, () => {
  const isFor = (argument: string) => (error: unknown) =>
    error instanceof InvalidArgumentError && error.argument === argument;

  it("without threads, with a bad index, or something that cannot leave this thread: says so", async () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, "2"]) {
      assert.throws(() => new WorkerPool(wrong as number), isFor("threads"));
    }
    assert.throws(() => new WorkerPool(1, { threadName: "" }), isFor("threadName"));
    await using pool = new WorkerPool(2);
    for (const wrong of [-1, 2, 0.5, Number.NaN]) {
      assert.throws(() => pool.spawnPinnedByIdx(nap(1), wrong), isFor("index"));
    }
    for (const wrong of [ready(1), function* () {}, 7]) {
      assert.throws(() => pool.spawnPinned(wrong as never), isFor("call"));
      assert.throws(() => pool.spawnPinnedByIdx(wrong as never, 0), isFor("call"));
    }
    assert.throws(() => pool.spawnPinned(echo(() => {})), NotSendError);
    assert.deepEqual(pool.taskLoads(), [0, 0], "nothing was counted");
  });

  it("works without any runtime: a handle is a promise, too", async () => {
    await using pool = new WorkerPool(1);
    assert.equal(await pool.spawnPinned(nap(1), { name: "nap" }), 1);
    assert.deepEqual(pool.taskLoads(), [0]);
  });

  it("after the shutdown handles are those of cancelled tasks", async () => {
    for (const end of ["shutdown", "shutdownTimeout", "shutdownBackground"] as const) {
      const pool = new WorkerPool(2);
      const task = pool.spawnPinned(wait());
      await pool[end](1000);
      await assert.rejects(async () => await task, /was cancelled/);
      const late = pool.spawnPinned(nap(1));
      assert.equal(late.isFinished(), true);
      assert.deepEqual(pool.taskLoads(), [0, 0]);
    }
  });

  it(
    "sets a name for its threads",
    test(function* () {
      const names: string[] = [];
      const pool = new WorkerPool(2, {
        threadNameFn: () => {
          names.push(`pinned ${names.length}`);
          return names.at(-1) as string;
        },
      });
      yield* join(pool.spawnPinnedByIdx(nap(1), 0), pool.spawnPinnedByIdx(nap(1), 1));
      assert.deepEqual(names, ["pinned 0", "pinned 1"]);
      pool.shutdownBackground();
    }),
  );
});
