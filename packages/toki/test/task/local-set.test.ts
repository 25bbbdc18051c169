import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  DeadlockError,
  Future,
  fn,
  fromPromise,
  Handle,
  InvalidArgumentError,
  JoinError,
  JoinSet,
  LocalRuntime,
  LocalSet,
  LocalSetError,
  MisuseError,
  NestedRuntimeError,
  NoRuntimeError,
  pending,
  pin,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  spawnLocal,
  timeout,
  yieldNow,
} from "toki";
import { mpsc } from "toki/sync";
import { assertPending, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { guarded, outcomeOf, settle } from "./support.js";

/** Counts its polls in `log`. */
const steps = fn(function* steps(log: string[], name: string, count: number) {
  for (let i = 1; i <= count; i++) {
    log.push(`${name}${i}`);
    yield* yieldNow();
  }
  return name;
});

for (const { name, options, canPause } of flavors) {
  describe(`LocalSet [${name}]`, () => {
    it(
      "tasks advance only while the set is driven, and go on the next time",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        set.spawnLocal(steps(log, "a", 100));
        yield* settle();
        assert.deepEqual(log, []);
        yield* set.runUntil(function* () {
          while (log.length < 3) yield* yieldNow();
        });
        const before = log.length;
        yield* settle();
        assert.ok(log.length <= before + 1, "it may be in the middle of one step");
        yield* set;
        assert.equal(log.length, 100);
      }, options),
    );

    it(
      "an await is ready when every task is over, one that they spawned too; at once with none",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        yield* set;
        set.spawnLocal(function* () {
          yield* yieldNow();
          spawnLocal(function* () {
            yield* settle();
            log.push("nested");
          });
          log.push("outer");
        });
        yield* set;
        assert.deepEqual(log, ["outer", "nested"]);
        set.spawnLocal(steps(log, "again", 1));
        yield* set;
        assert.equal(log[2], "again1");
      }, options),
    );

    it(
      "runUntil gives the value, or the error, and leaves tasks that are not over",
      test(function* () {
        const set = new LocalSet();
        const gate = new Gate<string>();
        const task = set.spawnLocal(gate);
        assert.equal(yield* set.runUntil(ready(42)), 42);
        const outcome = yield* outcomeOf(
          set.runUntil(function* () {
            yield* yieldNow();
            throw new Error("boom");
          }),
        );
        assert.equal(outcome, "threw boom");
        assert.equal(task.isFinished(), false);
        gate.open("later");
        assert.equal(yield* set.runUntil(task), "later");
      }, options),
    );

    it(
      "spawnLocal in runUntil, and in tasks of the set, spawns on the set; elsewhere not",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        let nested: unknown;
        yield* set.runUntil(function* () {
          nested = spawnLocal(function* () {
            yield* yieldNow();
            spawnLocal(guarded(log, "task of a task"));
            yield* pending();
          });
          yield* settle();
          const other = spawn(function* () {
            spawnLocal(steps(log, "other", 1));
          });
          yield* other;
        });
        assert.ok(nested);
        yield* settle();
        assert.deepEqual(log, ["other1"], "what another task spawned is of no set");
        set[Symbol.dispose]();
        yield* settle();
        assert.deepEqual(log, ["other1", "task of a task"]);
      }, options),
    );

    it(
      "enter: spawnLocal of the code that runs goes to the set until the guard is released",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        const other = new LocalSet();
        {
          using _ = set.enter();
          spawnLocal(steps(log, "a", 1));
          {
            using _ = other.enter();
            spawnLocal(steps(log, "never", 1));
          }
          spawnLocal(steps(log, "b", 1));
          yield* sleep(0);
        }
        const free = spawnLocal(steps(log, "free", 1));
        yield* free;
        assert.deepEqual(log, ["free1"]);
        yield* set;
        assert.deepEqual(log.toSorted(), ["a1", "b1", "free1"]);
        const [first, second] = [set.enter(), other.enter()];
        assert.throws(() => first[Symbol.dispose](), /reverse of the order/);
        second[Symbol.dispose]();
        first[Symbol.dispose]();
        first[Symbol.dispose]();
      }, options),
    );

    it(
      "a JoinSet spawns on it, by option or in its code",
      test(function* () {
        const set = new LocalSet();
        const tasks = new JoinSet<number>();
        tasks.spawnLocal(ready(1), { on: set, name: "on" });
        yield* settle();
        assert.equal(tasks.tryJoinNext(), undefined);
        yield* set.runUntil(function* () {
          tasks.spawnLocal(ready(2));
          assert.deepEqual((yield* tasks.joinAll()).toSorted(), [1, 2]);
        });
        assert.throws(() => tasks.spawnLocal(ready(3), { on: {} as never }), InvalidArgumentError);
      }, options),
    );

    it(
      "a handle is awaited elsewhere while something drives the set",
      test(function* () {
        const set = new LocalSet();
        const [tx, rx] = mpsc.channel<number>(1);
        const local = set.spawnLocal(function* () {
          return 2 * ((yield* rx.recv()) as number);
        });
        const joiner = spawn(function* () {
          yield* tx.send(21);
          return yield* local;
        });
        assert.equal(yield* set.runUntil(joiner), 42);
      }, options),
    );

    it(
      "dropping it cancels its tasks, whose cleanup runs though nobody drives it",
      test(function* () {
        const log: string[] = [];
        const task = yield* Future.from(function* () {
          using set = new LocalSet();
          const task = set.spawnLocal(guarded(log, "cleaned up"));
          const never = set.spawnLocal(steps(log, "never", 1));
          yield* set.runUntil(settle());
          void never;
          return task;
        });
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log, ["never1", "cleaned up"]);
      }, options),
    );

    it(
      "a task that has not begun when the set is dropped never does, nor does what is spawned later",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        const before = set.spawnLocal(steps(log, "before", 1));
        set[Symbol.dispose]();
        const after = set.spawnLocal(steps(log, "after", 1));
        assert.match(yield* outcomeOf(before), /was cancelled/);
        assert.match(yield* outcomeOf(after), /was cancelled/);
        yield* set;
        assert.deepEqual(log, []);
      }, options),
    );

    it(
      "an await that is dropped drops the set and awaits the cleanup; one that is lent does not",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        set.spawnLocal(guarded(log, "cleaned up"));
        assert.equal((yield* select.biased({ set: pin(set), other: settle() })).key, "other");
        assert.deepEqual(log, []);
        assert.equal((yield* select.biased({ set, other: settle() })).key, "other");
        assert.deepEqual(log, ["cleaned up"]);
      }, options),
    );

    it(
      "a runUntil that is dropped cancels its future and leaves the tasks where they are",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        const gate = new Gate();
        const task = set.spawnLocal(gate);
        const running = set.runUntil(guarded(log, "body"));
        assert.equal((yield* select.biased({ running, other: settle() })).key, "other");
        assert.deepEqual([log, task.isFinished(), gate.drops], [["body"], false, 0]);
        gate.open();
        yield* settle();
        assert.equal(task.isFinished(), false, "nobody drives it any more");
        yield* set;
        assert.equal(task.isFinished(), true);
      }, options),
    );

    it(
      "an abort is heeded though nobody drives the set",
      test(function* () {
        const log: string[] = [];
        const set = new LocalSet();
        const task = set.spawnLocal(guarded(log, "cleaned up"));
        yield* set.runUntil(settle());
        task.abort();
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log, ["cleaned up"]);
        yield* set;
      }, options),
    );

    it(
      "a failure stays with its handle, and the set goes on",
      test(function* () {
        const set = new LocalSet();
        const failing = set.spawnLocal(function* () {
          throw new Error("boom");
        });
        const other = set.spawnLocal(steps([], "other", 3));
        yield* set;
        assert.match(yield* outcomeOf(failing), /boom/);
        assert.equal(yield* other, "other");
      }, options),
    );

    it(
      "unhandledPanic: a failure cancels all its tasks, and whoever drives it gets a LocalSetError",
      test(function* () {
        const log: string[] = [];
        const error = new Error("boom");
        const set = new LocalSet({ unhandledPanic: "shutdownRuntime" });
        const other = set.spawnLocal(guarded(log, "other"));
        const failing = set.spawnLocal(function* () {
          yield* yieldNow();
          throw error;
        });
        const body = spawn(set.runUntil(guarded(log, "body")));
        const isShutDown = (thrown: unknown) =>
          thrown instanceof LocalSetError && thrown.code === "TOKI_LOCAL_SET_SHUT_DOWN" && thrown.cause === error;
        try {
          yield* set;
          assert.fail();
        } catch (thrown) {
          assert(isShutDown(thrown));
        }
        try {
          yield* body;
          assert.fail();
        } catch (thrown) {
          assert(thrown instanceof JoinError && isShutDown(thrown.cause));
        }
        assert.match(yield* outcomeOf(other), /was cancelled/);
        assert.match(yield* outcomeOf(failing), /boom/);
        assert.deepEqual(log.toSorted(), ["body", "other"]);
        assert.match(yield* outcomeOf(set.runUntil(ready(1))), /shut down on unhandled panic/);
        assert.match(yield* outcomeOf(set.spawnLocal(ready(1))), /was cancelled/);
      }, options),
    );

    it(
      "a task that takes all its budget lets the body run, and the body's budget is its task's",
      test(function* () {
        const set = new LocalSet();
        const [tx, rx] = mpsc.unboundedChannel<number>();
        for (let i = 0; i < 1000; i++) tx.send(i);
        let taken = 0;
        set.spawnLocal(function* () {
          for (; taken < 1000; taken++) yield* rx.recv();
        });
        yield* set.runUntil(function* () {
          yield* yieldNow();
          yield* yieldNow();
          assert.ok(taken < 1000);
        });
        yield* set;
        assert.equal(taken, 1000);
      }, options),
    );

    it(
      "a set, or a runUntil, that two tasks share is refused to the second",
      test(function* () {
        const set = new LocalSet();
        const gate = new Gate();
        set.spawnLocal(gate);
        const run = set.runUntil(new Gate());
        for (const shared of [set, run]) {
          const first = spawn(function* () {
            yield* shared;
          });
          yield* settle();
          assert.match(yield* outcomeOf(spawn<unknown>(shared)), /another task or await is already driving it/);
          if (shared === run) first.abort();
          else gate.open();
          yield* settle();
          assert.equal(first.isFinished(), true);
        }
      }, options),
    );

    it(
      "one await drives for others: the set is driven until the last has left",
      test(function* () {
        const set = new LocalSet();
        const gate = new Gate();
        set.spawnLocal(gate);
        const [short, long] = [spawn(set.runUntil(yieldNow())), spawn(set.runUntil(gate))];
        yield* short;
        gate.open();
        yield* set;
        long.abort();
      }, options),
    );

    it(
      "says what it is in await trees",
      test(function* () {
        const set = new LocalSet();
        set.spawnLocal(pending(), { name: "parked" });
        yield* settle();
        assert.match(
          String(Handle.current().dump()),
          /"parked" \(parked\)\n└─ LocalSet task \(its set is not driven\)/,
        );
        const awaiting = spawn(pin(set));
        yield* settle();
        assert.match(String(Handle.current().dump()), /LocalSet \(1 task\)/);
        assert.equal(set.runUntil(ready(1)).describe(), "LocalSet runUntil (1 task)");
        awaiting.abort();
        set[Symbol.dispose]();
      }, options),
    );

    it(
      "a future of runUntil is not polled after completion",
      test(function* () {
        const set = new LocalSet();
        const once = set.runUntil(ready(1));
        yield* once;
        assert.throws(() => testTask(once).poll(), MisuseError);
        const dropped = testTask(set.runUntil(pending()));
        assertPending(dropped.poll());
        dropped[Symbol.dispose]();
        assert.throws(() => testTask(dropped.inner).poll(), MisuseError);
      }, options),
    );

    it("blockOn drives it on a runtime, from plain code", async () => {
      const rt = new Runtime(options);
      const set = new LocalSet();
      const log: string[] = [];
      const value = set.blockOn(rt, function* () {
        spawnLocal(steps(log, "a", 3));
        yield* settle();
        return "done";
      });
      assert.deepEqual([value, log], ["done", ["a1", "a2", "a3"]]);
      set.spawnLocal(steps(log, "b", 1));
      set.blockOn(rt.handle, settle());
      assert.equal(log[3], "b1");
      await rt.run(set);
      await rt.run(function* () {
        assert.throws(() => set.blockOn(rt, ready(1)), NestedRuntimeError);
      });
      assert.throws(() => set.blockOn({} as never, ready(1)), InvalidArgumentError);
      await rt.shutdown();
    });

    it("a set that another runtime drives goes on", async () => {
      const rt = new Runtime(options);
      const other = new Runtime({ flavor: "currentThread" });
      const set = new LocalSet();
      const log: string[] = [];
      {
        using _ = rt.enter();
        set.spawnLocal(steps(log, "a", 3));
      }
      await other.run(set);
      assert.equal(log.length, 3);
      await Promise.all([rt.shutdown(), other.shutdown()]);
    });

    it("a shutdown of its runtime cancels its tasks", async () => {
      const rt = new Runtime(options);
      const log: string[] = [];
      const set = new LocalSet();
      await rt.run(function* () {
        set.spawnLocal(guarded(log, "cleaned up"));
        yield* set.runUntil(settle());
      });
      await rt.shutdown();
      assert.deepEqual(log, ["cleaned up"]);
      const late = set.spawnLocal(ready(1));
      assert.equal(late.isFinished(), true);
    });

    if (canPause)
      it(
        "timers of a set that stands still are late, and the runtime's clock goes on without it",
        test(
          function* () {
            const set = new LocalSet();
            const task = set.spawnLocal(sleep(10));
            yield* set.runUntil(sleep(5));
            yield* sleep(100);
            assert.equal(task.isFinished(), false);
            yield* timeout(1, set);
            assert.equal(task.isFinished(), true);
          },
          { ...options, startPaused: true },
        ),
      );
  });
}

describe("LocalSet", () => {
  it("has a number of its own", () => {
    assert.notEqual(new LocalSet().id, new LocalSet().id);
  });

  it("needs a runtime for its first task", () => {
    const set = new LocalSet();
    assert.throws(() => set.spawnLocal(ready(1)), NoRuntimeError);
    assert.throws(() => set.spawnLocal(7 as never), MisuseError);
    const rt = new LocalRuntime();
    rt.blockOn(set);
    using _ = rt.enter();
    set.spawnLocal(ready(1));
    set[Symbol.dispose]();
  });

  it("checks its options", () => {
    assert.throws(
      () => new LocalSet({ unhandledPanic: "sometimes" as never }),
      (error) => error instanceof InvalidArgumentError && error.argument === "unhandledPanic",
    );
  });

  it("who awaits a task of a set that nobody drives is told so by the deadlock report", async () => {
    const reports: string[] = [];
    const { error } = console;
    console.error = (text: string) => void reports.push(text);
    const rt = new LocalRuntime();
    try {
      const set = new LocalSet();
      let failure: unknown;
      try {
        rt.blockOn(function* () {
          yield* set.spawnLocal(ready(1));
        });
      } catch (caught) {
        failure = caught;
      }
      assert(failure instanceof DeadlockError);
      assert.match(failure.report, /its set is not driven/);
    } finally {
      console.error = error;
    }
    await rt.shutdown();
  });

  it(
    "two sets side by side do not mix",
    test(function* () {
      const [a, b] = [new LocalSet(), new LocalSet()];
      const log: string[] = [];
      yield* select({
        a: a.runUntil(function* () {
          yield* yieldNow();
          spawnLocal(guarded(log, "a"));
          yield* pending();
        }),
        b: b.runUntil(function* () {
          yield* yieldNow();
          spawnLocal(guarded(log, "b"));
          yield* settle();
          yield* settle();
        }),
      });
      a[Symbol.dispose]();
      yield* settle();
      assert.deepEqual(log, ["a"]);
      b[Symbol.dispose]();
      yield* settle();
      assert.deepEqual(log, ["a", "b"]);
      yield* fromPromise(async () => {});
    }),
  );
});

describe("cleanup of a LocalSet's runUntil", () => {
  const program = fn(function* program(set: LocalSet, log: string[]) {
    const [tx, rx] = mpsc.channel<number>(1);
    const member = set.spawnLocal(function* () {
      while ((yield* rx.recv()) !== undefined);
      log.push("member");
    });
    try {
      yield* pending();
    } finally {
      tx[Symbol.dispose]();
      yield* member;
      yield* spawnLocal(function* () {
        yield* yieldNow();
        log.push("spawned in cleanup");
      });
    }
  });

  it(
    "may wait for tasks of the set, and spawn there",
    test(function* () {
      const log: string[] = [];
      const set = new LocalSet();
      const { key } = yield* select({ lost: set.runUntil(program(set, log)), won: settle() });
      assert.equal(key, "won");
      assert.deepEqual(log, ["member", "spawned in cleanup"]);
    }),
  );

  it(
    "does so, too, when it is dropped by hand",
    test(function* () {
      const log: string[] = [];
      const set = new LocalSet();
      const future = set.runUntil(program(set, log));
      yield* select.biased({ lent: pin(future), other: settle() });
      future[Symbol.dispose]();
      yield* settle();
      yield* settle();
      assert.deepEqual(log, ["member", "spawned in cleanup"]);
    }),
  );
});

it(
  "a task that waits for its own set can be cancelled",
  test(function* () {
    const set = new LocalSet();
    const task = set.spawnLocal(function* () {
      yield* set;
    });
    yield* select.biased({ set: set.runUntil(pending()), other: settle() });
    set[Symbol.dispose]();
    yield* settle();
    assert.equal(task.isFinished(), true);
  }),
);
