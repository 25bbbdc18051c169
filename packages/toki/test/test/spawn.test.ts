import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Context,
  Future,
  fn,
  Handle,
  hasBudgetRemaining,
  MisuseError,
  NoRuntimeError,
  Pending,
  type Poll,
  pending,
  pollFn,
  Runtime,
  ready,
  sleep,
  spawn,
  tryTaskId,
  type Waker,
  yieldNow,
} from "toki";
import { assertPending, assertReady, testTask } from "toki/test";

/** Pending until `finish` is called; counts what is done to it. */
class Manual extends Future<string> {
  polls = 0;
  disposals = 0;
  waker: Waker | undefined;
  value: string | undefined;

  finish(value: string): void {
    this.value = value;
    this.waker?.wake();
  }

  poll(cx: Context): Poll<string> {
    this.polls++;
    if (this.value !== undefined) return this.value;
    this.waker = cx.waker;
    return Pending;
  }

  override [Symbol.dispose](): void {
    this.disposals++;
  }
}

const guarded = fn(function* guarded(log: string[]) {
  try {
    yield* pending();
  } finally {
    log.push("cleanup begins");
    yield* yieldNow();
    log.push("cleanup ends");
  }
});

describe("testTask()", () => {
  test("polls nothing until poll() is called", () => {
    const future = new Manual();
    const task = testTask(future);
    assert.equal(future.polls, 0);
    assertPending(task.poll());
    assert.equal(future.polls, 1);
  });

  test("takes a function* body", () => {
    const task = testTask(function* () {
      return yield* ready(42);
    });
    assert.equal(assertReady(task.poll()), 42);
  });

  test("refuses what is not a future, at the call", () => {
    assert.throws(
      () => testTask(Promise.resolve(1) as never),
      (error: unknown) => error instanceof MisuseError && /testTask: expected a future/.test(error.message),
    );
  });

  test("refuses a runtime that is none", () => {
    assert.throws(() => testTask(ready(1), { runtime: 5 as never }), {
      code: "TOKI_INVALID_ARGUMENT",
      message: "testTask: options.runtime must be a Runtime or a Handle, got the number 5",
    });
  });
});

describe("Spawn.isWoken", () => {
  test("is false until the waker is called", () => {
    const future = new Manual();
    const task = testTask(future);
    assertPending(task.poll());
    assert.equal(task.isWoken, false);
    future.finish("done");
    assert.equal(task.isWoken, true);
    assert.equal(assertReady(task.poll()), "done");
  });

  test("is cleared by poll, enter and cancel", () => {
    const future = new Manual();
    const task = testTask(future);
    task.poll();
    for (const clear of [() => task.poll(), () => task.enter(() => {}), () => task.cancel()]) {
      future.waker?.wake();
      assert.equal(task.isWoken, true);
      clear();
      assert.equal(task.isWoken, false);
    }
  });

  test("keeps a wake that comes during the poll", () => {
    const task = testTask(
      pollFn((cx) => {
        cx.waker.wake();
        return Pending;
      }),
    );
    task.poll();
    assert.equal(task.isWoken, true);
  });

  test("is true after a wake from a promise's reaction", async () => {
    const future = new Manual();
    const task = testTask(future);
    task.poll();
    await Promise.resolve().then(() => future.finish("later"));
    assert.equal(task.isWoken, true);
  });
});

describe("Spawn.poll()", () => {
  test("throws what the future throws", () => {
    const task = testTask(function* () {
      throw new Error("boom");
    });
    assert.throws(() => task.poll(), /boom/);
  });

  test("after completion goes to the future, which decides", () => {
    const value = testTask(ready(1));
    value.poll();
    assert.equal(value.poll(), 1);
    const body = testTask(function* () {});
    body.poll();
    assert.throws(() => body.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });

  test("gives each poll a full cooperative budget", () => {
    const task = testTask(function* () {
      for (let i = 0; i < 300; i++) yield* spawned;
      return "done";
    });
    const rt = new Runtime();
    const spawned = rt.spawn(ready(1));
    rt.blockOn(spawned);
    assertPending(task.poll());
    assert.equal(task.isWoken, true);
    assertPending(task.poll());
    assert.equal(assertReady(task.poll()), "done");
    assert.equal(hasBudgetRemaining(), true);
  });

  test("works inside a task, which it leaves as it was", async () => {
    const rt = new Runtime();
    await rt.run(function* () {
      yield* spawn(function* () {
        const id = tryTaskId();
        const inner = testTask(function* () {
          assert.equal(tryTaskId(), undefined);
          assert.equal(Handle.tryCurrent(), undefined);
          yield* pending();
        });
        assertPending(inner.poll());
        assert.equal(tryTaskId(), id);
        assert.equal(Handle.current().id, rt.handle.id);
        inner[Symbol.dispose]();
        yield* yieldNow();
      });
    });
    await rt.shutdown();
  });

  test("puts everything back when the future throws", async () => {
    const rt = new Runtime();
    await rt.run(function* () {
      const failing = testTask(function* () {
        throw new Error("boom");
      });
      assert.throws(() => failing.poll());
      assert.equal(Handle.current().id, rt.handle.id);
      yield* yieldNow();
    });
    await rt.shutdown();
  });
});

describe("options.runtime", () => {
  test("none: a future that needs a runtime says so", () => {
    const task = testTask(function* () {
      yield* sleep(1);
    });
    assert.throws(() => task.poll(), NoRuntimeError);
  });

  for (const [kind, pick] of [
    ["a Runtime", (rt: Runtime) => rt],
    ["a Handle", (rt: Runtime) => rt.handle],
  ] as const) {
    test(`${kind} is current during polls only, and not driven`, async () => {
      const rt = new Runtime();
      const task = testTask(
        function* () {
          const child = spawn(ready("child"));
          return yield* child;
        },
        { runtime: pick(rt) },
      );
      assertPending(task.poll());
      assert.equal(Handle.tryCurrent(), undefined);
      assert.equal(task.isWoken, false);
      await rt.run(yieldNow());
      assert.equal(task.isWoken, true);
      assert.equal(assertReady(task.poll()), "child");
      await rt.shutdown();
    });
  }
});

describe("Spawn.pollUntilIdle()", () => {
  test("polls as long as the future wakes itself", () => {
    const task = testTask(function* () {
      for (let i = 0; i < 20; i++) yield* yieldNow();
      return "done";
    });
    assert.equal(task.pollUntilIdle(), "done");
  });

  test("stops at a future that waits", () => {
    const future = new Manual();
    const task = testTask(function* () {
      yield* yieldNow();
      return yield* future;
    });
    assertPending(task.pollUntilIdle());
    assert.equal(future.polls, 1);
    future.finish("done");
    assert.equal(task.pollUntilIdle(), "done");
  });

  test("gives up after 150 polls", () => {
    let polls = 0;
    const task = testTask(
      pollFn(function restless(cx) {
        polls++;
        cx.waker.wake();
        return Pending;
      }),
    );
    assert.throws(() => task.pollUntilIdle(), /pollFn restless is woken again after each of 150 polls/);
    assert.equal(polls, 150);
  });
});

describe("Spawn.enter()", () => {
  test("gives the context of the task, and the future", () => {
    const future = new Manual();
    const task = testTask(future);
    const outcome = task.enter((cx, inner) => {
      assert.equal(inner, future);
      return inner.poll(cx);
    });
    assertPending(outcome);
    future.waker?.wake();
    assert.equal(task.isWoken, true);
    assert.equal(task.inner, future);
  });

  test("refuses what is no function", () => {
    assert.throws(() => testTask(ready(1)).enter(undefined as never), { code: "TOKI_INVALID_ARGUMENT" });
  });
});

describe("Spawn.cancel()", () => {
  test("is pending while cleanup awaits, and wakes", () => {
    const log: string[] = [];
    const task = testTask(guarded(log));
    assertPending(task.poll());
    assertPending(task.cancel());
    assert.deepEqual(log, ["cleanup begins"]);
    assert.equal(task.isWoken, true);
    assert.equal(task.cancel(), undefined);
    assert.deepEqual(log, ["cleanup begins", "cleanup ends"]);
  });

  test("throws what cleanup throws", () => {
    const task = testTask(function* () {
      try {
        yield* pending();
      } finally {
        throw new Error("cleanup");
      }
    });
    task.poll();
    assert.throws(() => task.cancel(), /cleanup/);
  });

  test("of a future that was never polled runs nothing", () => {
    const log: string[] = [];
    const task = testTask(guarded(log));
    assert.equal(task.cancel(), undefined);
    assert.deepEqual(log, []);
    assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });
});

describe("Spawn.intoInner()", () => {
  test("gives the future back as far as it has come", () => {
    const future = new Manual();
    const first = testTask(future);
    first.poll();
    const second = testTask(first.intoInner());
    second.poll();
    future.finish("done");
    assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
    assert.equal(second.poll(), "done");
  });

  test("ends the harness", () => {
    const task = testTask(new Manual());
    const future = task.intoInner() as Manual;
    for (const use of [() => task.poll(), () => task.cancel(), () => task.enter(() => {}), () => task.intoInner()]) {
      assert.throws(use, /was taken out with intoInner/);
    }
    task[Symbol.dispose]();
    assert.equal(future.disposals, 0);
  });
});

describe("Spawn[Symbol.dispose]()", () => {
  test("drops an unfinished future, once", () => {
    const future = new Manual();
    {
      using task = testTask(future);
      task.poll();
    }
    assert.equal(future.disposals, 1);
    const task = testTask(new Manual());
    task.poll();
    task[Symbol.dispose]();
    task[Symbol.dispose]();
    assert.equal((task.inner as Manual).disposals, 1);
  });

  test("leaves a future alone that is done, threw or was cancelled", () => {
    const done = new Manual();
    done.value = "done";
    const task = testTask(done);
    task.poll();
    task[Symbol.dispose]();
    assert.equal(done.disposals, 0);

    const cancelled = new Manual();
    const second = testTask(cancelled);
    second.poll();
    second.cancel();
    second[Symbol.dispose]();
    assert.equal(cancelled.disposals, 1);
  });

  test("cuts short cleanup that awaits", () => {
    const log: string[] = [];
    const task = testTask(guarded(log));
    task.poll();
    task[Symbol.dispose]();
    assert.deepEqual(log, ["cleanup begins"]);
  });

  test("lets cleanup that awaits go on as a task of the runtime given", async () => {
    const log: string[] = [];
    const rt = new Runtime();
    const task = testTask(guarded(log), { runtime: rt });
    task.poll();
    task[Symbol.dispose]();
    assert.deepEqual(log, ["cleanup begins"]);
    await rt.run(function* () {
      for (let i = 0; i < 3; i++) yield* yieldNow();
    });
    assert.deepEqual(log, ["cleanup begins", "cleanup ends"]);
    await rt.shutdown();
  });
});
