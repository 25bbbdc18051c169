import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  advance,
  Builder,
  ClockError,
  Instant,
  type IntoFuture,
  InvalidArgumentError,
  NoRuntimeError,
  pause,
  pollFn,
  Runtime,
  resume,
  sleep,
  spawn,
  yieldNow,
} from "toki";
import { since } from "../support/elapsed.js";
import { pausableFlavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

for (const flavor of pausableFlavors) {
  const run = async <T>(body: IntoFuture<T>, startPaused: boolean): Promise<T> => {
    await using rt = new Runtime({ ...flavor.options, startPaused });
    return await rt.run(body);
  };

  describe(`pause() and resume() [${flavor.name}]`, () => {
    test("pausing twice throws in Tokio's words", () =>
      run(function* () {
        pause();
        assert.throws(
          () => pause(),
          (error) => {
            assert(error instanceof ClockError);
            assert.equal(error.message, "time is already frozen");
            assert.equal(error.code, "TOKI_CLOCK");
            return true;
          },
        );
      }, false));

    test("a runtime that starts paused is paused", () =>
      run(function* () {
        assert.throws(() => pause(), ClockError);
        resume();
        pause();
      }, true));

    test("resuming a clock that runs throws", () =>
      run(function* () {
        assert.throws(() => resume(), /^ClockError: time is not frozen$/);
        pause();
        resume();
        assert.throws(() => resume(), ClockError);
      }, false));

    test("outside a runtime, and without timers, they throw under their own names", async () => {
      assert.throws(() => pause(), /^NoRuntimeError: pause: /);
      assert.throws(() => resume(), /^NoRuntimeError: resume: /);
      assert.throws(() => advance(1), NoRuntimeError);
      await Builder.currentThread()
        .build()
        .run(function* () {
          assert.throws(() => pause(), { code: "TOKI_DRIVER_DISABLED" });
        });
    });

    test("the clock never goes backwards through any number of pauses", () =>
      run(function* () {
        let last = Instant.now();
        for (let i = 0; i < 50; i++) {
          pause();
          assert(Instant.now().compare(last) >= 0);
          last = Instant.now();
          yield* advance(i % 3);
          resume();
          assert(Instant.now().compare(last) >= 0);
          last = Instant.now();
        }
      }, false));

    test("a sleep that spans both kinds of time counts both", () =>
      run(function* () {
        const start = Instant.now();
        pause();
        const both = sleep({ hours: 1 });
        yield* advance({ minutes: 59, seconds: 59, milliseconds: 990 });
        resume();
        yield* both;
        assert(start.elapsed() >= 3_600_000);
      }, false));
  });

  describe(`advance() [${flavor.name}]`, () => {
    test("throws on a clock that runs, at the call and at the poll", () =>
      run(function* () {
        assert.throws(() => advance(1), /^ClockError: time is not frozen$/);
        pause();
        const late = advance(1);
        resume();
        let error: unknown;
        try {
          yield* late;
        } catch (e) {
          error = e;
        }
        assert(error instanceof ClockError);
      }, false));

    test("jumps at once and yields once", () =>
      run(function* () {
        const start = Instant.now();
        let polls = 0;
        const jump = advance(500);
        yield* pollFn<void>((cx) => {
          polls++;
          const poll = jump.poll(cx);
          assert.equal(since(start), 500, "at the first poll");
          return poll;
        });
        assert.equal(polls, 2);
      }, true));

    test("does nothing before it is awaited", () =>
      run(function* () {
        const start = Instant.now();
        advance(500);
        yield* yieldNow();
        assert.equal(since(start), 0);
      }, true));

    test("fires what became due; after one more yield those tasks have run", () =>
      run(function* () {
        let done = false;
        const task = spawn(function* () {
          yield* sleep(10_000);
          done = true;
        });
        yield* yieldNow();
        yield* advance(10_000);
        yield* yieldNow();
        assert.equal(done, true);
        yield* task;
      }, true));

    test("fires due timers in the order of their deadlines, and leaves the others", () =>
      run(function* () {
        const log: number[] = [];
        for (const ms of [30, 10, 20, 40]) {
          spawn(function* () {
            yield* sleep(ms);
            log.push(ms);
          });
        }
        yield* yieldNow();
        yield* advance(30);
        yield* yieldNow();
        assert.deepEqual(flavor.options.lifoSlot ? log.sort() : log, [10, 20, 30]);
      }, true));

    test("a timer registered by a task that an advance woke counts from the new time", () =>
      run(function* () {
        const start = Instant.now();
        const task = spawn(function* () {
          yield* sleep(10);
          yield* sleep(10);
          return since(start);
        });
        yield* yieldNow();
        yield* advance(100);
        assert.equal(yield* task, 110);
      }, true));

    test("works in steps below a millisecond: a timer fires once the clock has reached its tick", () =>
      run(function* () {
        const start = Instant.now();
        const one = sleep(1);
        const task = spawn(one);
        yield* yieldNow();
        yield* advance(0.5);
        assert.equal(one.isElapsed, false);
        assert.equal(since(start), 0.5);
        yield* advance(0.5);
        assert.equal(one.isElapsed, true);
        yield* task;
        for (let i = 0; i < 10; i++) yield* advance(0.1);
        assert.equal(since(start), 2);
      }, true));

    test("advance(0) moves nothing; a bad duration is refused at the call", () =>
      run(function* () {
        const start = Instant.now();
        yield* advance(0);
        assert.equal(since(start), 0);
        assert.throws(() => advance(-1), InvalidArgumentError);
        assert.throws(() => advance("1" as never), /^InvalidArgumentError: advance: duration/);
      }, true));

    test("by an infinite duration is refused, or ends: the clock stays usable", () =>
      run(function* () {
        const start = Instant.now();
        try {
          yield* advance(Number.POSITIVE_INFINITY);
        } catch (error) {
          assert(error instanceof InvalidArgumentError);
          yield* sleep(5);
          assert.equal(since(start), 5);
          return;
        }
        assert(Number.isFinite(start.elapsed()));
      }, true));

    test("many years at a jump", () =>
      run(function* () {
        const start = Instant.now();
        const far = spawn(sleep({ days: 365 * 20 }));
        yield* yieldNow();
        yield* advance({ days: 365 * 20 });
        yield* far;
        assert.equal(since(start), 365 * 20 * 86_400_000);
      }, true));
  });

  describe(`auto-advance [${flavor.name}]`, () => {
    test("jumps from deadline to deadline when nothing is runnable", () =>
      run(function* () {
        const start = Instant.now();
        const seen: number[] = [];
        const tasks = [300, 100, 200].map((ms) =>
          spawn(function* () {
            yield* sleep(ms);
            seen.push(since(start));
          }),
        );
        for (const task of tasks) yield* task;
        assert.deepEqual(seen, [100, 200, 300]);
      }, true));

    test("does not jump while anything is runnable", () =>
      run(function* () {
        const start = Instant.now();
        const task = spawn(sleep(10));
        for (let i = 0; i < 500; i++) {
          yield* yieldNow();
          assert.equal(since(start), 0);
        }
        yield* task;
        assert.equal(since(start), 10);
      }, true));

    test("gives the event loop a turn first: a callback that is due comes before the jump", () =>
      run(function* () {
        const start = Instant.now();
        const gate = new Gate<number>();
        setImmediate(() => gate.open(1));
        const task = spawn(function* () {
          yield* gate;
          return since(start);
        });
        const timer = spawn(sleep(1000));
        assert.equal(yield* task, 0);
        yield* timer;
      }, true));

    test("stops where it is when a task becomes runnable in between", () =>
      run(function* () {
        const start = Instant.now();
        const gate = new Gate();
        spawn(function* () {
          yield* sleep(10);
          gate.open();
        });
        const long = spawn(sleep(1000));
        yield* gate;
        assert.equal(since(start), 10);
        yield* long;
      }, true));

    test("does nothing between runs", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: true });
      const task = rt.spawn(function* () {
        yield* sleep(50);
      });
      await rt.run(yieldNow());
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(task.isFinished(), false);
      await task;
      await rt.shutdown();
    });

    test("goes on after the clock was resumed and paused again", () =>
      run(function* () {
        resume();
        yield* sleep(1);
        pause();
        const start = Instant.now();
        yield* sleep({ hours: 10 });
        assert.equal(since(start), 36_000_000);
      }, true));

    test("works in blockOn too", () => {
      const rt = new Runtime({ ...flavor.options, startPaused: true });
      const elapsed = rt.blockOn(function* () {
        const start = Instant.now();
        yield* sleep({ hours: 3 });
        return since(start);
      });
      assert.equal(elapsed, 10_800_000);
      rt.shutdownBackground();
    });
  });
}
