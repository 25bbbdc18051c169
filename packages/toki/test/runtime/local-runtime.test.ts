import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Builder,
  DeadlockError,
  Handle,
  InvalidArgumentError,
  LocalRuntime,
  LocalSet,
  main,
  pending,
  Runtime,
  ready,
  select,
  sleep,
  spawnLocal,
} from "toki";
import * as util from "toki/util";
import { add } from "../portable/functions.js";

function* nap() {
  yield* sleep(1);
}

describe("LocalRuntime", () => {
  it("runs every task on this thread, portable calls too", async () => {
    await using rt = new LocalRuntime({ name: "local" });
    assert(rt instanceof Runtime);
    assert.deepEqual([rt.handle.flavor, rt.handle.name], ["currentThread", "local"]);
    assert.equal(await rt.spawn(add(40, 2)), 42);
    assert.equal(rt.metrics().numWorkers, 1);
  });

  it("spawnLocal, from anywhere, and inside without a LocalSet", async () => {
    await using rt = new LocalRuntime();
    const task = rt.spawnLocal(
      function* () {
        const nested = spawnLocal(ready(21));
        yield* sleep(1);
        return 2 * (yield* nested);
      },
      { name: "outer" },
    );
    assert.equal(rt.dump().tasks[0]?.name, "outer");
    assert.equal(await task, 42);
    assert.equal(Handle.tryCurrent(), undefined);
  });

  it("run, blockOn, enter and the shutdowns are a runtime's", async () => {
    const rt = new LocalRuntime();
    assert.equal(rt.blockOn(ready(1)), 1);
    assert.equal(await rt.run(ready(2)), 2);
    {
      using _ = rt.enter();
      assert.equal(Handle.current().id, rt.handle.id);
    }
    const task = rt.spawnLocal(pending());
    await rt.shutdown();
    assert.equal(task.isFinished(), true);
    assert.equal(rt.spawnLocal(ready(1)).isFinished(), true, "cancelled");
  });

  it("may drive a LocalSet, which Tokio's must not", async () => {
    await using rt = new LocalRuntime();
    const set = new LocalSet();
    assert.equal(
      await rt.run(
        set.runUntil(function* () {
          return yield* spawnLocal(ready(42));
        }),
      ),
      42,
    );
  });

  it("takes the options of a runtime, but no other flavour", () => {
    const isFor = (argument: string) => (error: unknown) =>
      error instanceof InvalidArgumentError && error.argument === argument;
    assert.throws(() => new LocalRuntime({ flavor: "multiThread" } as never), isFor("flavor"));
    assert.throws(() => new LocalRuntime({ name: "" }), isFor("name"));
    assert.throws(() => new LocalRuntime(null as never), isFor("options"));
  });

  it("Builder.buildLocal", async () => {
    const rt = Builder.currentThread().enableTime().name("built").buildLocal();
    assert(rt instanceof LocalRuntime);
    assert.equal(rt.handle.name, "built");
    await rt.run(nap);
    assert.equal(await rt.spawnLocal(ready(1)), 1);
    await rt.shutdown();
    assert.throws(
      () => Builder.multiThread().buildLocal(),
      (error) => error instanceof InvalidArgumentError && /Builder\.currentThread\(\)/.test(error.message),
    );
  });

  it('main with the flavour "local"', async () => {
    const flavor = await main(
      function* () {
        return `${Handle.current().flavor} ${yield* spawnLocal(ready(42))}`;
      },
      { flavor: "local" },
    );
    assert.equal(flavor, "currentThread 42");
  });

  it("toki/util has it, and LocalSet, under the same names", () => {
    assert.equal(util.LocalRuntime, LocalRuntime);
    assert.equal(util.LocalSet, LocalSet);
  });
});

describe("Runtime.wrap", () => {
  it("gives a future another runtime's timers", async () => {
    await using timers = new Runtime({ flavor: "currentThread" });
    await using bare = Builder.currentThread().build();
    const value = await bare.run(
      timers.wrap(function* () {
        for (let i = 0; i < 3; i++) yield* sleep(1);
        return Handle.current().id;
      }),
    );
    assert.equal(value, timers.handle.id);
  });

  it("the code around it stays in its own", async () => {
    await using other = new LocalRuntime({ name: "other" });
    await using rt = new LocalRuntime({ name: "own" });
    const names: (string | undefined)[] = [];
    await rt.run(function* () {
      names.push(Handle.current().name);
      const { key } = yield* select.biased({
        wrapped: other.wrap(function* () {
          names.push(Handle.current().name);
        }),
        never: pending(),
      });
      names.push(Handle.current().name, key);
    });
    assert.deepEqual(names, ["own", "other", "own", "wrapped"]);
  });

  it("what it spawns is the other's, and goes on while it waits", async () => {
    await using other = new LocalRuntime();
    await using rt = new LocalRuntime();
    const value = await rt.run(
      other.wrap(function* () {
        const task = spawnLocal(function* () {
          yield* sleep(1);
          return Handle.current().id;
        });
        return yield* task;
      }),
    );
    assert.equal(value, other.handle.id);
    assert.equal(other.metrics().spawnedTasksCount, 1);
    assert.equal(rt.metrics().spawnedTasksCount, 0);
  });

  it("works in blockOn", () => {
    const other = new LocalRuntime();
    const bare = Builder.currentThread().build();
    assert.equal(
      bare.blockOn(
        other.wrap(function* () {
          for (let i = 0; i < 3; i++) yield* sleep(1);
          return 42;
        }),
      ),
      42,
    );
  });

  it("the other stands still once the future is over, or dropped", async () => {
    await using other = new LocalRuntime();
    await using rt = new LocalRuntime();
    let ran = false;
    await rt.run(other.wrap(nap));
    const controller = new AbortController();
    const running = rt.run(other.wrap(pending()), { signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await assert.rejects(running);
    other.spawnLocal(function* () {
      ran = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ran, false);
  });

  it("in its own runtime it changes nothing; cleanup runs in the other, too", async () => {
    await using other = new LocalRuntime();
    await using rt = new LocalRuntime();
    assert.equal(await rt.run(rt.wrap(ready(1))), 1);
    let id: number | undefined;
    const task = rt.spawnLocal(
      other.wrap(function* () {
        try {
          yield* pending();
        } finally {
          yield* sleep(1);
          id = Handle.current().id;
        }
      }),
    );
    await rt.run(nap);
    task.abort();
    await assert.rejects(async () => await task);
    assert.equal(id, other.handle.id);
  });

  it("says which runtime", async () => {
    await using named = new LocalRuntime({ name: "disk" });
    assert.equal(named.wrap(pending()).describe(), 'wrap (runtime "disk")');
    assert.throws(() => named.wrap(7 as never), /Runtime\.wrap/);
  });

  it("a deadlock in it is reported once, by who waits", () => {
    const other = new LocalRuntime();
    const rt = new LocalRuntime();
    const reports: string[] = [];
    const { error } = console;
    console.error = (text: string) => void reports.push(text);
    try {
      assert.throws(() => rt.blockOn(other.wrap(pending())), DeadlockError);
    } finally {
      console.error = error;
    }
    assert.ok(reports.length <= 1, reports.join("\n"));
  });
});
