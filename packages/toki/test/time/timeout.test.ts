import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  advance,
  Context,
  consumeBudget,
  ElapsedError,
  fn,
  Instant,
  type IntoFuture,
  join,
  MisuseError,
  Pending,
  pause,
  pending,
  pin,
  pollFn,
  Runtime,
  ready,
  sleep,
  spawn,
  Timeout,
  timeout,
  timeoutAt,
  Waker,
  yieldNow,
} from "toki";
import { since } from "../support/elapsed.js";
import { pausableFlavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

const noop = Context.fromWaker(Waker.noop);

/** What a future throws; fails if it gives a value. */
const failureOf = fn(function* failureOf(future: IntoFuture<unknown>) {
  try {
    yield* join(future);
  } catch (error) {
    return error;
  }
  throw new Error("the future did not fail");
});

for (const flavor of pausableFlavors) {
  const run = async <T>(body: IntoFuture<T>): Promise<T> => {
    await using rt = new Runtime({ ...flavor.options, startPaused: true });
    return await rt.run(body);
  };

  describe(`timeout() [${flavor.name}]`, () => {
    test("gives the value of a future that is in time, at once", () =>
      run(function* () {
        const start = Instant.now();
        const slow = fn(function* slow() {
          yield* sleep(2000);
          return "result";
        });
        assert.equal(yield* timeout(5000, slow()), "result");
        assert.equal(since(start), 2000);
      }));

    test("throws ElapsedError when the deadline passes first", () =>
      run(function* () {
        const start = Instant.now();
        const error = yield* failureOf(timeout({ seconds: 5 }, sleep(10_000)));
        assert(error instanceof ElapsedError);
        assert.equal(error.code, "TOKI_ELAPSED");
        assert.equal(error.message, "deadline has elapsed");
        assert.equal(since(start), 5000);
      }));

    test("the future is asked first: a value that is ready at the deadline wins", () =>
      run(function* () {
        assert.equal(yield* timeout(10, at(10)), "in time");
        assert.equal(yield* timeoutAt(Instant.now().add(10), at(10)), "in time");
      }));

    test("a value that is ready when both are late wins, however late", () =>
      run(function* () {
        const gate = new Gate<string>();
        const waiting = timeout(10, gate);
        // Polled once, then not again until long after the deadline.
        yield* pollFn<void>((cx) => {
          assert.equal(waiting.poll(cx), Pending);
        });
        yield* advance(1000);
        gate.open("late, but there");
        assert.equal(yield* waiting, "late, but there");
      }));

    test("timeout(0, f): the first poll decides, and the clock does not move", () =>
      run(function* () {
        const start = Instant.now();
        assert.equal(yield* timeout(0, ready(1)), 1);
        assert((yield* failureOf(timeout(0, pending()))) instanceof ElapsedError);
        assert((yield* failureOf(timeoutAt(start.sub(1000), pending()))) instanceof ElapsedError);
        assert.equal(yield* timeoutAt(start.sub(1000), ready(2)), 2);
        assert.equal(since(start), 0);
      }));

    test("timeout(Infinity, f) never elapses", () =>
      run(function* () {
        assert.equal(yield* timeout(Number.POSITIVE_INFINITY, at(86_400_000)), "in time");
      }));

    test("is lazy: the deadline counts from the call, the future starts at the first poll", () =>
      run(function* () {
        const start = Instant.now();
        let started = false;
        const waiting = timeout(
          30,
          fn(function* inner() {
            started = true;
            yield* sleep(100);
          })(),
        );
        yield* sleep(20);
        assert.equal(started, false);
        const error = yield* failureOf(waiting);
        assert(error instanceof ElapsedError);
        assert.equal(since(start), 30);
      }));

    test("synchronous code cannot be interrupted: it finishes and its value counts", async () => {
      await using rt = new Runtime({ ...flavor.options, startPaused: false });
      const value = await rt.run(function* () {
        return yield* timeout(5, function* () {
          const until = performance.now() + 30;
          while (performance.now() < until);
          return "done";
        });
      });
      assert.equal(value, "done");
    });

    test("a future that only ever runs into its budget does not escape", async () => {
      await using rt = new Runtime({ ...flavor.options, startPaused: false });
      await rt.run(function* () {
        const error = yield* failureOf(
          timeout(5, function* () {
            for (;;) yield* consumeBudget();
          }),
        );
        assert(error instanceof ElapsedError);
      });
    });

    test("nor does one that only yields, or is woken all the time", async () => {
      await using rt = new Runtime({ ...flavor.options, startPaused: false });
      const yields = function* () {
        for (;;) yield* yieldNow();
      };
      const woken = pollFn<never>((cx) => {
        cx.waker.wake();
        return Pending;
      });
      await rt.run(function* () {
        for (const restless of [yields, woken]) {
          assert((yield* failureOf(timeout(3, restless))) instanceof ElapsedError);
        }
      });
    });

    test("checking the deadline takes nothing of the budget the future left", () =>
      run(function* () {
        let consumed = 0;
        yield* spawn(function* () {
          yield* timeout(
            1000,
            pollFn<void>((cx) => {
              // Leaves one unit, then is pending.
              for (; consumed < 127; consumed++) assert.notEqual(consumeBudget().poll(cx), Pending);
              cx.waker.wake();
              return consumed++ === 127 ? Pending : undefined;
            }),
          );
        });
        assert.equal(consumed, 129);
      }));

    test("around a handle only the wait ends: the task goes on", () =>
      run(function* () {
        const task = spawn(function* () {
          yield* sleep(50);
          return "finished";
        });
        assert((yield* failureOf(timeout(10, task))) instanceof ElapsedError);
        assert.equal(task.isFinished(), false);
        assert.equal(yield* task, "finished");
      }));

    test("the loser is cancelled where it is, and its cleanup is awaited before the error", () =>
      run(function* () {
        const start = Instant.now();
        const log: string[] = [];
        const inner = fn(function* inner() {
          try {
            yield* pending();
            log.push("not reached");
          } catch {
            log.push("not caught");
          } finally {
            yield* sleep(20);
            log.push(`cleaned up at ${since(start)}`);
          }
        });
        const error = yield* failureOf(timeout(10, inner()));
        assert(error instanceof ElapsedError);
        assert.deepEqual(log, ["cleaned up at 30"]);
        assert.equal(since(start), 30);
      }));

    test("an error in the loser's cleanup is thrown instead", () =>
      run(function* () {
        const error = yield* failureOf(
          timeout(10, function* () {
            try {
              yield* pending();
            } finally {
              throw new Error("cleanup failed");
            }
          }),
        );
        assert.match(String(error), /cleanup failed/);
      }));

    test("what the future throws goes through unchanged", () =>
      run(function* () {
        const reason = new Error("own failure");
        const gate = new Gate();
        gate.fail(reason);
        assert.equal(yield* failureOf(timeout(10, gate)), reason);
      }));

    test("a future that was lent is left as it is", () =>
      run(function* () {
        const work = fn(function* work() {
          yield* sleep(30);
          return "done";
        })();
        assert((yield* failureOf(timeout(10, pin(work)))) instanceof ElapsedError);
        assert.equal(yield* work, "done");
      }));

    test("nested: the shorter one decides, and each is told apart by where it is caught", () =>
      run(function* () {
        const start = Instant.now();
        const inner = fn(function* inner() {
          try {
            yield* timeout(50, pending());
          } catch {
            return "inner";
          }
          return "none";
        });
        assert.equal(yield* timeout(100, inner()), "inner");
        assert.equal(since(start), 50);
        assert((yield* failureOf(timeout(20, inner()))) instanceof ElapsedError);
        assert.equal(since(start), 70);
      }));

    test("dropping it drops the future and takes its deadline out of the wheel", () =>
      run(function* () {
        const gate = new Gate();
        const waiting = timeout(10, gate);
        const task = spawn(waiting);
        yield* yieldNow();
        task.abort();
        while (!task.isFinished()) yield* yieldNow();
        assert.equal(gate.drops, 1);
        const start = Instant.now();
        yield* sleep(20);
        assert.equal(since(start), 20);
      }));

    test("polling it after it was over is a mistake", () =>
      run(function* () {
        const over = timeout(10, ready(1));
        yield* over;
        assert.throws(() => over.poll(noop), MisuseError);
        const elapsed = timeout(0, pending());
        yield* failureOf(elapsed);
        assert.throws(
          () => elapsed.poll(noop),
          (error) => error instanceof MisuseError && error.code === "TOKI_POLLED_AFTER_COMPLETION",
        );
      }));

    test("inner and intoInner() give the unfinished future back", () =>
      run(function* () {
        const start = Instant.now();
        const work = fn(function* work() {
          yield* sleep(30);
          return "done";
        })();
        const waiting = timeout(10, work);
        assert(waiting instanceof Timeout);
        assert.equal(waiting.inner, work);
        yield* pollFn<void>((cx) => {
          assert.equal(waiting.poll(cx), Pending);
        });
        assert.equal(waiting.intoInner(), work);
        assert.equal(waiting.inner, undefined);
        assert.throws(() => waiting.intoInner(), MisuseError);
        assert.equal(yield* work, "done");
        assert.equal(since(start), 30);
      }));

    test("rejects bad arguments at the call", () =>
      run(function* () {
        assert.throws(() => timeout(-1, ready(1)), { code: "TOKI_INVALID_ARGUMENT" });
        assert.throws(() => timeout("5" as never, ready(1)), { code: "TOKI_INVALID_ARGUMENT" });
        assert.throws(() => timeout(5, Promise.resolve() as never), MisuseError);
        assert.throws(() => timeoutAt(5 as never, ready(1)), { code: "TOKI_INVALID_ARGUMENT" });
        assert.throws(() => timeoutAt(Instant.now(), (() => {}) as never), MisuseError);
      }));

    test("a bad duration is reported under the name of timeout", () =>
      run(function* () {
        assert.throws(() => timeout(-1, ready(1)), /^InvalidArgumentError: timeout: duration/);
        assert.throws(() => timeoutAt(5 as never, ready(1)), /^InvalidArgumentError: timeoutAt: deadline/);
      }));

    test("outside a runtime it throws under its own name", () => {
      assert.throws(() => timeout(5, ready(1)), /^NoRuntimeError: timeout: /);
      assert.throws(() => timeoutAt(Instant.now(), ready(1)), /^NoRuntimeError: timeoutAt: /);
    });
  });
}

/** Ready `ms` after the call. */
const at = fn(function* at(ms: number) {
  yield* sleep(ms);
  return "in time";
});

describe("timeout() with auto-advance", () => {
  test("a service that answers too late under a paused clock takes no real time", async () => {
    await using rt = new Runtime({ flavor: "currentThread" });
    await rt.run(function* () {
      pause();
      const start = Instant.now();
      for (let i = 0; i < 100; i++) yield* failureOf(timeout({ hours: 1 }, sleep({ hours: 2 })));
      assert.equal(since(start), 360_000_000);
    });
  });
});
