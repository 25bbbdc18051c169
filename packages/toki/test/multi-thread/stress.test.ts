// Mixed work on real threads: every task has exactly one outcome, and nothing is left behind.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Future, JoinError, type JoinHandle, sleep } from "toki";
import { generator } from "../support/loom/strategy.js";
import { detach, double, echo, fail, fickle, nap, slowDouble, stuck, tree } from "./jobs.js";
import { blocksInUse, Machine, within } from "./machine.js";

interface Work {
  readonly future: Future<unknown>;
  /** What it comes to if nobody aborts it; undefined if it never ends by itself. */
  readonly expected: unknown;
}

const FAILS = Symbol("fails");
const TEXT = "x".repeat(500);

function work(n: number, random: (below: number) => number): Work {
  switch (random(10)) {
    case 0:
      return { future: fail(n), expected: FAILS };
    case 1:
      return { future: nap(n, random(5)), expected: n * 2 };
    case 2:
      return { future: tree(2, 3), expected: 13 };
    case 3:
      return { future: stuck(random(3)), expected: undefined };
    case 4:
      return { future: fickle(n + 1, 4), expected: 4 };
    case 5:
      return { future: detach(n, 3), expected: n * 2 };
    case 6:
      return { future: echo({ n, text: TEXT.slice(0, random(500)) }), expected: null };
    case 7:
      return { future: slowDouble(n, random(20_000)), expected: n * 2 };
    default:
      return { future: double(n), expected: n * 2 };
  }
}

/** Spawns `count` tasks of all kinds, aborts some at random moments, and checks every outcome. */
export async function mixed(machine: Machine, count: number, seed: number): Promise<void> {
  const random = generator(seed);
  await machine.rt.run(function* () {
    const live: { handle: JoinHandle<unknown>; expected: unknown; aborted: boolean }[] = [];
    for (let n = 0; n < count; n++) {
      const { future, expected } = work(n, random);
      const handle = machine.spawn(future);
      const aborted = expected === undefined || random(4) === 0;
      live.push({ handle, expected, aborted });
      if (expected !== undefined && aborted && random(2) === 0) handle.abort();
      if (random(20) === 0) yield* sleep(random(2));
    }
    for (const { handle, aborted } of live) {
      if (!aborted) continue;
      if (random(3) === 0) yield* sleep(random(2));
      handle.abort(random(4) === 0 ? { cleanupTimeout: random(2) } : {});
    }
    for (const { handle, expected, aborted } of live) {
      let value: unknown;
      try {
        value = yield* handle;
      } catch (error) {
        assert.ok(error instanceof JoinError, String(error));
        if (aborted && error.isCancelled()) continue;
        assert.equal(expected, FAILS, error.message);
        assert.ok(error.cause instanceof RangeError);
        continue;
      }
      if (expected !== null) assert.equal(value, expected);
      // Settled for good.
      assert.ok(handle.isFinished());
    }
  });
}

const LIMIT_MS = 30_000;

describe("mixed tasks on real threads", { timeout: 120_000 }, () => {
  for (const workerThreads of [1, 2, 4]) {
    test(`${workerThreads} workers: every task has one outcome, and no memory is lost`, async (t) => {
      const seed = 1 + Math.floor(Math.random() * 1e6);
      t.diagnostic(`seed ${seed}`);
      // The functions get their numbers, which stay.
      await round(workerThreads, 200, seed);
      const before = blocksInUse();
      await round(workerThreads, 1500, seed + 1);
      assert.equal(blocksInUse(), before);
    });
  }

  test("many runtimes, one after another and at the same time", async (t) => {
    const seed = 1 + Math.floor(Math.random() * 1e6);
    t.diagnostic(`seed ${seed}`);
    await round(1, 50, seed);
    const before = blocksInUse();
    for (let i = 0; i < 10; i++) await round(1 + (i % 2), 20, seed + i);
    await Promise.all([1, 2, 1].map((workers, i) => round(workers, 100, seed + 100 + i)));
    assert.equal(blocksInUse(), before);
  });
});

async function round(workerThreads: number, count: number, seed: number): Promise<void> {
  const machine = await Machine.start({ workerThreads, onUnhandledFailure: () => {} });
  await machine.rt.run(function* () {
    yield* machine.spawn(double(1));
  });
  await within(LIMIT_MS, [machine], mixed(machine, count, seed));
  await within(LIMIT_MS, [machine], machine.rt.shutdown());
  machine.assertQuiet();
}
