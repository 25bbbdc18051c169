import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AccessError,
  fn,
  join,
  LocalKey,
  MisuseError,
  pending,
  Runtime,
  RuntimeError,
  scope,
  select,
  shield,
  sleep,
  spawn,
  taskLocal,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { outcomeOf, settle } from "./support.js";

const key = taskLocal<number>("answer");

const read = fn(function* read() {
  yield* yieldNow();
  return key.get();
});

for (const { name, options, canPause } of flavors) {
  describe(`taskLocal [${name}]`, () => {
    it(
      "has the value in the future, in what it awaits, and after each await, and none outside",
      test(function* () {
        assert.equal(key.tryGet(), undefined);
        const value = yield* key.scope(42, function* () {
          assert.equal(key.get(), 42);
          yield* yieldNow();
          assert.equal(key.get(), 42);
          return yield* read();
        });
        assert.equal(value, 42);
        assert.equal(key.tryGet(), undefined);
      }, options),
    );

    it(
      "is not inherited by spawned tasks",
      test(function* () {
        const seen = yield* key.scope(1, function* () {
          const task = spawn(function* () {
            return [key.tryGet(), yield* key.scope(2, read())];
          });
          const inScope = yield* scope(function* (s) {
            assert.equal(key.get(), 1, "the body of a scope is the same task");
            return yield* s.spawn(function* () {
              return key.tryGet();
            });
          });
          return [...(yield* task), inScope, key.get()];
        });
        assert.deepEqual(seen, [undefined, 2, undefined, 1]);
      }, options),
    );

    it(
      "tasks that run in turns each see their own value",
      test(function* () {
        const log: string[] = [];
        const worker = fn(function* worker(id: number) {
          for (let i = 0; i < 3; i++) {
            yield* yieldNow();
            log.push(`${id}:${key.get()}`);
          }
        });
        const tasks = [1, 2, 3].map((id) => spawn(key.scope(id * 10, worker(id))));
        yield* join(...tasks);
        assert.equal(log.length, 9);
        for (const line of log) assert.match(line, /^(\d):\1[0]$/);
      }, options),
    );

    it(
      "branches of a join each see their own value, and those without a scope the outer one",
      test(function* () {
        const values = yield* key.scope(0, join(key.scope(1, read()), read(), key.scope(2, read())));
        assert.deepEqual(values, [1, 0, 2]);
      }, options),
    );

    it(
      "an inner scope shadows the outer one, of its own key only, and puts it back",
      test(function* () {
        const other = taskLocal<string>();
        yield* other.scope("other", function* () {
          yield* key.scope(1, function* () {
            yield* key.scope(2, function* () {
              assert.deepEqual([key.get(), other.get()], [2, "other"]);
              yield* yieldNow();
              assert.deepEqual([key.get(), other.get()], [2, "other"]);
            });
            assert.equal(key.get(), 1);
          });
          assert.equal(key.tryGet(), undefined);
        });
      }, options),
    );

    it(
      "is put back when the future throws",
      test(function* () {
        try {
          yield* key.scope(1, function* () {
            yield* yieldNow();
            throw new Error("inside");
          });
          assert.fail();
        } catch (error) {
          assert.equal((error as Error).message, "inside");
        }
        assert.equal(key.tryGet(), undefined);
      }, options),
    );

    it(
      "is visible in cleanup: on abort, when it loses a select, after a timeout, also when the cleanup awaits",
      test(function* () {
        const log: string[] = [];
        const guarded = fn(function* guarded(name: string) {
          try {
            yield* pending();
          } finally {
            log.push(`${name} ${key.tryGet()}`);
            yield* yieldNow();
            log.push(`${name} ${key.tryGet()}`);
          }
        });
        const task = spawn(key.scope(1, guarded("abort")));
        yield* settle();
        task.abort();
        yield* settle();
        yield* select.biased({ lost: key.scope(2, guarded("select")), other: yieldNow() });
        assert.match(yield* outcomeOf(timeout(1, key.scope(3, guarded("timeout")))), /elapsed/i);
        assert.deepEqual(log, ["abort 1", "abort 1", "select 2", "select 2", "timeout 3", "timeout 3"]);
      }, options),
    );

    if (canPause)
      it(
        "is visible in cleanup that is cut short, and in that of a future dropped by hand",
        test(
          function* () {
            const log: unknown[] = [];
            const guarded = fn(function* guarded() {
              try {
                yield* pending();
              } finally {
                try {
                  log.push(key.tryGet());
                  yield* sleep(60_000);
                } finally {
                  log.push(key.tryGet());
                }
              }
            });
            const task = spawn(key.scope(1, guarded()));
            yield* settle();
            task.abort({ cleanupTimeout: 5 });
            yield* sleep(10);
            assert(task.isFinished());
            assert.deepEqual(log.splice(0), [1, 1]);

            const dropped = key.scope(2, guarded());
            assertPending(testTask(dropped).poll());
            dropped[Symbol.dispose]();
            assert.equal(key.tryGet(), undefined);
            yield* sleep(60_001);
            assert.deepEqual(log, [2, 2]);
          },
          { ...options, startPaused: true },
        ),
      );
  });
}

describe("LocalKey", () => {
  it("reading it unset throws an AccessError that names it", () => {
    assert.throws(
      () => key.get(),
      (error) =>
        error instanceof AccessError &&
        error instanceof RuntimeError &&
        error.code === "TOKI_TASK_LOCAL_UNSET" &&
        error.name === "AccessError" &&
        /task-local "answer"/.test(error.message),
    );
    assert.throws(() => key.with(() => assert.fail()), AccessError);
    assert.throws(() => taskLocal().get(), /Cannot access the task-local here/);
    assert.equal(
      key.tryWith(() => assert.fail()),
      undefined,
    );
  });

  it("with and tryWith call the function with the value", () => {
    key.syncScope(20, () => {
      assert.equal(
        key.with((value) => value + 1),
        21,
      );
      assert.equal(
        key.tryWith((value) => value + 2),
        22,
      );
    });
  });

  it("undefined is a value like any other", () => {
    const optional = taskLocal<string | undefined>();
    optional.syncScope(undefined, () => {
      assert.equal(optional.get(), undefined);
      assert.equal(
        optional.tryWith(() => "called"),
        "called",
      );
    });
  });

  it("syncScope nests, shadows and restores, also when the function throws", () => {
    key.syncScope(1, () => {
      assert.equal(
        key.syncScope(2, () => key.get()),
        2,
      );
      assert.throws(() =>
        key.syncScope(3, () => {
          throw new Error("inside");
        }),
      );
      assert.equal(key.get(), 1);
    });
    assert.equal(key.tryGet(), undefined);
  });

  it("syncScope refuses a function*, which would run too late", () => {
    assert.throws(
      () => key.syncScope(1, function* () {}),
      (error) => error instanceof MisuseError && /use scope\(value, body\)/.test(error.message),
    );
    assert.throws(() => key.syncScope(1, 5 as never), /callback must be a function/);
    assert.throws(() => key.scope(1, 5 as never), /LocalKey\.scope: expected a future/);
    assert.throws(() => taskLocal(5 as never), /taskLocal: name must be a string/);
  });

  it("scope is lazy, works without a runtime, and gives its value once", () => {
    const gate = new Gate<string>();
    let started = 0;
    const future = key.scope(9, function* () {
      started = key.get();
      return `${yield* gate} ${key.get()}`;
    });
    assert.equal(started, 0);
    const task = testTask(future);
    assertPending(task.poll());
    assert.equal(started, 9);
    assert.equal(key.tryGet(), undefined);
    gate.open("opened");
    assert.equal(assertReady(task.poll()), "opened 9");
    assert.throws(() => task.poll(), /Cannot poll a task-local scope after completion/);
  });

  it("dropping it drops the future: a leaf at once, an unpolled one without a word", () => {
    const gate = new Gate();
    const task = testTask(key.scope(1, gate));
    assertPending(task.poll());
    task[Symbol.dispose]();
    assert.equal(gate.drops, 1);
    const unpolled = key.scope(1, function* () {
      assert.fail();
    });
    unpolled[Symbol.dispose]();
    assert.throws(() => testTask(unpolled).poll(), /after completion/);
  });

  it("an error in cleanup is thrown by the cancellation, and the slot is put back", () => {
    const task = testTask(
      key.scope(1, function* () {
        try {
          yield* pending();
        } finally {
          throw new Error("cleanup");
        }
      }),
    );
    assertPending(task.poll());
    assert.throws(() => task.cancel(), /cleanup/);
    assert.equal(key.tryGet(), undefined);
  });

  it("shows in an await tree", async () => {
    await using rt = new Runtime();
    rt.spawn(key.scope(1, pending()));
    await rt.run(settle());
    assert.match(String(rt.dump()), /task-local scope of answer\n {3}└─ pending/);
    assert(key instanceof LocalKey);
    assert.equal(key.name, "answer");
  });
});

it(
  "an abort waits for a shield inside, and what ends before another await keeps its outcome",
  test(function* () {
    const task = spawn(
      key.scope(42, function* () {
        yield* shield(settle());
        return key.get();
      }),
    );
    yield* yieldNow();
    task.abort();
    assert.equal(yield* task, 42);
  }),
);
