import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Future,
  fn,
  fromPromise,
  Handle,
  Instant,
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
  yieldNow,
} from "toki";
import { mpsc } from "toki/sync";
import { type ExploreBody, type ExploreOptions, type ExploreTools, explore } from "toki/test";
import { add } from "../blocking/jobs.js";

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
