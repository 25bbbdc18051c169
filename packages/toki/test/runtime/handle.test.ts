import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Builder,
  Handle,
  JoinError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  sleep,
  spawn,
  taskId,
  tryTaskId,
  yieldNow,
} from "toki";
import { flavors } from "../support/flavors.js";

describe("Handle.current()", () => {
  test("throws outside a runtime and says what to do", () => {
    assert.throws(
      () => Handle.current(),
      (error) => {
        assert(error instanceof NoRuntimeError);
        assert.equal(error.code, "TOKI_NO_RUNTIME");
        assert.match(error.message, /^Handle\.current: there is no runtime here/);
        assert.match(error.message, /main\(\)/);
        return true;
      },
    );
  });

  test("tryCurrent() never throws", () => {
    assert.equal(Handle.tryCurrent(), undefined);
  });

  test("so do spawn and the timers, each under its own name", () => {
    assert.throws(() => spawn(ready(1)), /^NoRuntimeError: spawn: /);
    assert.throws(() => sleep(1), /^NoRuntimeError: sleep: /);
  });
});

for (const flavor of flavors) {
  describe(`Handle [${flavor.name}]`, () => {
    test("is the runtime's in its tasks, in its body and under its guard", async () => {
      const rt = new Runtime({ ...flavor.options, name: "handles" });
      const seen = await rt.run(function* () {
        const inTask = yield* spawn(function* () {
          yield* yieldNow();
          return Handle.current().id;
        });
        return [Handle.current().id, Handle.tryCurrent()?.id, inTask];
      });
      assert.deepEqual(seen, [rt.handle.id, rt.handle.id, rt.handle.id]);
      assert.equal(Handle.tryCurrent(), undefined);
      {
        using _guard = rt.enter();
        assert.equal(Handle.current().id, rt.handle.id);
      }
      assert.equal(Handle.tryCurrent(), undefined);
    });

    test("tells flavor, name and id", () => {
      const a = new Runtime({ ...flavor.options, name: "a" }).handle;
      const b = new Runtime(flavor.options).handle;
      assert.equal(a.flavor, flavor.options.flavor ?? "currentThread");
      assert.equal(a.name, "a");
      assert.equal(b.name, undefined);
      assert.notEqual(a.id, b.id);
    });

    test("spawn() from outside queues: nothing is polled before it returns, and nothing until the runtime is driven", async () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const handle = rt.handle.spawn(function* () {
        log.push("polled");
        return 7;
      });
      log.push("returned");
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(log, ["returned"]);
      assert.equal(await rt.run(handle), 7);
      assert.deepEqual(log, ["returned", "polled"]);
    });

    test("spawn() on another runtime runs the task there", async () => {
      const io = new Runtime({ ...flavor.options, name: "io" });
      const cpu = Builder.currentThread().name("cpu").build();
      // The first runtime has to be driven by somebody: here by a run of its own.
      const stop = new AbortController();
      const driving = io.run(pending(), { signal: stop.signal });
      const where = await cpu.run(function* () {
        assert.throws(() => sleep(1), { code: "TOKI_DRIVER_DISABLED" });
        return yield* io.handle.spawn(function* () {
          yield* sleep(1);
          return Handle.current().name;
        });
      });
      assert.equal(where, "io");
      stop.abort();
      await assert.rejects(driving);
    });

    test("spawn() after the shutdown gives a cancelled handle and never throws", async () => {
      const rt = new Runtime(flavor.options);
      const { handle } = rt;
      await rt.shutdown();
      const task = handle.spawn(ready(1));
      assert.equal(task.isFinished(), true);
      await assert.rejects(Promise.resolve(task), (error) => error instanceof JoinError && error.isCancelled());
    });

    test("blockOn() runs a future to its end on this thread", () => {
      const rt = new Runtime(flavor.options);
      assert.equal(rt.handle.blockOn(ready(5)), 5);
      assert.equal(
        rt.handle.blockOn(function* () {
          yield* sleep(2);
          return 6;
        }),
        6,
      );
    });

    test("does not keep the runtime's tasks going by itself", async () => {
      const rt = new Runtime(flavor.options);
      let polls = 0;
      rt.spawn(function* () {
        for (;;) {
          polls++;
          yield* yieldNow();
        }
      });
      const { handle } = rt;
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(polls, 0);
      assert.equal(handle.metrics().numAliveTasks, 1);
      rt.shutdownBackground();
    });
  });
}

describe("Runtime.enter()", () => {
  test("sets the current runtime and drives nothing", async () => {
    const rt = new Runtime();
    let ran = false;
    using guard = rt.enter();
    const task = spawn(function* () {
      ran = true;
      return Handle.current().id;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ran, false);
    guard[Symbol.dispose]();
    assert.equal(await rt.run(task), rt.handle.id);
  });

  test("guards nest: the inner one wins, and releasing it brings the outer one back", () => {
    const a = new Runtime();
    const b = new Runtime();
    {
      using _a = a.enter();
      {
        using _b = b.handle.enter();
        assert.equal(Handle.current().id, b.handle.id);
        using _again = a.enter();
        assert.equal(Handle.current().id, a.handle.id);
      }
      assert.equal(Handle.current().id, a.handle.id);
    }
    assert.equal(Handle.tryCurrent(), undefined);
  });

  test("guards released out of order throw, and say what the order is", () => {
    const a = new Runtime();
    const b = new Runtime();
    const outer = a.enter();
    const inner = b.enter();
    assert.throws(() => outer[Symbol.dispose](), /reverse of the order/);
    assert.equal(Handle.current().id, b.handle.id, "nothing was released");
    inner[Symbol.dispose]();
    assert.equal(Handle.current().id, a.handle.id);
    outer[Symbol.dispose]();
    assert.equal(Handle.tryCurrent(), undefined);
  });

  test("releasing a guard twice does nothing", () => {
    const a = new Runtime();
    const b = new Runtime();
    const outer = a.enter();
    const inner = b.enter();
    inner[Symbol.dispose]();
    inner[Symbol.dispose]();
    assert.equal(Handle.current().id, a.handle.id);
    outer[Symbol.dispose]();
    inner[Symbol.dispose]();
    assert.equal(Handle.tryCurrent(), undefined);
  });

  test("inside a task it switches the runtime until it is released, and the task's own comes back", async () => {
    const a = new Runtime();
    const b = new Runtime();
    const ids = await a.run(function* () {
      const ids: number[] = [Handle.current().id];
      {
        using _guard = b.enter();
        ids.push(Handle.current().id);
      }
      ids.push(Handle.current().id);
      yield* yieldNow();
      ids.push(Handle.current().id);
      return ids;
    });
    assert.deepEqual(ids, [a.handle.id, b.handle.id, a.handle.id, a.handle.id]);
  });

  test("a guard that a task forgot does not leak into the code around the runtime", async () => {
    const a = new Runtime();
    const b = new Runtime();
    let guard: Disposable | undefined;
    await a.run(function* () {
      guard = b.enter();
      yield* yieldNow();
      guard[Symbol.dispose]();
    });
    assert.equal(Handle.tryCurrent(), undefined);
    const outer = a.enter();
    assert.equal(Handle.current().id, a.handle.id);
    outer[Symbol.dispose]();
  });

  test("a guard held across an await does not change the runtime of other tasks", async () => {
    const a = new Runtime();
    const b = new Runtime();
    const seen = await a.run(function* () {
      const other = spawn(function* () {
        yield* yieldNow();
        return Handle.current().id;
      });
      const guard = b.enter();
      yield* other;
      guard[Symbol.dispose]();
      return yield* other;
    });
    assert.equal(seen, a.handle.id);
  });
});

describe("taskId()", () => {
  test("is the task's in its body, its children and its cleanup", async () => {
    const rt = new Runtime();
    await rt.run(function* () {
      const seen: (number | undefined)[] = [];
      const task = spawn(function* () {
        seen.push(taskId());
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          seen.push(tryTaskId());
        }
      });
      yield* yieldNow();
      task.abort();
      try {
        yield* task;
      } catch {}
      assert.deepEqual(seen, [task.id, task.id]);
      assert.equal(tryTaskId(), undefined, "the body is no task");
      assert.throws(() => taskId(), /not inside a task/);
    });
  });
});
