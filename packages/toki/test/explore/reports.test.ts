import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Future, fn, JoinSet, sleep, spawn, timeout, yieldNow } from "toki";
import { mpsc } from "toki/sync";
import { ExploreError, explore } from "toki/test";
import { failureOf } from "./support.js";

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
      yield* Future.from(racy);
    };
    const again = await failureOf(explore(changed, { replay: found.replay.replace(/_.*/, "_1") }));
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
