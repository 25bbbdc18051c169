import assert from "node:assert/strict";
import { describe, test as it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fn, Handle, Instant, pending, Runtime, ready, sleep, spawn, yieldNow } from "toki";
import { assertElapsed, test, UnjoinedFailureError } from "toki/test";

const failing = fn(function* failing() {
  throw new Error("nobody looked");
});

/** Spawns `failing`, sees that it has run, and drops its handle. */
const leave = fn(function* leave() {
  spawn(failing(), { name: "left" });
  yield* yieldNow();
});

describe("test() as a test of node:test", () => {
  it(
    "runs a body",
    test(function* () {
      assert.equal(yield* ready(42), 42);
    }),
  );

  it(
    "passes the runner's context on",
    test(function* (t: TestContext) {
      yield* yieldNow();
      assert.equal(t.name, "passes the runner's context on");
    }),
  );

  it(
    test("names the function, for runners that take the name from there", function* (t: TestContext) {
      assert.equal(t.name, "names the function, for runners that take the name from there");
      yield* yieldNow();
    }),
  );

  it(
    "has virtual time with startPaused",
    test(
      function* () {
        const start = Instant.now();
        yield* sleep({ hours: 1 });
        assertElapsed(start, { hours: 1 });
      },
      { startPaused: true },
    ),
  );
});

describe("test()", () => {
  it("gives a function without parameters, whatever those of the body", () => {
    const run = test(function* (_context: unknown, _done: unknown) {});
    assert.equal(run.length, 0);
    assert.match(Function.prototype.toString.call(run), /^async function \(\) \{/);
  });

  it("is called name, or as the body", () => {
    assert.equal(test("reads back", function* body() {}).name, "reads back");
    assert.equal(test(function* body() {}).name, "body");
  });

  it("passes `this` and the arguments on", async () => {
    const suite = { retries: 3 };
    const seen: unknown[] = [];
    await test(function* (this: typeof suite, a: number, b: string) {
      seen.push(this, a, b);
    }).call(suite, 1, "two");
    assert.deepEqual(seen, [suite, 1, "two"]);
  });

  it("takes a function that returns a future, and calls it on the runtime", async () => {
    let name: string | undefined;
    const check = fn(function* check() {
      yield* sleep(1);
      name = Handle.current().name;
    });
    await test(check, { name: "own", startPaused: true })();
    assert.equal(name, "own");
    await test(() => sleep(1), { startPaused: true })();
  });

  it("makes a fresh runtime for each call", async () => {
    const ids: number[] = [];
    const run = test(function* () {
      ids.push(Handle.current().id);
    });
    await run();
    await run();
    assert.equal(new Set(ids).size, 2);
  });

  it("rejects with what the body throws, as it is", async () => {
    const error = new RangeError("wrong");
    await assert.rejects(
      test(function* () {
        yield* yieldNow();
        throw error;
      })(),
      (thrown) => thrown === error,
    );
  });

  it("rejects when the function returns no future", async () => {
    await assert.rejects(test((() => Promise.resolve(1)) as never)(), { code: "TOKI_NOT_A_FUTURE" });
    await assert.rejects(test((() => {}) as never)(), { code: "TOKI_NOT_A_FUTURE" });
  });

  it("refuses a body that is no function, at the call", () => {
    assert.throws(() => test("name", undefined as never), {
      code: "TOKI_INVALID_ARGUMENT",
      message: "test: body must be a function* or a function that returns a future, got undefined",
    });
  });

  it("refuses bad options when it is called", async () => {
    await assert.rejects(test(function* () {}, { eventInterval: 0 })(), { code: "TOKI_INVALID_ARGUMENT" });
  });
});

describe("test(): tasks that are left", () => {
  it("are cancelled, and their cleanup is awaited", async () => {
    const log: string[] = [];
    await test(function* () {
      spawn(function* () {
        try {
          yield* pending();
        } finally {
          log.push("cleanup begins");
          yield* sleep(1);
          log.push("cleanup ends");
        }
      });
      yield* yieldNow();
      log.push("body ends");
    })();
    assert.deepEqual(log, ["body ends", "cleanup begins", "cleanup ends"]);
  });

  it("have their cleanup awaited on a paused clock too, and after a failure", async () => {
    const log: string[] = [];
    const run = test(
      function* () {
        spawn(function* () {
          try {
            yield* pending();
          } finally {
            yield* sleep({ hours: 1 });
            log.push("cleanup ends");
          }
        });
        yield* yieldNow();
        throw new Error("body");
      },
      { startPaused: true },
    );
    await assert.rejects(run(), /body/);
    assert.deepEqual(log, ["cleanup ends"]);
  });

  it("never start if they have not by then", async () => {
    let started = false;
    await test(function* () {
      spawn(function* () {
        started = true;
      });
    })();
    await turn();
    assert.equal(started, false);
  });
});

describe("test(): failures that nobody joined", () => {
  it("fail the test", async () => {
    await assert.rejects(test(leave)(), (error: unknown) => {
      assert.ok(error instanceof UnjoinedFailureError);
      assert.equal(error.code, "TOKI_UNJOINED_FAILURE");
      assert.equal((error.cause as Error).message, "nobody looked");
      assert.equal(error.failures.length, 1);
      assert.equal(error.failures[0]?.name, "left");
      assert.match(error.message, /^task \d+ "left" failed, and nobody joined it: Error: nobody looked\. Join a task/);
      return true;
    });
  });

  it("fail the test when they happen in the cleanup of a task that is left", async () => {
    const run = test(function* () {
      spawn(function* () {
        try {
          yield* pending();
        } finally {
          throw new Error("in cleanup");
        }
      });
      yield* yieldNow();
    });
    await assert.rejects(run(), (error: unknown) => {
      return error instanceof UnjoinedFailureError && (error.cause as Error).message === "in cleanup";
    });
  });

  it("are listed in the order of the tasks", async () => {
    const run = test(function* () {
      spawn(failing(), { name: "a" });
      spawn(failing(), { name: "b" });
      yield* yieldNow();
    });
    await assert.rejects(run(), (error: unknown) => {
      assert.ok(error instanceof UnjoinedFailureError);
      assert.deepEqual(
        error.failures.map((failure) => failure.name),
        ["a", "b"],
      );
      return true;
    });
  });

  it("do not fail it when they were joined", async () => {
    await test(function* () {
      const task = spawn(failing());
      yield* yieldNow();
      try {
        yield* task;
        assert.fail("it threw");
      } catch (error) {
        assert.match(String(error), /nobody looked/);
      }
    })();
  });

  it("give way to the body's error, and are printed", async (t) => {
    const printed = t.mock.method(console, "error", () => {});
    const run = test(function* () {
      yield* leave();
      throw new Error("body");
    });
    await assert.rejects(run(), /^Error: body$/);
    assert.equal(printed.mock.callCount(), 1);
    assert.ok(printed.mock.calls[0]?.arguments[0] instanceof UnjoinedFailureError);
  });

  it("go to an onUnhandledFailure of one's own", async () => {
    const seen: unknown[] = [];
    await test(leave, { onUnhandledFailure: (failure) => seen.push(failure.name) })();
    assert.deepEqual(seen, ["left"]);
  });
});

describe("test(): a context with a signal", () => {
  it("cancels the body when it is aborted, and awaits its cleanup", async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const run = test(function* (_context: { signal: AbortSignal }) {
      try {
        controller.abort(new Error("timed out"));
        yield* pending();
      } finally {
        yield* sleep(1);
        log.push("cleaned up");
      }
    });
    await assert.rejects(run({ signal: controller.signal }), /timed out/);
    assert.deepEqual(log, ["cleaned up"]);
  });

  it("may be anything else without one", async () => {
    for (const context of [undefined, null, 1, {}, { signal: "SIGINT" }]) {
      await test(function* (_context: unknown) {})(context);
    }
  });
});

describe("test() inside a runtime", () => {
  it("rejects, as any runtime does", async () => {
    const rt = new Runtime();
    let outcome: Promise<void> | undefined;
    await rt.run(function* () {
      outcome = test(function* () {})();
      yield* yieldNow();
    });
    await assert.rejects(outcome as Promise<void>, { code: "TOKI_NESTED_RUNTIME" });
    await rt.shutdown();
  });
});
