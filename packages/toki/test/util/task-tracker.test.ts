import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  fromPromise,
  Handle,
  InvalidArgumentError,
  JoinError,
  LocalSet,
  MisuseError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import { assertPending, assertReady, type Spawn, testTask, test as toki } from "toki/test";
import { TaskTracker, type TaskTrackerToken } from "toki/util";
import { add } from "../blocking/jobs.js";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { drops, now, stillWaiting, waiting, woken } from "../sync/support.js";
import { keepFailures, outcomeOf, settle } from "../task/support.js";
import { addLater } from "../threads/functions.js";

describe("TaskTracker", () => {
  test("close and reopen say whether they changed anything", () => {
    const tracker = new TaskTracker();
    assert.equal(tracker.isClosed, false);
    assert.deepEqual([tracker.close(), tracker.close(), tracker.isClosed], [true, false, true]);
    assert.deepEqual([tracker.reopen(), tracker.reopen(), tracker.isClosed], [true, false, false]);
  });

  test("tokens count, each once", () => {
    const tracker = new TaskTracker();
    const tokens: TaskTrackerToken[] = [];
    for (let i = 0; i < 10; i++) {
      assert.equal(tracker.length, i);
      tokens.push(i % 2 === 0 ? tracker.token() : (tokens[0] as TaskTrackerToken).clone());
    }
    assert.equal(tracker.isEmpty(), false);
    assert.equal(tokens[1]?.taskTracker, tracker);
    for (let i = 10; i > 0; i--) {
      assert.equal(tracker.length, i);
      const token = tokens.pop() as TaskTrackerToken;
      token[Symbol.dispose]();
      token[Symbol.dispose]();
    }
    assert.deepEqual([tracker.length, tracker.isEmpty()], [0, true]);
  });

  test("a clone is the same tracker", () => {
    const tracker = new TaskTracker();
    assert.equal(tracker.ptrEq(tracker.clone()), true);
    assert.equal(tracker.ptrEq(new TaskTracker()), false);
    assert.throws(
      () => tracker.ptrEq({} as TaskTracker),
      (error) => error instanceof InvalidArgumentError && error.argument === "other",
    );
  });

  test("spawning outside of a runtime, or what is no future, throws and tracks nothing", () => {
    const tracker = new TaskTracker();
    assert.throws(() => tracker.spawn(ready(1)), NoRuntimeError);
    assert.throws(() => tracker.spawnLocal(ready(1)), NoRuntimeError);
    assert.throws(() => tracker.track(7 as never), MisuseError);
    assert.equal(tracker.length, 0);
  });
});

describe("TaskTracker.wait", () => {
  test("is ready at once when closed and empty", () => {
    const tracker = new TaskTracker();
    tracker.close();
    now(tracker.wait());
  });

  test("counts from its creation: a moment that has passed by the first poll is enough", () => {
    const tracker = new TaskTracker();
    const wait = testTask(tracker.wait());
    tracker.close();
    tracker.reopen();
    using _ = tracker.token();
    assertReady(wait.poll());
    const later = waiting(tracker.wait());
    later[Symbol.dispose]();
  });

  test("the last token of a closed tracker wakes, even if it is reopened, or something is tracked, before the poll", () => {
    for (const between of ["nothing", "reopen", "token"] as const) {
      const tracker = new TaskTracker();
      tracker.close();
      const token = tracker.token();
      const wait = waiting(tracker.wait());
      token[Symbol.dispose]();
      assert.equal(wait.isWoken, true, between);
      if (between === "reopen") tracker.reopen();
      if (between === "token") tracker.token();
      woken(wait);
    }
  });

  test("wait() of a tracker that is closed and empty is over, even if it is reopened before the poll", () => {
    const tracker = new TaskTracker();
    tracker.close();
    const wait = testTask(tracker.wait());
    tracker.reopen();
    assertReady(wait.poll());
    assert.throws(() => wait.poll(), MisuseError);
  });

  test("the close of an empty tracker wakes, even if it is reopened before the poll", () => {
    for (const reopen of [false, true]) {
      const tracker = new TaskTracker();
      const wait = waiting(tracker.wait());
      tracker.close();
      if (reopen) tracker.reopen();
      woken(wait);
    }
  });

  test("an open tracker that runs empty wakes nobody", () => {
    const tracker = new TaskTracker();
    const wait = waiting(tracker.wait());
    tracker.token()[Symbol.dispose]();
    stillWaiting(wait);
    tracker.close();
    woken(wait);
  });

  test("everybody who waits is woken", () => {
    const tracker = new TaskTracker();
    const token = tracker.token();
    const waits = Array.from({ length: 20 }, () => waiting(tracker.wait()));
    tracker.close();
    for (const wait of waits) stillWaiting(wait);
    token[Symbol.dispose]();
    for (const wait of waits) woken(wait);
  });

  for (const { name, drop } of drops) {
    test(`one that is ${name} is forgotten`, () => {
      const tracker = new TaskTracker();
      const [a, b] = [waiting(tracker.wait()), waiting(tracker.wait())];
      drop(a);
      tracker.close();
      assert.equal(a.isWoken, false);
      woken(b);
    });
  }

  test("says what it waits for, and is not polled after completion", () => {
    const tracker = new TaskTracker();
    const token = tracker.token();
    const wait = tracker.wait();
    assert.equal(wait.describe(), "TaskTracker wait (1 tracked, not closed)");
    tracker.close();
    token[Symbol.dispose]();
    now(wait);
    assert.throws(() => testTask(wait).poll(), MisuseError);
  });

  test("agrees with a model, with waits dropped at any moment", () => {
    const command = fc.oneof(
      fc.constantFrom("close", "reopen", "token", "end", "wait", "poll"),
      fc.record({ drop: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const tracker = new TaskTracker();
        const tokens: TaskTrackerToken[] = [];
        let waits: { task: Spawn<void>; isReady: boolean }[] = [];
        let closed = false;
        const mark = () => {
          if (closed && tokens.length === 0) for (const wait of waits) wait.isReady = true;
        };
        const check = () => {
          for (const { task, isReady } of waits) assert.equal(task.isWoken, isReady);
        };
        for (const step of commands) {
          if (typeof step === "object") {
            const [gone] = waits.splice(step.drop % Math.max(1, waits.length), 1);
            gone?.task[Symbol.dispose]();
          } else if (step === "close") {
            assert.equal(tracker.close(), !closed);
            closed = true;
          } else if (step === "reopen") {
            assert.equal(tracker.reopen(), closed);
            closed = false;
          } else if (step === "token") tokens.push(tracker.token());
          else if (step === "end") tokens.pop()?.[Symbol.dispose]();
          else if (step === "wait") {
            const task = testTask(tracker.wait());
            if (closed && tokens.length === 0) assertReady(task.poll());
            else {
              assertPending(task.poll());
              waits.push({ task, isReady: false });
            }
          } else {
            for (const { task, isReady } of waits) {
              if (isReady) woken(task);
              else stillWaiting(task);
            }
            waits = waits.filter(({ isReady }) => !isReady);
          }
          mark();
          check();
          assert.equal(tracker.length, tokens.length);
        }
      }),
    );
  });
});

for (const { name, options } of flavors) {
  describe(`TaskTracker.spawn [${name}]`, () => {
    test(
      "the task is tracked until it is over, joined or not, and its handle has the outcome",
      toki(function* () {
        const tracker = new TaskTracker();
        const gate = new Gate<number>();
        const task = tracker.spawn(gate, { name: "gated" });
        const ignored = tracker.spawn(ready("ignored"));
        tracker.close();
        assert.equal(tracker.length, 2);
        yield* settle();
        assert.deepEqual([tracker.length, ignored.isFinished()], [1, true]);
        const wait = spawn(tracker.wait());
        yield* settle();
        assert.equal(wait.isFinished(), false);
        gate.open(42);
        yield* wait;
        assert.equal(tracker.isEmpty(), true);
        assert.equal(yield* task, 42);
      }, options),
    );

    test(
      "tasks may be spawned after the close, and are waited for",
      toki(function* () {
        const tracker = new TaskTracker();
        tracker.close();
        const gate = new Gate();
        tracker.spawn(gate);
        const { key } = yield* select({ wait: tracker.wait(), other: settle() });
        assert.equal(key, "other");
        gate.open();
        yield* tracker.wait();
      }, options),
    );

    test(
      "a task is tracked until its cleanup has ended",
      toki(function* () {
        const tracker = new TaskTracker();
        tracker.close();
        const cleanup = new Gate();
        const task = tracker.spawn(function* () {
          try {
            yield* pending();
          } finally {
            yield* cleanup;
          }
        });
        yield* settle();
        task.abort();
        yield* settle();
        assert.equal(tracker.length, 1);
        cleanup.open();
        yield* tracker.wait();
        assert.equal(task.isFinished(), true);
      }, options),
    );

    test(
      "a task spawns into its own tracker while it ends",
      toki(function* () {
        const tracker = new TaskTracker();
        tracker.close();
        const log: string[] = [];
        tracker.spawn(function* () {
          yield* yieldNow();
          tracker.spawn(function* () {
            yield* yieldNow();
            log.push("second");
          });
          log.push("first");
        });
        yield* tracker.wait();
        assert.deepEqual(log, ["first", "second"]);
      }, options),
    );

    test(
      "a wait that two tasks share is refused to the second",
      toki(function* () {
        const tracker = new TaskTracker();
        const wait = tracker.wait();
        const first = spawn(wait);
        yield* settle();
        assert.match(yield* outcomeOf(spawn(wait)), /another task or await is already driving it/);
        tracker.close();
        yield* first;
      }, options),
    );

    test(
      "spawnLocal, spawnBlocking, and on another runtime",
      toki(function* () {
        const tracker = new TaskTracker();
        const other = new Runtime({ flavor: "currentThread" });
        const gate = new Gate();
        const local = tracker.spawnLocal(gate);
        const job = tracker.spawnBlocking(add(40, 2));
        const here = tracker.spawn(ready(1), { on: Handle.current() });
        const elsewhere = tracker.spawn(ready(2), { on: other.handle });
        assert.equal(tracker.length, 4);
        assert.equal(yield* job, 42);
        assert.equal(yield* here, 1);
        assert.equal(tracker.length, 2, "the other runtime is not driven");
        tracker.close();
        gate.open();
        yield* local;
        elsewhere.abort();
        other.shutdownBackground();
        yield* tracker.wait();
      }, options),
    );

    test(
      "spawnLocal on a LocalSet",
      toki(function* () {
        const tracker = new TaskTracker();
        const set = new LocalSet();
        const task = tracker.spawnLocal(ready(42), { on: set });
        tracker.close();
        yield* settle();
        assert.equal(tracker.length, 1, "the set is not driven");
        yield* set.runUntil(tracker.wait());
        assert.equal(yield* task, 42);
        tracker.spawnLocal(pending(), { on: set });
        set[Symbol.dispose]();
        yield* tracker.wait();
      }, options),
    );

    test(
      "keeps the failures of its tasks from nobody",
      toki(function* () {
        const kept = keepFailures({ ...options, startPaused: false });
        const rt = new Runtime(kept);
        const tracker = new TaskTracker();
        tracker.spawn(
          function* () {
            throw new Error("seen by nobody");
          },
          { on: rt.handle },
        );
        const joined = tracker.spawn(
          function* () {
            throw new Error("joined");
          },
          { on: rt.handle },
        );
        tracker.close();
        yield* rt.wrap(tracker.wait());
        assert.equal((yield* outcomeOf(joined)).includes("joined"), true);
        yield* fromPromise(() => rt.shutdown());
        assert.deepEqual(kept.failures, ["seen by nobody"]);
      }, options),
    );

    test("after the runtime's shutdown nothing is tracked", async () => {
      const rt = new Runtime(options);
      await rt.shutdown();
      const tracker = new TaskTracker();
      const task = tracker.spawn(ready(1), { on: rt.handle });
      assert.deepEqual([tracker.length, task.isFinished()], [0, true]);
    });

    test("a shutdown of the runtime ends what is tracked", async () => {
      const rt = new Runtime(options);
      const tracker = new TaskTracker();
      tracker.spawn(pending(), { on: rt.handle });
      await rt.shutdown();
      assert.equal(tracker.length, 0);
    });
  });

  describe(`TaskTracker.track [${name}]`, () => {
    test(
      "counts from the call on, and until the future is done",
      toki(function* () {
        const tracker = new TaskTracker();
        const gate = new Gate<number>();
        const future = tracker.track(gate);
        assert.deepEqual([tracker.length, gate.polls], [1, 0]);
        const task = spawn(future);
        yield* settle();
        gate.open(42);
        assert.equal(yield* task, 42);
        assert.equal(tracker.length, 0);
      }, options),
    );

    test(
      "until it is dropped: never polled, losing a select, aborted, or failed",
      toki(function* () {
        const tracker = new TaskTracker();
        tracker.track(pending())[Symbol.dispose]();
        assert.equal(tracker.length, 0);
        yield* select({ lost: tracker.track(pending()), other: yieldNow() });
        assert.equal(tracker.length, 0);
        const task = spawn(tracker.track(pending()));
        yield* settle();
        task.abort();
        yield* settle();
        assert.equal(tracker.length, 0);
        const failing = spawn(
          tracker.track(function* () {
            throw new Error("boom");
          }),
        );
        try {
          yield* failing;
          assert.fail();
        } catch (error) {
          assert(error instanceof JoinError && error.isPanic());
        }
        assert.equal(tracker.length, 0);
      }, options),
    );

    test(
      "its cleanup is tracked, too",
      toki(function* () {
        const tracker = new TaskTracker();
        const cleanup = new Gate();
        const task = spawn(
          tracker.track(function* () {
            try {
              yield* pending();
            } finally {
              yield* cleanup;
            }
          }),
        );
        yield* settle();
        task.abort();
        yield* settle();
        assert.equal(tracker.length, 1);
        cleanup.open();
        yield* settle();
        assert.equal(tracker.length, 0);
      }, options),
    );
  });
}

describe("TaskTracker and worker threads", () => {
  test(
    "tasks on workers are tracked until their outcome is back",
    toki(
      function* () {
        const tracker = new TaskTracker();
        const tasks = Array.from({ length: 50 }, (_, i) => tracker.spawn(addLater(i, 1)));
        assert.equal(tracker.length, 50);
        tracker.close();
        yield* tracker.wait();
        assert.ok(tasks.every((task) => task.isFinished()));
        let sum = 0;
        for (const task of tasks) sum += yield* task;
        assert.equal(sum, 50 * 25.5);
      },
      { flavor: "multiThread", workerThreads: 2 },
    ),
  );

  test(
    "one that is aborted there is tracked until it has ended",
    toki(
      function* () {
        const tracker = new TaskTracker();
        tracker.close();
        const task = tracker.spawn(addLater(1, 2));
        task.abort();
        yield* tracker.wait();
        assert.equal(task.isFinished(), true);
        yield* sleep(0);
      },
      { flavor: "multiThread", workerThreads: 1 },
    ),
  );
});
