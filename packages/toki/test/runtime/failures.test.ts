import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JoinError, pending, Runtime, RuntimeShutdownError, ready, spawn, type TaskFailure, yieldNow } from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const boom = (message: string) =>
  function* () {
    yield* yieldNow();
    throw new Error(message);
  };

for (const flavor of flavors) {
  describe(`a task that throws [${flavor.name}]`, () => {
    test("hurts neither the runtime nor the other tasks", async () => {
      const rt = new Runtime({ ...flavor.options, onUnhandledFailure: () => {} });
      let unhandled = 0;
      const count = () => unhandled++;
      process.on("unhandledRejection", count);
      const others = await rt.run(function* () {
        const before = spawn(yieldNow());
        spawn(boom("ignored"));
        const after = spawn(function* () {
          for (let i = 0; i < 3; i++) yield* yieldNow();
          return "after";
        });
        yield* before;
        return yield* after;
      });
      await turn();
      process.off("unhandledRejection", count);
      assert.equal(others, "after");
      assert.equal(unhandled, 0);
      await rt.shutdown();
    });

    test("gives its error to whoever joins it, then nobody is told again", async () => {
      const reported: TaskFailure[] = [];
      const rt = new Runtime({ ...flavor.options, onUnhandledFailure: (failure) => reported.push(failure) });
      const error = await rt.run(function* () {
        const handle = spawn(boom("seen"));
        try {
          yield* handle;
        } catch (error) {
          return error;
        }
        return undefined;
      });
      assert(error instanceof JoinError && error.isPanic());
      assert.match(error.message, /^task \d+ panicked with message "seen"$/);
      assert.equal((error.cause as Error).message, "seen");
      await rt.shutdown();
      assert.deepEqual(reported, []);
    });

    test("is reported once, at the latest when the runtime closes, with id and name", async () => {
      const reported: TaskFailure[] = [];
      const rt = new Runtime({ ...flavor.options, onUnhandledFailure: (failure) => reported.push(failure) });
      const handle = rt.spawn(boom("unseen"), { name: "worker" });
      await rt.run(function* () {
        while (!handle.isFinished()) yield* yieldNow();
      });
      assert.deepEqual(reported, [], "the handle is still there");
      await rt.shutdown();
      await rt.shutdown();
      assert.deepEqual(
        reported.map(({ id, name, error }) => [id, name, (error as Error).message]),
        [[handle.id, "worker", "unseen"]],
      );
    });

    test("while its joiner is aborted in the same round is reported", async () => {
      const reported: TaskFailure[] = [];
      const rt = new Runtime({ ...flavor.options, onUnhandledFailure: (failure) => reported.push(failure) });
      const seen: unknown[] = [];
      await rt.run(function* () {
        const gate = new Gate();
        const joiner = spawn(function* () {
          try {
            yield* failing;
          } catch (error) {
            seen.push(error);
          }
        });
        const failing = spawn(function* () {
          yield* gate;
          joiner.abort();
          throw new Error("lost?");
        });
        while (!gate.isWaitedFor) yield* yieldNow();
        yield* yieldNow();
        gate.open();
        while (!joiner.isFinished()) yield* yieldNow();
      });
      await rt.shutdown();
      assert.equal(seen.length + reported.length, 1, "exactly one party learns of it");
    });
  });

  // Not an option of the multi-thread scheduler.
  if (flavor.options.flavor === "multiThread") continue;

  describe(`unhandledPanic: "shutdownRuntime" [${flavor.name}]`, () => {
    const make = (reported: TaskFailure[] = []) =>
      new Runtime({
        ...flavor.options,
        unhandledPanic: "shutdownRuntime",
        onUnhandledFailure: (failure) => reported.push(failure),
      });

    test("a run that is under way fails, after its cleanup", async () => {
      const rt = make();
      const log: string[] = [];
      const running = rt.run(function* () {
        spawn(boom("fatal"));
        try {
          yield* pending();
        } finally {
          log.push("cleanup");
        }
      });
      await assert.rejects(running, (error) => error instanceof RuntimeShutdownError);
      assert.deepEqual(log, ["cleanup"]);
    });

    test("so does blockOn", () => {
      const rt = make();
      assert.throws(
        () =>
          rt.blockOn(function* () {
            spawn(boom("fatal"));
            yield* pending();
          }),
        RuntimeShutdownError,
      );
    });

    test("all tasks are cancelled, with cleanup, and later spawns come back cancelled", async () => {
      const reported: TaskFailure[] = [];
      const rt = make(reported);
      const log: string[] = [];
      const other = rt.spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      rt.spawn(boom("fatal"), { name: "culprit" });
      await assert.rejects(Promise.resolve(other), (error) => error instanceof JoinError && error.isCancelled());
      await turn();
      assert.deepEqual(log, ["cleanup"]);
      const late = rt.spawn(ready(1));
      assert.equal(late.isFinished(), true);
      assert.deepEqual(
        reported.map(({ name }) => name),
        ["culprit"],
      );
    });

    test("the failure is told to somebody also when the body was awaiting the task", async () => {
      const reported: TaskFailure[] = [];
      const rt = make(reported);
      const error = await rt
        .run(function* () {
          yield* spawn(boom("fatal"));
        })
        .catch((e: unknown) => e);
      await rt.shutdown();
      const told = error instanceof JoinError || reported.length === 1 || /fatal/.test(String((error as Error).cause));
      assert(told, `run() rejected with ${error}, and nothing was reported`);
    });

    test("a throw in the body itself shuts nothing down", async () => {
      const rt = make();
      await assert.rejects(rt.run(boom("mine")), /mine/);
      assert.equal(await rt.run(ready(1)), 1);
    });

    test("a cancelled task shuts nothing down", async () => {
      const rt = make();
      const handle = rt.spawn(pending());
      handle.abort();
      await Promise.resolve(handle).catch(() => {});
      assert.equal(await rt.run(ready(1)), 1);
    });
  });

  describe(`unhandledPanic: "ignore" [${flavor.name}]`, () => {
    test("the runtime goes on", async () => {
      const rt = new Runtime({ ...flavor.options, unhandledPanic: "ignore", onUnhandledFailure: () => {} });
      await rt.run(function* () {
        spawn(boom("ignored"));
        for (let i = 0; i < 3; i++) yield* yieldNow();
      });
      assert.equal(await rt.run(ready(1)), 1);
      await rt.shutdown();
    });
  });
}
