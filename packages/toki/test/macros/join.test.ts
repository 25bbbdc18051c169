import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Context,
  type Future,
  fn,
  Instant,
  type IntoFuture,
  join,
  MisuseError,
  Pending,
  pending,
  pollFn,
  Runtime,
  ready,
  select,
  sleep,
  spawn,
  tryJoin,
  Waker,
  yieldNow,
} from "toki";
import { since } from "../support/elapsed.js";
import { flavors, timedTest } from "../support/flavors.js";
import { busy, Gate } from "../support/gate.js";
import fc from "../support/property.js";

/** What a future throws; fails if it gives a value. */
const failureOf = fn(function* failureOf(future: IntoFuture<unknown>) {
  try {
    yield* spawn(future);
  } catch (error) {
    return (error as Error).cause;
  }
  throw new Error("the future did not fail");
});

const after = fn(function* after<T>(ms: number, value: T) {
  yield* sleep(ms);
  return value;
});

const failsAfter = fn(function* failsAfter(ms: number, error: unknown) {
  yield* sleep(ms);
  throw error;
});

for (const flavor of flavors) {
  const timed = timedTest(flavor);
  const run = async <T>(body: IntoFuture<T>): Promise<T> => {
    await using rt = new Runtime({ ...flavor.options, startPaused: flavor.canPause });
    return await rt.run(body);
  };

  for (const [name, combine] of [
    ["join", join],
    ["tryJoin", tryJoin],
  ] as const) {
    describe(`${name}() [${flavor.name}]`, () => {
      timed("takes as long as the slowest, on one task, and nothing is spawned", async () => {
        const rt = new Runtime({ ...flavor.options, startPaused: true });
        await rt.run(function* () {
          const start = Instant.now();
          const results = yield* combine(after(200, "alice"), after(300, ["a", "b"]));
          assert.deepEqual(results, ["alice", ["a", "b"]]);
          assert.equal(since(start), 300);
        });
        assert.equal(rt.metrics().spawnedTasksCount, 0);
        await rt.shutdown();
      });

      timed("results come in the order of the arguments, whatever the order of the ends", () =>
        run(function* () {
          assert.deepEqual(yield* combine(after(30, 1), after(10, 2), after(20, 3), ready(4)), [1, 2, 3, 4]);
        }),
      );

      timed("of nothing is an empty array at once", () =>
        run(function* () {
          const start = Instant.now();
          assert.deepEqual(yield* combine(), []);
          assert.equal(since(start), 0);
        }),
      );

      timed("of one is that one", () =>
        run(function* () {
          assert.deepEqual(yield* combine(after(5, "x")), ["x"]);
        }),
      );

      test("takes futures, bodies and handles", () =>
        run(function* () {
          const handle = spawn(ready("handle"));
          const body = function* () {
            yield* yieldNow();
            return "body";
          };
          assert.deepEqual(yield* combine(handle, body, ready("future")), ["handle", "body", "future"]);
        }));

      test("is lazy", () =>
        run(function* () {
          let started = 0;
          const start = function* () {
            started++;
          };
          const both = combine(start, start);
          yield* yieldNow();
          assert.equal(started, 0);
          yield* both;
          assert.equal(started, 2);
        }));

      test("a future that is done is not polled again", () =>
        run(function* () {
          let polls = 0;
          const once = pollFn(() => {
            polls++;
            return 1;
          });
          yield* combine(once, busy(20));
          assert.equal(polls, 1);
        }));

      timed("the first throw cancels the others at the await they are at; the very error is thrown", () =>
        run(function* () {
          const start = Instant.now();
          const reason = new Error("reason");
          const log: string[] = [];
          const other = fn(function* other() {
            try {
              yield* sleep(1000);
              log.push("not reached");
            } catch {
              log.push("not caught");
            } finally {
              log.push("cleanup");
            }
          });
          assert.equal(yield* failureOf(combine(other(), failsAfter(10, reason), other())), reason);
          assert.deepEqual(log, ["cleanup", "cleanup"]);
          assert.equal(since(start), 10);
        }),
      );

      timed("the others' cleanup is awaited before the error is thrown, all at the same time", () =>
        run(function* () {
          const start = Instant.now();
          const log: string[] = [];
          const other = fn(function* other(ms: number) {
            try {
              yield* pending();
            } finally {
              yield* sleep(ms);
              log.push(`${since(start)}`);
            }
          });
          yield* failureOf(combine(other(30), other(20), failsAfter(10, new Error("reason"))));
          assert.deepEqual(log, ["30", "40"]);
          assert.equal(since(start), 40);
        }),
      );

      test("a branch behind the one that threw in the first round is never polled", () =>
        run(function* () {
          const never = new Gate();
          const failing = new Gate();
          failing.fail(new Error("at once"));
          yield* failureOf(combine(failing, never));
          assert.equal(never.polls, 0);
        }));

      timed("errors in cleanup are attached, none is lost", () =>
        run(function* () {
          const failing = fn(function* failing(message: string) {
            try {
              yield* pending();
            } finally {
              throw new Error(message);
            }
          });
          const error = (yield* failureOf(
            combine(failing("in cleanup"), failsAfter(1, new Error("first"))),
          )) as Error & {
            error: Error;
            suppressed: Error;
          };
          assert.equal(error.name, "SuppressedError");
          assert.deepEqual([error.error.message, error.suppressed.message].sort(), ["first", "in cleanup"]);
        }),
      );

      test("cancelling it cancels every branch that is left and awaits their cleanup", () =>
        run(function* () {
          const log: string[] = [];
          const done = new Gate();
          done.open();
          const waiting = fn(function* waiting(name: string) {
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              log.push(name);
            }
          });
          const task = spawn(combine(waiting("a"), done, waiting("b")));
          yield* yieldNow();
          task.abort();
          while (!task.isFinished()) yield* yieldNow();
          assert.deepEqual(log, ["a", "b"]);
          assert.equal(done.drops, 0);
        }));

      test("polling it after it was over is a mistake", () =>
        run(function* () {
          const over = combine(ready(1));
          yield* over;
          assert.throws(
            () => over.poll(Context.fromWaker(Waker.noop)),
            (error) => error instanceof MisuseError && error.code === "TOKI_POLLED_AFTER_COMPLETION",
          );
        }));

      test("rejects what is no future, and names the argument", () => {
        assert.throws(() => combine(ready(1), Promise.resolve(2) as never), /argument 1/);
        assert.throws(() => combine(5 as never), MisuseError);
      });
    });

    describe(`${name}(): who goes first [${flavor.name}]`, () => {
      const firsts = (combined: (...futures: Future<unknown>[]) => Future<unknown>) =>
        run(function* () {
          const log: string[] = [];
          let round = -1;
          const note = (id: string) =>
            pollFn<void>((cx) => {
              log.push(`${round}${id}`);
              if (round >= 5) return undefined;
              cx.waker.wake();
              return Pending;
            });
          const both = combined(note("a"), note("b"), note("c"));
          yield* pollFn<void>((cx) => {
            round++;
            return both.poll(cx) === Pending ? Pending : undefined;
          });
          return [0, 1, 2, 3, 4, 5].map((r) =>
            log
              .filter((entry) => entry.startsWith(String(r)))
              .map((entry) => entry.slice(1))
              .join(""),
          );
        });

      test("the start rotates by one at each wake", async () => {
        assert.deepEqual(await firsts(combine), ["abc", "bca", "cab", "abc", "bca", "cab"]);
      });

      test("biased begins with the first each time", async () => {
        assert.deepEqual(await firsts(combine.biased), ["abc", "abc", "abc", "abc", "abc", "abc"]);
      });

      test("no branch starves another in a join of busy ones", () =>
        run(function* () {
          const polls = [0, 0, 0];
          yield* combine(...polls.map((_, i) => busy(50, () => polls[i]!++)));
          assert.deepEqual(polls, [51, 51, 51]);
        }));
    });

    describe(`${name}() of many [${flavor.name}]`, () => {
      test("of 1000 branches a wake polls the woken ones alone", () =>
        run(function* () {
          const gates = Array.from({ length: 1000 }, () => new Gate<number>());
          const task = spawn(combine(...gates));
          yield* yieldNow();
          assert(gates.every((gate) => gate.polls === 1));
          for (const i of [10, 700]) gates[i]?.wake();
          yield* yieldNow();
          assert.deepEqual(
            gates.flatMap((gate, i) => (gate.polls === 1 ? [] : [i])),
            [10, 700],
          );
          for (const [i, gate] of gates.entries()) {
            gate.open(i);
            if (i % 100 === 0) yield* yieldNow();
          }
          assert.deepEqual(
            yield* task,
            gates.map((_, i) => i),
          );
          // The first poll, one for each wake of the two, and the last: n futures cost O(n).
          assert.equal(
            gates.reduce((sum, gate) => sum + gate.polls, 0),
            2002,
          );
        }));

      test("a branch that wakes itself while it is polled is polled again", () =>
        run(function* () {
          const futures = Array.from({ length: 50 }, (_, i) => busy(i % 4));
          assert.equal((yield* combine(...futures)).length, 50);
        }));

      test("cancelling many drops each exactly once", () =>
        run(function* () {
          const gates = Array.from({ length: 200 }, () => new Gate<void>());
          gates[5]?.open();
          const task = spawn(combine(...gates));
          yield* yieldNow();
          task.abort();
          while (!task.isFinished()) yield* yieldNow();
          assert(gates.every((gate, i) => gate.drops === (i === 5 ? 0 : 1)));
        }));

      test("any number of branches, opened in any order, with any number of false wakes", async () => {
        const order = fc.integer({ min: 1, max: 70 }).chain((n) =>
          fc.record({
            opens: fc.shuffledSubarray(
              Array.from({ length: n }, (_, i) => i),
              { minLength: n, maxLength: n },
            ),
            wakes: fc.array(fc.nat(n - 1), { maxLength: 30 }),
          }),
        );
        await fc.assert(
          fc.asyncProperty(order, async ({ opens, wakes }) => {
            const results = await run(function* () {
              const gates = opens.map(() => new Gate<number>());
              const task = spawn(combine(...gates));
              yield* yieldNow();
              for (const [step, i] of opens.entries()) {
                const wake = wakes[step];
                if (wake !== undefined) gates[wake]?.wake();
                gates[i]?.open(i * 2);
                if (step % 3 === 0) yield* yieldNow();
              }
              return yield* task;
            });
            assert.deepEqual(
              results,
              opens.map((_, i) => i * 2),
            );
          }),
          { numRuns: 60 },
        );
      });
    });
  }
}

for (const [name, combine] of [
  ["join", (a: Future<unknown>, b: Future<unknown>) => join.biased(a, b)],
  ["select", (a: Future<unknown>, b: Future<unknown>) => select.biased({ a, b })],
] as const) {
  test(`a ${name} that is disposed by hand drops every branch, also if the cleanup of one throws`, () => {
    const log: string[] = [];
    const parked = fn(function* parked(name: string) {
      try {
        yield* pending();
      } finally {
        log.push(name);
        throw new Error(name);
      }
    });
    const future = combine(parked("a"), parked("b"));
    assert.equal(future.poll(Waker.noop), Pending);
    assert.throws(
      () => future[Symbol.dispose](),
      (error: { error?: Error; suppressed?: Error }) =>
        error.error?.message === "b" && error.suppressed?.message === "a",
    );
    assert.deepEqual(log, ["a", "b"]);
    future[Symbol.dispose]();
  });
}
