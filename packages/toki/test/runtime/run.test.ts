import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DeadlockError,
  fn,
  InvalidArgumentError,
  isRuntimeShutdownError,
  MisuseError,
  NestedRuntimeError,
  pending,
  Runtime,
  RuntimeShutdownError,
  ready,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

for (const flavor of flavors) {
  describe(`Runtime.run() [${flavor.name}]`, () => {
    const make = () => new Runtime(flavor.options);

    test("takes a future, a body, a handle, and gives the value", async () => {
      const rt = make();
      const add = fn(function* add(a: number, b: number) {
        yield* yieldNow();
        return a + b;
      });
      assert.equal(await rt.run(ready("x")), "x");
      assert.equal(await rt.run(add(1, 2)), 3);
      assert.equal(
        await rt.run(function* () {
          return yield* add(3, 4);
        }),
        7,
      );
      assert.equal(await rt.run(rt.spawn(add(5, 6))), 11);
    });

    test("rejects with what the body throws: the very same value", async () => {
      const rt = make();
      const error = new Error("boom");
      const thrown = await rt
        .run(function* () {
          yield* yieldNow();
          throw error;
        })
        .catch((e: unknown) => e);
      assert.equal(thrown, error);
      assert.equal(await rt.run(ready("still usable")), "still usable");
    });

    test("starts nothing synchronously", async () => {
      const rt = make();
      let ran = false;
      const done = rt.run(function* () {
        ran = true;
      });
      assert.equal(ran, false);
      await done;
      assert.equal(ran, true);
    });

    test("rejects what is no future, and says so", () => {
      const rt = make();
      assert.throws(() => rt.run(Promise.resolve(1) as never), MisuseError);
      assert.throws(() => rt.run((() => 1) as never), MisuseError);
      assert.throws(() => rt.run(ready(1), { signal: 5 as never }), InvalidArgumentError);
    });

    test("tasks are frozen between runs, and go on with the next one", async () => {
      const rt = make();
      let steps = 0;
      rt.spawn(function* () {
        for (;;) {
          steps++;
          yield* yieldNow();
        }
      });
      await rt.run(yieldNow());
      const before = steps;
      assert(before > 0);
      for (let i = 0; i < 5; i++) await turn();
      assert.equal(steps, before, "it stood still");
      await rt.run(yieldNow());
      assert(steps > before);
      await rt.shutdown();
    });

    test("the promise settles as soon as the body is done; others are left where they are", async () => {
      const rt = make();
      const gate = new Gate();
      const log: string[] = [];
      rt.spawn(function* () {
        yield* gate;
        log.push("task");
      });
      await rt.run(ready(1));
      gate.open();
      await turn();
      assert.deepEqual(log, []);
      await rt.run(yieldNow());
      assert.deepEqual(log, ["task"]);
    });

    test("a wake between runs is kept", async () => {
      const rt = make();
      const gate = new Gate<number>();
      const handle = rt.spawn(gate);
      await rt.run(yieldNow());
      gate.open(3);
      assert.equal(await rt.run(handle), 3);
    });

    test("several runs at the same time drive the same tasks", async () => {
      const rt = make();
      const first = new Gate<string>();
      const second = new Gate<string>();
      const a = rt.run(first);
      const b = rt.run(second);
      await turn();
      second.open("b");
      assert.equal(await b, "b");
      first.open("a");
      assert.equal(await a, "a");
    });

    test("works after the end of another run that failed", async () => {
      const rt = make();
      const failing = rt.run(function* () {
        throw new Error("first");
      });
      await assert.rejects(failing, /first/);
      assert.equal(await rt.run(ready(2)), 2);
    });

    test("after the shutdown it throws RuntimeShutdownError", async () => {
      const rt = make();
      await rt.shutdown();
      assert.throws(
        () => rt.run(ready(1)),
        (error) => {
          assert(error instanceof RuntimeShutdownError);
          assert(isRuntimeShutdownError(error));
          assert.equal(error.code, "TOKI_RUNTIME_SHUTDOWN");
          return true;
        },
      );
      assert.throws(() => rt.blockOn(ready(1)), RuntimeShutdownError);
      assert.equal(isRuntimeShutdownError(new Error("other")), false);
    });
  });

  describe(`a runtime inside a runtime [${flavor.name}]`, () => {
    const calls: [string, (rt: Runtime) => unknown][] = [
      ["run", (rt) => rt.run(ready(1))],
      ["blockOn", (rt) => rt.blockOn(ready(1))],
      ["handle.blockOn", (rt) => rt.handle.blockOn(ready(1))],
    ];
    for (const [name, call] of calls) {
      for (const where of ["the body", "a task"] as const) {
        for (const which of ["the same runtime", "another one"] as const) {
          test(`${name}() of ${which} throws in ${where}`, async () => {
            const rt = new Runtime(flavor.options);
            const target = which === "another one" ? new Runtime(flavor.options) : rt;
            const attempt = fn(function* attempt() {
              yield* yieldNow();
              try {
                call(target);
              } catch (error) {
                return error;
              }
              return undefined;
            });
            const error = await rt.run(function* () {
              return where === "a task" ? yield* spawn(attempt()) : yield* attempt();
            });
            assert(error instanceof NestedRuntimeError);
            assert.equal(error.code, "TOKI_NESTED_RUNTIME");
            assert.match(error.message, /^Cannot start a runtime from within a runtime/);
          });
        }
      }
    }

    test("creating one there is legal, and so is ending it", async () => {
      const rt = new Runtime(flavor.options);
      const inner = await rt.run(function* () {
        const inner = new Runtime(flavor.options);
        inner.spawn(pending());
        inner.shutdownBackground();
        return inner;
      });
      assert.equal(inner.spawn(ready(1)).isFinished(), true);
    });

    test("a run of another runtime from a callback is no nesting", async () => {
      const outer = new Runtime(flavor.options);
      const inner = new Runtime(flavor.options);
      const gate = new Gate<number>();
      setImmediate(() => void inner.run(ready(4)).then((value) => gate.open(value)));
      assert.equal(await outer.run(gate), 4);
    });
  });

  describe(`Runtime.run() with an AbortSignal [${flavor.name}]`, () => {
    test("aborting cancels the body, awaits its cleanup, and rejects with the reason", async () => {
      const rt = new Runtime(flavor.options);
      const abort = new AbortController();
      const log: string[] = [];
      const gate = new Gate();
      const done = rt.run(
        function* () {
          try {
            yield* pending();
            log.push("not reached");
          } catch {
            log.push("not caught");
          } finally {
            log.push("cleanup begins");
            yield* gate;
            log.push("cleanup ends");
          }
        },
        { signal: abort.signal },
      );
      await turn();
      abort.abort(new Error("enough"));
      await turn();
      assert.deepEqual(log, ["cleanup begins"]);
      gate.open();
      await assert.rejects(done, /^Error: enough$/);
      assert.deepEqual(log, ["cleanup begins", "cleanup ends"]);
    });

    test("without a reason it rejects with the AbortError of the platform", async () => {
      const abort = new AbortController();
      const done = new Runtime(flavor.options).run(pending(), { signal: abort.signal });
      abort.abort();
      await assert.rejects(done, { name: "AbortError" });
    });

    test("a signal that is aborted already: the body never runs", async () => {
      let ran = false;
      const done = new Runtime(flavor.options).run(
        function* () {
          ran = true;
        },
        { signal: AbortSignal.abort("early") },
      );
      assert.equal(await done.catch((reason: unknown) => reason), "early");
      assert.equal(ran, false);
    });

    test("an abort that comes too late changes nothing, and no listener stays", async () => {
      const abort = new AbortController();
      let listeners = 0;
      const { signal } = abort;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = ((...args: Parameters<typeof add>) => (listeners++, add(...args))) as typeof add;
      signal.removeEventListener = ((...args: Parameters<typeof remove>) => (
        listeners--, remove(...args)
      )) as typeof remove;
      assert.equal(await new Runtime(flavor.options).run(ready(9), { signal }), 9);
      assert.equal(listeners, 0);
      abort.abort();
    });

    test("an error in the cleanup wins over the reason", async () => {
      const abort = new AbortController();
      const done = new Runtime(flavor.options).run(
        function* () {
          try {
            yield* pending();
          } finally {
            throw new Error("cleanup failed");
          }
        },
        { signal: abort.signal },
      );
      await turn();
      abort.abort(new Error("enough"));
      await assert.rejects(done, /cleanup failed/);
    });

    test("a body that finishes in spite of the abort keeps its value", async () => {
      const abort = new AbortController();
      const value = await new Runtime(flavor.options).run(
        function* () {
          abort.abort();
          return "done";
        },
        { signal: abort.signal },
      );
      assert.equal(value, "done");
    });

    test("tasks of the runtime go on", async () => {
      const rt = new Runtime(flavor.options);
      const gate = new Gate<number>();
      const task = rt.spawn(gate);
      const abort = new AbortController();
      const done = rt.run(pending(), { signal: abort.signal });
      await turn();
      abort.abort(new Error("enough"));
      await assert.rejects(done, /enough/);
      gate.open(1);
      assert.equal(await task, 1);
    });
  });

  describe(`Runtime.blockOn() [${flavor.name}]`, () => {
    test("runs the future, its tasks and its timers before it returns", () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const value = rt.blockOn(function* () {
        const task = spawn(function* () {
          yield* sleep(2);
          log.push("task");
          return 1;
        });
        log.push("body");
        return (yield* task) + 1;
      });
      assert.equal(value, 2);
      assert.deepEqual(log, ["body", "task"]);
    });

    test("throws what the body throws", () => {
      const error = new TypeError("x");
      assert.throws(
        () =>
          new Runtime(flavor.options).blockOn(function* () {
            yield* yieldNow();
            throw error;
          }),
        (thrown) => thrown === error,
      );
    });

    test("returns when the future is done and leaves tasks where they are; the next call goes on with them", () => {
      const rt = new Runtime(flavor.options);
      let steps = 0;
      rt.spawn(function* () {
        while (steps < 100_000) {
          steps++;
          yield* yieldNow();
        }
      });
      rt.blockOn(yieldNow());
      const before = steps;
      assert(before > 0 && before < 1000, `the task took ${before} steps`);
      rt.blockOn(yieldNow());
      assert(steps > before && steps < 1000);
      rt.shutdownBackground();
    });

    test("a future that only the event loop could wake fails with the deadlock report, and its cleanup runs", () => {
      const rt = new Runtime(flavor.options);
      const log: string[] = [];
      const write = process.stderr.write;
      let report = "";
      process.stderr.write = ((text: string) => ((report += text), true)) as typeof write;
      try {
        assert.throws(
          () =>
            rt.blockOn(function* () {
              try {
                yield* pending();
              } finally {
                log.push("cleanup");
              }
            }),
          (error) => {
            assert(error instanceof DeadlockError);
            assert.match(error.report, /pending \(never ready\)/);
            return true;
          },
        );
      } finally {
        process.stderr.write = write;
      }
      assert.deepEqual(log, ["cleanup"]);
      assert.match(report, /toki: Deadlock/);
      assert.equal(rt.blockOn(ready(1)), 1, "the runtime goes on");
    });

    test("works from a callback while run() of the same runtime is under way", async () => {
      const rt = new Runtime(flavor.options);
      const gate = new Gate<number>();
      const running = rt.run(gate);
      await turn();
      const value = rt.blockOn(function* () {
        gate.open(3);
        yield* yieldNow();
        return "inner";
      });
      assert.equal(value, "inner");
      assert.equal(await running, 3);
    });
  });
}
