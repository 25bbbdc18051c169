import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fn,
  Handle,
  InvalidArgumentError,
  JoinHandle,
  MisuseError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  spawnLocal,
  timeout,
  yieldNow,
} from "toki";
import { test } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { outcomeOf, settle, turn } from "./support.js";

for (const { name, options, canPause } of flavors) {
  for (const [what, start] of [
    ["spawn", spawn],
    ["spawnLocal", spawnLocal],
  ] as const) {
    describe(`${what} [${name}]`, () => {
      it(
        "does not run the body before the caller's next await",
        test(function* () {
          const log: string[] = [];
          start(function* () {
            log.push("task");
          });
          log.push("spawned");
          yield* yieldNow();
          assert.deepEqual(log, ["spawned", "task"]);
        }, options),
      );

      it(
        "starts the task although its handle is ignored",
        test(function* () {
          let ran = false;
          start(function* () {
            ran = true;
          });
          yield* yieldNow();
          assert(ran);
        }, options),
      );

      it(
        "takes a future, an fn's future, a function* body, a handle",
        test(function* () {
          const double = fn(function* double(n: number) {
            yield* yieldNow();
            return n * 2;
          });
          assert.equal(yield* start(ready(1)), 1);
          assert.equal(yield* start(double(1)), 2);
          assert.equal(
            yield* start(function* () {
              return 3;
            }),
            3,
          );
          assert.equal(yield* start(start(ready(4))), 4);
        }, options),
      );

      it(
        "runs tasks beside each other: what one waits for the other can bring",
        test(function* () {
          const gate = new Gate<string>();
          const reader = start(gate);
          start(function* () {
            yield* yieldNow();
            gate.open("from the other");
          });
          assert.equal(yield* reader, "from the other");
        }, options),
      );

      it(
        "there is no link to the spawner: a task goes on when the one that spawned it is cancelled or over",
        test(function* () {
          const gate = new Gate();
          const log: string[] = [];
          const parent = start(function* () {
            start(function* () {
              yield* gate;
              log.push("child went on");
            });
            yield* pending();
          });
          yield* settle();
          parent.abort();
          assert.match(yield* outcomeOf(parent), /was cancelled/);
          gate.open();
          yield* settle();
          assert.deepEqual(log, ["child went on"]);
        }, options),
      );

      it(
        "a handle that loses a timeout or a select detaches nothing more than the wait",
        test(function* () {
          const gate = new Gate<string>();
          const handle = start(gate);
          assert.match(yield* outcomeOf(timeout(1, handle)), /elapsed/i);
          const { key } = yield* select.biased({ handle, other: yieldNow() });
          assert.equal(key, "other");
          assert(!handle.isFinished());
          gate.open("still there");
          assert.equal(yield* handle, "still there");
        }, options),
      );
    });
  }

  if (canPause)
    it(
      `10,000 tasks that sleep are one sleep long [${name}]`,
      test(
        function* () {
          const nap = fn(function* nap() {
            yield* sleep(1000);
            return 1;
          });
          const handles = Array.from({ length: 10_000 }, () => spawn(nap()));
          let sum = 0;
          for (const handle of handles) sum += yield* handle;
          assert.equal(sum, 10_000);
        },
        { ...options, startPaused: true },
      ),
    );
}

describe("spawn", () => {
  it("throws outside of a runtime, and says what to do", () => {
    for (const start of [spawn, spawnLocal]) {
      assert.throws(
        () => start(ready(1)),
        (error) =>
          error instanceof NoRuntimeError && error.code === "TOKI_NO_RUNTIME" && /rt\.enter\(\)/.test(error.message),
      );
    }
  });

  it("throws at the call for what is no future, and starts nothing", async () => {
    await using rt = new Runtime();
    using _guard = rt.enter();
    for (const [value, hint] of [
      [Promise.resolve(1), /fromPromise\(\(signal\) =>/],
      [() => {}, /pass a `function\*` body/],
      [undefined, /got undefined/],
      [42, /got the number 42/],
    ] as const) {
      assert.throws(
        () => spawn(value as never),
        (error) =>
          error instanceof MisuseError &&
          error.code === "TOKI_NOT_A_FUTURE" &&
          /^spawn: expected a future/.test(error.message) &&
          hint.test(error.message),
      );
    }
    assert.throws(() => spawn(ready(1), { name: 5 as never }), InvalidArgumentError);
    assert.equal(rt.metrics().spawnedTasksCount, 0);
  });

  it("from outside of the runtime waits for it to be driven", async () => {
    await using rt = new Runtime();
    let ran = false;
    const handle = rt.spawn(function* () {
      ran = true;
    });
    await turn();
    assert(!ran);
    await handle;
    assert(ran);
  });

  it("a name is for people: it shows in dumps and joins, and need not be unique", async () => {
    await using rt = new Runtime();
    const first = rt.spawn(pending(), { name: "twin" });
    rt.spawn(pending(), { name: "twin" });
    rt.spawn(first);
    await rt.run(settle());
    const dump = String(rt.dump());
    assert.equal(dump.match(/"twin" \(parked\)/g)?.length, 2);
    assert.match(dump, new RegExp(`join of task ${first.id} "twin"`));
  });

  it("after the runtime's shutdown gives a handle that is cancelled", async () => {
    const rt = new Runtime();
    const { handle } = rt;
    await rt.shutdown();
    const task = handle.spawn(function* () {
      assert.fail();
    });
    assert(task instanceof JoinHandle && task.isFinished());
    await assert.rejects(Promise.resolve(task), { code: "TOKI_TASK_CANCELLED" });
  });

  it("Handle.current().spawn does the same", async () => {
    await using rt = new Runtime();
    const value = await rt.run(function* () {
      return yield* Handle.current().spawn(ready(1));
    });
    assert.equal(value, 1);
  });
});
