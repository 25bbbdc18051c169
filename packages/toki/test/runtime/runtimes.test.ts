import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Handle, Instant, pause, pending, Runtime, ready, select, sleep, spawn, yieldNow } from "toki";
import { since } from "../support/elapsed.js";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

function picks(rt: Runtime, rounds: number): Promise<string> {
  return rt.run(function* () {
    let picked = "";
    for (let i = 0; i < rounds; i++) {
      picked += (yield* select({ a: ready(1), b: ready(2), c: ready(3) })).key;
    }
    return picked;
  });
}

for (const flavor of flavors) {
  describe(`rngSeed [${flavor.name}]`, () => {
    test("two runtimes with one seed give equal sequences of select", async () => {
      const [a, b] = [new Runtime({ ...flavor.options, rngSeed: 7 }), new Runtime({ ...flavor.options, rngSeed: 7 })];
      const first = await picks(a, 100);
      assert.equal(await picks(b, 100), first);
      assert.notEqual(await picks(a, 100), first, "the sequence goes on");
    });

    test("seeds that are alike give different sequences, and every seed works", async () => {
      const seeds = [0, 1, 2, 3, -1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
      const sequences = new Set<string>();
      for (const rngSeed of seeds) sequences.add(await picks(new Runtime({ ...flavor.options, rngSeed }), 60));
      assert.equal(sequences.size, seeds.length);
      for (const sequence of sequences) assert.deepEqual([...new Set(sequence)].sort(), ["a", "b", "c"]);
    });

    test("without a seed runtimes differ", async () => {
      const sequences = new Set<string>();
      for (let i = 0; i < 4; i++) sequences.add(await picks(new Runtime(flavor.options), 60));
      assert.equal(sequences.size, 4);
    });

    test("one runtime's draws do not move another's", async () => {
      const a = new Runtime({ ...flavor.options, rngSeed: 5 });
      const b = new Runtime({ ...flavor.options, rngSeed: 5 });
      let alone = "";
      for (let i = 0; i < 10; i++) alone += await picks(a, 5);
      let beside = "";
      const other = new Runtime({ ...flavor.options, rngSeed: 9 });
      for (let i = 0; i < 10; i++) {
        beside += await picks(b, 5);
        await picks(other, 3);
      }
      assert.equal(beside, alone);
    });
  });

  describe(`two runtimes in one process [${flavor.name}]`, () => {
    test("run side by side, each with its own tasks", async () => {
      const a = new Runtime({ ...flavor.options, name: "a" });
      const b = new Runtime({ ...flavor.options, name: "b" });
      const names: string[] = [];
      const body = function* () {
        for (let i = 0; i < 3; i++) {
          yield* spawn(function* () {
            yield* yieldNow();
            names.push(Handle.current().name as string);
          });
        }
        return Handle.current().name;
      };
      assert.deepEqual(await Promise.all([a.run(body), b.run(body)]), ["a", "b"]);
      assert.deepEqual(names.slice().sort(), ["a", "a", "a", "b", "b", "b"]);
      assert.equal(a.metrics().spawnedTasksCount, 3);
    });

    test("one awaits a task of the other, which is driven by a run of its own", async () => {
      const a = new Runtime(flavor.options);
      const b = new Runtime(flavor.options);
      const gate = new Gate<string>();
      const driving = b.run(gate);
      const value = await a.run(function* () {
        const task = b.spawn(function* () {
          yield* yieldNow();
          return `from ${Handle.current().id === b.handle.id ? "b" : "?"}`;
        });
        return yield* task;
      });
      assert.equal(value, "from b");
      gate.open("end");
      await driving;
    });

    test("a wake of one from a task of the other arrives", async () => {
      const a = new Runtime(flavor.options);
      const b = new Runtime(flavor.options);
      const gate = new Gate<number>();
      const waiting = a.run(gate);
      await b.run(function* () {
        while (!gate.isWaitedFor) yield* yieldNow();
        gate.open(11);
      });
      assert.equal(await waiting, 11);
    });

    test("shutting one down leaves the other alone", async () => {
      const a = new Runtime(flavor.options);
      const b = new Runtime(flavor.options);
      const task = b.spawn(pending());
      a.spawn(pending());
      await a.shutdown();
      assert.equal(task.isFinished(), false);
      assert.equal(await b.run(ready(1)), 1);
      b.shutdownBackground();
    });

    test("task ids are unique across runtimes", () => {
      const ids = new Set<number>();
      for (let i = 0; i < 3; i++) {
        const rt = new Runtime(flavor.options);
        for (let j = 0; j < 3; j++) ids.add(rt.spawn(ready(1)).id);
        rt.shutdownBackground();
      }
      assert.equal(ids.size, 9);
    });
  });
}

describe("clocks of two runtimes", () => {
  test("pausing one does not pause the other", async () => {
    const virtual = new Runtime({ flavor: "currentThread" });
    const real = new Runtime();
    const started = performance.now();
    await virtual.run(function* () {
      pause();
      yield* sleep({ hours: 1 });
    });
    await real.run(function* () {
      const start = Instant.now();
      yield* sleep(5);
      assert(start.elapsed() >= 5);
    });
    assert(performance.now() - started < 3_600_000);
  });

  test("a timer belongs to the runtime it was created on, wherever it is awaited", async () => {
    const virtual = new Runtime({ startPaused: true });
    const other = new Runtime({ startPaused: true });
    const driving = virtual.run(function* () {
      // Keeps the first runtime driven and its clock moving.
      yield* sleep({ seconds: 10 });
    });
    let remote: ReturnType<typeof sleep> | undefined;
    {
      using _guard = virtual.enter();
      remote = sleep({ seconds: 3 });
    }
    await other.run(function* () {
      const start = Instant.now();
      yield* remote as NonNullable<typeof remote>;
      assert.equal(since(start), 0, "its own clock did not move");
    });
    await driving;
  });
});
