import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Future,
  fn,
  fromPromise,
  Handle,
  Instant,
  JoinSet,
  pause,
  pending,
  Runtime,
  ready,
  resume,
  select,
  sleep,
  spawn,
  spawnBlocking,
  taskId,
  timeout,
  yieldNow,
} from "toki";
import { mpsc } from "toki/sync";
import { type ExploreBody, ExploreError, type ExploreOptions, type ExploreTools, explore } from "toki/test";
import { add } from "../blocking/jobs.js";
import { failureOf } from "./support.js";

/** Everything that a body can come to, by whatever it returns. */
async function outcomesOf(body: ExploreBody, options?: ExploreOptions): Promise<string[]> {
  const outcomes = new Set<string>();
  await explore(
    fn(function* collect(tools: ExploreTools) {
      outcomes.add(String(yield* Future.from(body(tools))));
    }),
    { strategy: "exhaustive", preemptions: 3, ...options },
  );
  return [...outcomes].sort();
}

describe("explore(): what is explored", () => {
  test("the order of tasks", async () => {
    const outcomes = await outcomesOf(function* () {
      const order: string[] = [];
      const handles = ["a", "b", "c"].map((name) =>
        spawn(function* () {
          order.push(name);
        }),
      );
      for (const handle of handles) yield* handle;
      return order.join("");
    });
    assert.deepEqual(outcomes, ["abc", "acb", "bac", "bca", "cab", "cba"]);
  });

  test("the order of timers that are due at one instant, and not of others", async () => {
    const outcomes = await outcomesOf(function* () {
      const order: string[] = [];
      const sleeper = fn(function* sleeper(name: string, ms: number) {
        yield* sleep(ms);
        order.push(name);
      });
      const handles = [spawn(sleeper("late", 20)), spawn(sleeper("a", 10)), spawn(sleeper("b", 10))];
      for (const handle of handles) yield* handle;
      return order.join(" ");
    });
    assert.deepEqual(outcomes, ["a b late", "b a late"]);
  });

  test("what a task does between two timers that are due at one instant", async () => {
    const outcomes = await outcomesOf(function* () {
      const [tx, rx] = mpsc.channel<string>(1);
      spawn(function* () {
        yield* sleep(10);
        yield* tx.send("message");
      });
      const first = yield* select({ message: rx.recv(), elapsed: sleep(10) }, { biased: true });
      return first.key;
    });
    assert.deepEqual(outcomes, ["elapsed", "message"]);
  });

  test("the branch that select begins with", async () => {
    const outcomes = await outcomesOf(function* () {
      const { key } = yield* select({ a: ready(1), b: ready(2), c: ready(3) });
      return key;
    });
    assert.deepEqual(outcomes, ["a", "b", "c"]);
  });

  test("what the body asks for", async () => {
    const outcomes = await outcomesOf(function* ({ choose }: ExploreTools) {
      return [choose(2), choose(3), choose(1)].join("");
    });
    assert.deepEqual(outcomes, ["000", "010", "020", "100", "110", "120"]);
  });

  test("when a promise arrives", async () => {
    const outcomes = await outcomesOf(function* () {
      let turns = 0;
      const other = spawn(function* () {
        for (; turns < 2; turns++) yield* yieldNow();
      });
      yield* fromPromise(() => Promise.resolve());
      const seen = turns;
      yield* other;
      return seen;
    });
    assert.deepEqual(outcomes, ["0", "1", "2"]);
  });

  test("when a job of the blocking pool arrives", async () => {
    const outcomes = await outcomesOf(
      function* () {
        let isElapsed = false;
        spawn(function* () {
          yield* sleep(10);
          isElapsed = true;
        });
        assert.equal(yield* spawnBlocking(add(1, 2)), 3);
        return isElapsed;
      },
      { preemptions: 1 },
    );
    assert.deepEqual(outcomes, ["false", "true"]);
  });

  test("when an abort comes: before the first poll, at any await, and after the end", async () => {
    const outcomes = await outcomesOf(function* () {
      let at = "never started";
      const task = spawn(function* () {
        try {
          for (const step of ["first", "second"]) {
            at = step;
            yield* yieldNow();
          }
          at = "ended";
        } finally {
          yield* yieldNow();
          at += ", cleaned up";
        }
      });
      spawn(function* () {
        task.abort();
      });
      while (!task.isFinished()) yield* yieldNow();
      return at;
    });
    // A finally block that was entered at the normal end is interrupted as any other code.
    assert.deepEqual(outcomes, [
      "ended",
      "ended, cleaned up",
      "first, cleaned up",
      "never started",
      "second, cleaned up",
    ]);
  });

  test("yields that the budget forces, if asked to", async () => {
    const body: ExploreBody = function* () {
      const [tx, rx] = mpsc.channel<number>(4);
      let received = 0;
      for (let i = 0; i < 2; i++) tx.trySend(i);
      let seen = -1;
      spawn(function* () {
        seen = received;
      });
      const receiver = spawn(function* () {
        for (; received < 2; received++) yield* rx.recv();
      });
      yield* receiver;
      return seen;
    };
    assert.deepEqual(await outcomesOf(body, { preemptions: 2 }), ["-1", "0", "2"]);
    assert.deepEqual(await outcomesOf(body, { preemptions: 2, forceYields: true }), ["-1", "0", "1", "2"]);
  });

  test("a task is never polled on the spot by who joins it", async () => {
    const outcomes = await outcomesOf(function* () {
      const order: string[] = [];
      const joined = spawn(function* () {
        order.push("joined");
      });
      yield* joined;
      const other = spawn(function* () {
        order.push("other");
      });
      const second = spawn(function* () {
        order.push("second");
      });
      yield* second;
      yield* other;
      return order.join(" ");
    });
    assert.deepEqual(outcomes, ["joined other second", "joined second other"]);
  });
});

describe("explore(): each run", () => {
  test("begins with the order that a runtime has by itself", async () => {
    const orders: string[] = [];
    await explore(
      function* () {
        let order = "";
        const handles = ["a", "b", "c"].map((name) =>
          spawn(function* () {
            yield* yieldNow();
            order += name;
          }),
        );
        for (const handle of handles) yield* handle;
        orders.push(order);
      },
      { runs: 5 },
    );
    assert.equal(orders[0], "abc");
  });

  test("has a clock of its own that begins at one instant and moves when nothing is runnable", async () => {
    const instants: Instant[] = [];
    await explore(
      function* () {
        const start = Instant.now();
        instants.push(start);
        spawn(function* () {
          yield* sleep({ hours: 1 });
        });
        yield* sleep({ hours: 2 });
        assert.equal(start.elapsed(), 7_200_000);
      },
      { runs: 10 },
    );
    for (const instant of instants) assert.equal(instants[0]?.equals(instant), true);
  });

  test("lets the body run its clock: it stays virtual", async () => {
    await explore(
      function* () {
        const start = Instant.now();
        resume();
        yield* sleep({ hours: 1 });
        pause();
        yield* sleep({ hours: 1 });
        assert.equal(start.elapsed(), 7_200_000);
      },
      { runs: 3 },
    );
  });

  test("numbers its tasks from 1", async () => {
    const ids = new Set<unknown>();
    await explore(
      function* () {
        const task = spawn(function* () {
          ids.add(taskId());
        });
        ids.add(task.id);
        yield* task;
      },
      { runs: 10 },
    );
    assert.deepEqual([...ids], [1]);
  });

  test("waits for the cleanup of what is left at its end", async () => {
    let cleaned = 0;
    const { runs } = await explore(
      function* () {
        spawn(function* () {
          try {
            yield* pending();
          } finally {
            yield* sleep(1000);
            cleaned++;
          }
        });
        yield* yieldNow();
        yield* sleep(1);
      },
      { runs: 10 },
    );
    assert.equal(cleaned, runs);
  });

  test("waits for promises that need a timer of the platform", async () => {
    await explore(
      function* () {
        const value = yield* fromPromise(() => new Promise((resolve) => setTimeout(resolve, 2, "value")));
        assert.equal(value, "value");
      },
      { runs: 3 },
    );
  });

  test("may be inside a task of another runtime", async () => {
    const runtime = new Runtime();
    await runtime.run(function* () {
      const before = Handle.current();
      const report = yield* fromPromise(() =>
        explore(
          function* () {
            yield* spawn(yieldNow());
          },
          { runs: 5 },
        ),
      );
      assert.equal(report.seed >= 0, true);
      assert.equal(Handle.current().id, before.id);
    });
    await runtime.shutdown();
  });

  test("can use functions that make futures", async () => {
    let calls = 0;
    const body = fn(function* body({ choose }: ExploreTools) {
      calls += choose(1) + 1;
      yield* sleep(1);
    });
    await explore(body, { runs: 3 });
    const needsRuntime = () => {
      calls++;
      return sleep(10);
    };
    await explore(needsRuntime, { runs: 3 });
    assert.equal(calls >= 2, true);
  });
});

describe("explore(): what fails", () => {
  test("a body that throws: the error is the cause", async () => {
    const error = new RangeError("out of order");
    const found = await failureOf(
      explore(function* () {
        yield* yieldNow();
        throw error;
      }),
    );
    assert.equal(found.code, "TOKI_EXPLORE_FAILED");
    assert.equal(found.kind, "threw");
    assert.equal(found.cause, error);
    assert.match(
      found.message,
      /^explore: the body fails \(run 1, seed \d+, strategy "mixed"\)\n\nRangeError: out of order\n/,
    );
    assert.deepEqual(found.steps, ["main: starts -> yieldNow", "main: yieldNow -> throws RangeError: out of order"]);
  });

  test("a task that fails and is not joined", async () => {
    const found = await failureOf(
      explore(function* () {
        spawn(
          function* () {
            throw new Error("nobody looks");
          },
          { name: "left" },
        );
        yield* yieldNow();
      }),
    );
    assert.equal(found.kind, "unjoined");
    assert.match(found.message, /task 1 "left" failed, and nobody joined it: Error: nobody looks/);
  });

  test("a deadlock, with the await trees", async () => {
    const found = await failureOf(
      explore(function* () {
        const [tx, rx] = mpsc.channel<number>(1);
        yield* rx.recv();
        tx[Symbol.dispose]();
      }),
    );
    assert.equal(found.kind, "deadlock");
    assert.match(found.message, /main \(parked\)\n.*\n +└─ mpsc recv \(0\/1 queued, 1 sender\)/);
    assert.equal((found.cause as { code?: string }).code, "TOKI_DEADLOCK");
  });

  test("a deadlock in the cleanup at the end, after which everything is cut short", async () => {
    let isDisposed = false;
    const found = await failureOf(
      explore(function* () {
        spawn(
          function* stuck() {
            try {
              yield* pending();
            } finally {
              try {
                yield* pending();
              } finally {
                isDisposed = true;
              }
            }
          },
          { name: "stuck" },
        );
        yield* yieldNow();
      }),
    );
    assert.equal(found.kind, "deadlock");
    assert.match(found.message, /task 1 "stuck" \(cancelling\)/);
    assert.equal(isDisposed, true);
  });

  test("a body that never ends", async () => {
    const found = await failureOf(
      explore(
        function* () {
          for (;;) yield* yieldNow();
        },
        { maxSteps: 200 },
      ),
    );
    assert.equal(found.kind, "endless");
    assert.match(found.message, /the body has not ended after 200 steps\n\nmain \(queued\)/);
    assert.match(found.message, /\.\.\.\n/, "most of the steps are left out");
    assert.match(found.message, /replay: "[^"]+", maxSteps: 200 \}/);
  });

  test("a body that is spun by one that waits for another is not endless", async () => {
    await explore(
      function* () {
        let isDone = false;
        const worker = spawn(function* () {
          for (let i = 0; i < 5; i++) yield* yieldNow();
          isDone = true;
        });
        while (!isDone) yield* yieldNow();
        yield* worker;
      },
      { runs: 500, seed: 3, maxSteps: 1000 },
    );
  });

  test("a body that does something else each time is said to", async () => {
    let run = 0;
    const found = await failureOf(
      explore(
        function* ({ choose }) {
          choose(2);
          if (++run === 3) throw new Error("only once");
        },
        { runs: 10 },
      ),
    );
    assert.equal(found.isDeterministic, false);
    assert.match(found.message, /not deterministic: run again with the same schedule, it does not fail/);
    assert.match(found.message, /Error: only once/);
  });

  test("a body that takes other steps each time is said to", async () => {
    let run = 0;
    const found = await failureOf(
      explore(
        function* () {
          const a = spawn(yieldNow());
          const b = spawn(yieldNow());
          for (let i = 0; i < run; i++) yield* yieldNow();
          if (++run >= 4) throw new Error("later");
          yield* a;
          yield* b;
        },
        { runs: 10 },
      ),
    );
    assert.equal(found.isDeterministic, false);
    assert.match(found.message, /run again with the same schedule, step \d+ is another one/);
  });

  test("the stack leads to the call", async () => {
    const found = await failureOf(
      explore(function* () {
        throw new Error("here");
      }),
    );
    const [first] = (found.stack ?? "").split("\n").filter((line) => /^ +at /.test(line));
    assert.match(first ?? "", /explore\.test\.[jt]s/);
  });
});

describe("explore(): schedules", () => {
  const racy = function* () {
    let counter = 0;
    const add = fn(function* add() {
      const seen = counter;
      yield* yieldNow();
      counter = seen + 1;
    });
    const set = new JoinSet<void>();
    for (let i = 0; i < 4; i++) {
      set.spawn(add());
      yield* yieldNow();
      yield* yieldNow();
    }
    yield* set.joinAll();
    assert.equal(counter, 4);
  };

  test("the same seed finds the same", async () => {
    const first = await failureOf(explore(racy, { seed: 7 }));
    const second = await failureOf(explore(racy, { seed: 7 }));
    assert.equal(first.replay, second.replay);
    assert.equal(first.runs, second.runs);
    assert.equal(first.seed, 7);
  });

  test("each strategy finds it, and comes down to what is needed", async () => {
    for (const strategy of ["mixed", "random", "pct", "exhaustive"] as const) {
      const found = await failureOf(explore(racy, { strategy, seed: 1 }));
      const marked = found.message.split("\n").filter((line) => line.startsWith("* "));
      assert.equal(marked.length <= 2, true, found.message);
    }
  });

  test("exhaustive says whether it came to its end", async () => {
    const body = function* () {
      const handles = [1, 2, 3].map(() => spawn(yieldNow()));
      for (const handle of handles) yield* handle;
    };
    const none = await explore(body, { strategy: "exhaustive", preemptions: 0 });
    assert.deepEqual([none.runs, none.schedules, none.complete], [1, 1, true]);
    const one = await explore(body, { strategy: "exhaustive", preemptions: 1 });
    const two = await explore(body, { strategy: "exhaustive", preemptions: 2 });
    assert.equal(one.complete && two.complete, true);
    assert.equal(one.runs < two.runs, true);
    assert.equal(one.schedules, one.runs, "no schedule twice");
    assert.equal(two.schedules, two.runs, "no schedule twice");
    const exact = await explore(body, { strategy: "exhaustive", preemptions: 2, runs: two.runs });
    assert.equal(exact.complete, true);
    const cut = await explore(body, { strategy: "exhaustive", preemptions: 2, runs: two.runs - 1 });
    assert.deepEqual([cut.runs, cut.complete], [two.runs - 1, false]);
  });

  test("a body without a choice is run once", async () => {
    const report = await explore(
      function* () {
        yield* sleep(1);
      },
      { seed: 5 },
    );
    assert.deepEqual(report, { runs: 1, schedules: 1, complete: true, seed: 5 });
  });

  test("maxTime ends it", async () => {
    const report = await explore(
      function* ({ choose }) {
        choose(2);
      },
      { maxTime: 0 },
    );
    assert.deepEqual([report.runs, report.complete], [0, false]);
  });

  test("a replay takes forced yields from the text", async () => {
    const body = function* () {
      const [tx, rx] = mpsc.channel<number>(4);
      for (let i = 0; i < 4; i++) tx.trySend(i);
      let received = 0;
      spawn(function* () {
        assert.equal(received === 0 || received === 4, true, `interrupted after ${received}`);
      });
      for (; received < 4; received++) yield* rx.recv();
      yield* yieldNow();
    };
    await explore(body, { runs: 200 });
    const found = await failureOf(explore(body, { runs: 200, forceYields: true }));
    assert.match(found.message, /made to yield after \d operations/);
    const again = await failureOf(explore(body, { replay: found.replay }));
    assert.equal(again.replay, found.replay);
  });

  test("a replay whose steps are others says so, if it fails", async () => {
    const found = await failureOf(explore(racy, { seed: 1 }));
    assert.doesNotMatch(found.message, /not those that were recorded/);
    const changed = function* () {
      yield* yieldNow();
      yield* racy();
    };
    const again = await failureOf(explore(changed as never, { replay: found.replay.replace(/_.*/, "_1") }));
    assert.match(again.message, /not those that were recorded/);
  });

  test("lines of the steps say what was polled, on what, and what came of it", async () => {
    const found = await failureOf(
      explore(
        function* ({ choose }) {
          const [tx, rx] = mpsc.channel<number>(1);
          const task = spawn(
            function* () {
              yield* timeout(5, rx.recv());
            },
            { name: "reader" },
          );
          yield* yieldNow();
          task.abort();
          yield* yieldNow();
          tx[Symbol.dispose]();
          if (choose(3) === 2) throw new Error("end");
        },
        { seed: 1 },
      ),
    );
    assert.deepEqual(found.steps, [
      "main: starts -> yieldNow",
      'task 1 "reader": starts -> timeout { mpsc recv (0/1 queued, 1 sender), deadline: sleep (5 ms left) }',
      "main: yieldNow -> yieldNow",
      'task 1 "reader": cancelled, timeout { mpsc recv (0/1 queued, 1 sender), deadline: sleep (5 ms left) } -> ends, cancelled',
      "main: yieldNow -> throws Error: end [chose 2 of 3]",
    ]);
  });
});

describe("explore(): bad input", () => {
  const body = function* () {};
  const rejected: readonly [string, unknown, unknown][] = [
    ["body", undefined, {}],
    ["body", {}, {}],
    ["options", body, null],
    ["runs", body, { runs: 0 }],
    ["runs", body, { runs: 1.5 }],
    ["seed", body, { seed: "1" }],
    ["strategy", body, { strategy: "dfs" }],
    ["depth", body, { depth: 0 }],
    ["preemptions", body, { preemptions: -1 }],
    ["forceYields", body, { forceYields: 1 }],
    ["maxSteps", body, { maxSteps: 0 }],
    ["maxTime", body, { maxTime: "1s" }],
    ["replay", body, { replay: "nonsense" }],
    ["replay", body, { replay: 5 }],
    ["replay", body, { replay: "e1-zzzzzzz_0" }],
  ];
  for (const [argument, first, second] of rejected) {
    test(`${argument}: ${JSON.stringify(second)}`, async () => {
      await assert.rejects(explore(first as never, second as never), { code: "TOKI_INVALID_ARGUMENT", argument });
    });
  }

  test("choose() takes an integer above 0", async () => {
    for (const count of [0, -1, 1.5, undefined]) {
      const found = await failureOf(
        explore(function* ({ choose }) {
          choose(count as number);
        }),
      );
      assert.match(found.message, /choose: count must be an integer above 0/);
    }
  });

  test("a body that is not one fails as it would elsewhere", async () => {
    const found = await failureOf(explore((() => Promise.resolve()) as never));
    assert.equal(found instanceof ExploreError, true);
    assert.equal((found.cause as { code?: string }).code, "TOKI_NOT_A_FUTURE");
  });
});
