import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  branch,
  Context,
  consumeBudget,
  fn,
  Instant,
  type IntoFuture,
  InvalidArgumentError,
  MisuseError,
  Pending,
  pending,
  pin,
  pollFn,
  Runtime,
  ready,
  SelectError,
  select,
  sleep,
  spawn,
  Waker,
  yieldNow,
} from "toki";
import { since } from "../support/elapsed.js";
import { flavors, timedTest } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
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

for (const flavor of flavors) {
  const timed = timedTest(flavor);
  const run = async <T>(body: IntoFuture<T>, rngSeed = 1): Promise<T> => {
    await using rt = new Runtime({ ...flavor.options, startPaused: flavor.canPause, rngSeed });
    return await rt.run(body);
  };

  describe(`select() [${flavor.name}]`, () => {
    timed("gives the key and the value of the first branch that is ready", () =>
      run(function* () {
        const start = Instant.now();
        const winner = yield* select({ slow: sleep(200), fast: at(100, "value"), never: pending() });
        assert.deepEqual({ ...winner }, { key: "fast", value: "value" });
        assert.equal(since(start), 100);
      }),
    );

    test("takes futures, bodies and handles", () =>
      run(function* () {
        const handle = spawn(ready("handle"));
        yield* yieldNow();
        assert.equal((yield* select({ handle, never: pending() })).value, "handle");
        assert.equal(
          (yield* select({
            *body() {
              yield* yieldNow();
              return "body";
            },
            never: pending(),
          })).value,
          "body",
        );
      }));

    test("is lazy: no branch starts before it is awaited", () =>
      run(function* () {
        let started = 0;
        const racing = select({
          a: function* () {
            started++;
          },
        });
        yield* yieldNow();
        assert.equal(started, 0);
        yield* racing;
        assert.equal(started, 1);
      }));

    timed("losers are dropped where they are suspended, and their cleanup ends before the outcome is there", () =>
      run(function* () {
        const start = Instant.now();
        const log: string[] = [];
        const loser = fn(function* loser(name: string, cleanupMs: number) {
          try {
            yield* pending();
            log.push(`${name} not reached`);
          } catch {
            log.push(`${name} not caught`);
          } finally {
            yield* sleep(cleanupMs);
            log.push(`${name} at ${since(start)}`);
          }
        });
        const { key } = yield* select({ a: loser("a", 30), win: sleep(10), b: loser("b", 20) });
        log.push(`${key} at ${since(start)}`);
        assert.deepEqual(log, ["b at 30", "a at 40", "win at 40"]);
      }),
    );

    test("a loser that was never polled has no cleanup to run, and never starts", () =>
      run(function* () {
        let started = false;
        const { key } = yield* select.biased({
          first: ready(1),
          second: function* () {
            started = true;
          },
        });
        assert.equal(key, "first");
        assert.equal(started, false);
      }));

    timed("what a leaf registered is released exactly once", () =>
      run(function* () {
        const gate = new Gate();
        yield* select({ gate, soon: sleep(1) });
        assert.equal(gate.drops, 1);
        const won = new Gate<number>();
        won.open(1);
        yield* select({ won, never: pending() });
        assert.equal(won.drops, 0, "a winner is not dropped");
      }),
    );

    timed("a handle that loses goes on, and can be awaited again", () =>
      run(function* () {
        const handle = spawn(at(50, "finished"));
        assert.equal((yield* select({ handle, soon: sleep(10) })).key, "soon");
        assert.equal(handle.isFinished(), false);
        assert.equal(yield* handle, "finished");
      }),
    );

    test("a branch that throws ends it with the very error; the others are cancelled", () =>
      run(function* () {
        const reason = new Error("reason");
        const other = new Gate();
        const failing = new Gate();
        failing.fail(reason);
        const log: string[] = [];
        const error = yield* failureOf(
          select.biased({
            other: function* () {
              try {
                yield* other;
              } finally {
                log.push("cleaned up");
              }
            },
            failing,
          }),
        );
        assert.equal(error, reason);
        assert.deepEqual(log, ["cleaned up"]);
        assert.equal(other.drops, 1);
      }));

    timed("an error in a loser's cleanup is thrown instead of the outcome; several are kept together", () =>
      run(function* () {
        const failing = fn(function* failing(message: string) {
          try {
            yield* pending();
          } finally {
            throw new Error(message);
          }
        });
        const one = (yield* failureOf(select({ a: failing("first"), win: sleep(1) }))) as Error;
        assert.equal(one.message, "first");
        const both = (yield* failureOf(
          select.biased({ a: failing("first"), b: failing("second"), win: sleep(1) }),
        )) as Error & { error: Error; suppressed: Error };
        assert.equal(both.name, "SuppressedError");
        assert.deepEqual([both.error.message, both.suppressed.message].sort(), ["first", "second"]);
      }),
    );

    timed("cancelling it cancels every branch and awaits all cleanup", () =>
      run(function* () {
        const start = Instant.now();
        const log: string[] = [];
        const waiting = fn(function* waiting(name: string) {
          try {
            yield* pending();
          } finally {
            yield* sleep(10);
            log.push(name);
          }
        });
        const task = spawn(select.biased({ a: waiting("a"), b: waiting("b") }));
        yield* yieldNow();
        task.abort();
        while (!task.isFinished()) yield* sleep(1);
        assert.deepEqual(log, ["a", "b"]);
        assert.equal(since(start), 10, "at the same time");
      }),
    );

    timed("nested, and several rounds on the same task", () =>
      run(function* () {
        const outer = yield* select({
          inner: select({ deep: at(5, "deep"), never: pending() }),
          never: pending(),
        });
        assert.deepEqual({ ...(outer.value as object) }, { key: "deep", value: "deep" });
        let rounds = 0;
        for (; rounds < 500; rounds++) yield* select({ a: yieldNow(), b: yieldNow() });
        assert.equal(rounds, 500);
      }),
    );

    test("a wake for one branch does not finish another", () =>
      run(function* () {
        const a = new Gate<string>();
        const b = new Gate<string>();
        const task = spawn(select({ a, b }));
        yield* yieldNow();
        a.wake();
        yield* yieldNow();
        assert.equal(task.isFinished(), false);
        b.open("b");
        assert.deepEqual({ ...(yield* task) }, { key: "b", value: "b" });
      }));

    test("polling it after it was decided is a mistake", () =>
      run(function* () {
        const racing = select({ a: ready(1) });
        yield* racing;
        assert.throws(
          () => racing.poll(Context.fromWaker(Waker.noop)),
          (error) => error instanceof MisuseError && error.code === "TOKI_POLLED_AFTER_COMPLETION",
        );
      }));

    test("a value of undefined wins too", () =>
      run(function* () {
        assert.deepEqual({ ...(yield* select({ a: ready(undefined) })) }, { key: "a", value: undefined });
      }));
  });

  describe(`select(): who goes first [${flavor.name}]`, () => {
    test("[ready, ready, pending] splits two to one: a random start, then on and around", () =>
      run(function* () {
        const wins = { a: 0, b: 0, c: 0 };
        const rounds = 3000;
        for (let i = 0; i < rounds; i++) {
          wins[(yield* select({ a: ready(1), b: ready(2), c: pending() })).key]++;
        }
        assert.equal(wins.c, 0);
        // Tokio's own split of 3000 is 2020 to 980. Four standard deviations of a fair draw are 103.
        assert(Math.abs(wins.a - 2000) < 110, `${wins.a} to ${wins.b}`);
        assert.equal(wins.a + wins.b, rounds);
      }));

    test("with one seed the split is the same each time", async () => {
      const split = (seed: number) =>
        run(function* () {
          let a = 0;
          for (let i = 0; i < 300; i++) {
            if ((yield* select({ a: ready(1), b: ready(2), c: pending() })).key === "a") a++;
          }
          return a;
        }, seed);
      assert.equal(await split(42), await split(42));
    });

    test("each of n ready branches gets its share", () =>
      run(function* () {
        for (const n of [2, 3, 5, 40]) {
          const wins = new Array(n).fill(0) as number[];
          const rounds = 500 * n;
          for (let i = 0; i < rounds; i++) {
            const { key } = yield* select(Object.fromEntries(wins.map((_, j) => [`b${j}`, ready(j)])));
            wins[Number(key.slice(1))]!++;
          }
          // 500 each, give or take six standard deviations of a fair draw.
          for (const won of wins) assert(Math.abs(won - 500) < 6 * Math.sqrt(500), `${n} branches: ${wins}`);
        }
      }));

    test("the start is drawn again at each poll", () =>
      run(function* () {
        const firsts = new Set<string>();
        let wake = true;
        const note = (name: string) =>
          pollFn<never>((cx) => {
            if (wake) firsts.add(name);
            wake = false;
            cx.waker.wake();
            return Pending;
          });
        const racing = select({ a: note("a"), b: note("b"), c: note("c") });
        for (let i = 0; i < 60; i++) {
          wake = true;
          racing.poll(Context.fromWaker(Waker.noop));
        }
        assert.deepEqual([...firsts].sort(), ["a", "b", "c"]);
        racing[Symbol.dispose]();
      }));

    test("biased polls in the order written, every time", () =>
      run(function* () {
        for (let i = 0; i < 200; i++) {
          assert.equal((yield* select({ first: ready(1), second: ready(2) }, { biased: true })).key, "first");
          assert.equal((yield* select.biased({ never: pending(), first: ready(1), second: ready(2) })).key, "first");
        }
      }));

    test("biased: a busy first branch starves those after it", () =>
      run(function* () {
        let second = 0;
        for (let i = 0; i < 500; i++) {
          const { key } = yield* select.biased({ first: ready(1), second: ready(2) });
          if (key === "second") second++;
        }
        assert.equal(second, 0);
      }));

    test("one that is always ready does not starve the others by default", () =>
      run(function* () {
        let rounds = 0;
        for (; rounds < 1000; rounds++) {
          if ((yield* select({ always: ready(1), other: ready(2) })).key === "other") break;
        }
        assert(rounds < 1000);
      }));
  });

  describe(`select(): disabled branches, conditions and else [${flavor.name}]`, () => {
    timed("undefined, null and false are disabled branches", () =>
      run(function* () {
        const { key } = yield* select({ a: undefined, b: null, c: false, d: sleep(1) });
        assert.equal(key, "d");
      }),
    );

    timed("branch(..., { if: false }) is never polled, though its expression was evaluated", () =>
      run(function* () {
        const off = new Gate();
        const { key } = yield* select.biased({ off: branch(off, { if: false }), on: branch(sleep(1), { if: true }) });
        assert.equal(key, "on");
        assert.equal(off.polls, 0);
      }),
    );

    timed("a value that does not match `when` disables its branch, and the others go on", () =>
      run(function* () {
        const start = Instant.now();
        const odd = new Gate<number>();
        odd.open(3);
        const { key } = yield* select({
          even: branch(odd, { when: (n) => n % 2 === 0 }),
          later: sleep(10),
        });
        assert.equal(key, "later");
        assert.equal(odd.polls, 1, "it was not polled again");
        assert.equal(since(start), 10);
      }),
    );

    timed("a value that matches wins", () =>
      run(function* () {
        const winner = yield* select({ even: branch(ready(4), { when: (n) => n % 2 === 0 }), later: sleep(10) });
        assert.deepEqual({ ...winner }, { key: "even", value: 4 });
      }),
    );

    test("a `when` that throws ends the select with that error", () =>
      run(function* () {
        const reason = new Error("in when");
        const error = yield* failureOf(
          select({
            a: branch(ready(1), {
              when: () => {
                throw reason;
              },
            }),
            b: pending(),
          }),
        );
        assert.equal(error, reason);
      }));

    test("when every branch is disabled `else` decides", () =>
      run(function* () {
        const otherwise = () => "nothing to wait for";
        assert.deepEqual(
          { ...(yield* select({ a: undefined }, { else: otherwise })) },
          {
            key: "else",
            value: "nothing to wait for",
          },
        );
        const none = branch(ready(1), { when: () => false });
        assert.equal((yield* select({ a: none, b: none }, { else: otherwise })).key, "else");
        assert.equal((yield* select({}, { else: otherwise })).key, "else");
        assert.equal((yield* select.biased({ a: false }, { else: otherwise })).key, "else");
      }));

    timed("`else` waits for branches that may still win, and is not called if one does", () =>
      run(function* () {
        let called = 0;
        const otherwise = () => void called++;
        const start = Instant.now();
        const late = fn(function* late() {
          yield* sleep(10);
          return 1;
        });
        const winner = yield* select(
          { mismatch: branch(ready(1), { when: () => false }), late: branch(late(), { when: () => false }) },
          { else: otherwise },
        );
        assert.equal(winner.key, "else");
        assert.equal(since(start), 10);
        assert.equal(called, 1);
        yield* select({ a: ready(1) }, { else: otherwise });
        assert.equal(called, 1);
      }),
    );

    test("without `else` it throws SelectError", () =>
      run(function* () {
        for (const racing of [
          select({ a: undefined }),
          select({}),
          select({ a: branch(ready(1), { when: () => false }) }),
        ]) {
          const error = yield* failureOf(racing);
          assert(error instanceof SelectError);
          assert.equal(error.code, "TOKI_ALL_BRANCHES_DISABLED");
          assert.match(error.message, /all branches are disabled and there is no else/);
        }
      }));

    test("an `else` that throws throws", () =>
      run(function* () {
        const reason = new Error("in else");
        const error = yield* failureOf(
          select(
            { a: undefined },
            {
              else: () => {
                throw reason;
              },
            },
          ),
        );
        assert.equal(error, reason);
      }));

    test("rejects bad arguments at the call, and names the branch", () => {
      assert.throws(() => select(null as never), InvalidArgumentError);
      assert.throws(() => select([ready(1)] as never), InvalidArgumentError);
      assert.throws(() => select(ready(1) as never), InvalidArgumentError);
      assert.throws(() => select({ bad: Promise.resolve(1) as never }), /branch bad/);
      assert.throws(() => select({ bad: 5 as never }), MisuseError);
      assert.throws(() => select({ a: ready(1) }, { else: 5 as never }), /else must be a function/);
      assert.throws(() => branch(ready(1), { when: 5 as never }), InvalidArgumentError);
      assert.throws(() => branch(ready(1), { if: "yes" as never }), InvalidArgumentError);
    });
  });

  describe(`select() of lent futures [${flavor.name}]`, () => {
    timed("a pinned future survives losing and goes on where it was", () =>
      run(function* () {
        const start = Instant.now();
        let started = 0;
        const work = fn(function* work() {
          started++;
          yield* sleep(35);
          return "done";
        })();
        let ticks = 0;
        for (;;) {
          const winner = yield* select.biased({ work: pin(work), tick: sleep(10) });
          if (winner.key === "work") {
            assert.equal(winner.value, "done");
            break;
          }
          ticks++;
        }
        assert.deepEqual([started, ticks, since(start)], [1, 3, 35]);
      }),
    );

    timed("after it lost it can be awaited directly, or spawned", () =>
      run(function* () {
        const work = () =>
          fn(function* work() {
            yield* sleep(20);
            return "done";
          })();
        const first = work();
        yield* select({ first: pin(first), soon: sleep(5) });
        assert.equal(yield* first, "done");
        const second = work();
        yield* select({ second: pin(second), soon: sleep(5) });
        assert.equal(yield* spawn(second), "done");
      }),
    );

    timed("its cleanup does not run when it loses, and runs when its owner drops it", () =>
      run(function* () {
        const log: string[] = [];
        const work = fn(function* work() {
          try {
            yield* pending();
          } finally {
            log.push("cleanup");
          }
        })();
        yield* select({ work: pin(work), soon: sleep(5) });
        assert.deepEqual(log, []);
        work[Symbol.dispose]();
        yield* yieldNow();
        assert.deepEqual(log, ["cleanup"]);
      }),
    );

    test("one that is done already fails the select: it was taken in an earlier round", () =>
      run(function* () {
        const work = fn(function* work() {
          return 1;
        })();
        yield* select({ work: pin(work) });
        const error = yield* failureOf(select({ work: pin(work), other: pending() }));
        assert(error instanceof MisuseError);
        assert.equal(error.code, "TOKI_POLLED_AFTER_COMPLETION");
      }));
  });

  describe(`select() of many [${flavor.name}]`, () => {
    test("of 1000 branches a wake polls the woken one alone", () =>
      run(function* () {
        const gates = Array.from({ length: 1000 }, () => new Gate<number>());
        const task = spawn(select(Object.fromEntries(gates.map((gate, i) => [`g${i}`, gate]))));
        yield* yieldNow();
        assert(gates.every((gate) => gate.polls === 1));
        for (const i of [500, 3, 999]) {
          gates[i]?.wake();
          yield* yieldNow();
          assert.equal(gates[i]?.polls, 2);
        }
        assert.equal(
          gates.reduce((sum, gate) => sum + gate.polls, 0),
          1003,
        );
        gates[77]?.open(77);
        assert.deepEqual({ ...(yield* task) }, { key: "g77", value: 77 });
        assert(gates.every((gate, i) => gate.drops === (i === 77 ? 0 : 1)));
      }));

    test("any number of branches, any one wins", async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.nat(), fc.nat(), async (count, pick, seed) => {
          const winner = pick % count;
          const won = await run(function* () {
            const gates = Array.from({ length: count }, () => new Gate<number>());
            const task = spawn(select(Object.fromEntries(gates.map((gate, i) => [`g${i}`, gate]))));
            yield* yieldNow();
            gates[winner]?.open(winner);
            const { key, value } = yield* task;
            assert.equal(
              gates.reduce((sum, gate) => sum + gate.drops, 0),
              count - 1,
            );
            return [key, value];
          }, seed);
          assert.deepEqual(won, [`g${winner}`, winner]);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe(`select() and the budget [${flavor.name}]`, () => {
    timed("with the budget gone it yields before it polls a branch", () =>
      run(function* () {
        yield* spawn(function* () {
          for (let i = 0; i < 128; i++) yield* consumeBudget();
          let polls = 0;
          const racing = select({
            a: pollFn(() => {
              polls++;
              return 1;
            }),
          });
          yield* pollFn<void>((cx) => {
            assert.equal(racing.poll(cx), Pending);
            assert.equal(polls, 0);
          });
          yield* racing;
          assert.equal(polls, 1);
        });
      }),
    );
  });
}

/** Gives `value` after `ms`. */
function at<T>(ms: number, value: T) {
  return fn(function* at() {
    yield* sleep(ms);
    return value;
  })();
}
