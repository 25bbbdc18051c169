import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  consumeBudget,
  cooperative,
  type Future,
  fn,
  hasBudgetRemaining,
  type IntoFuture,
  Pending,
  pending,
  pollFn,
  Runtime,
  ready,
  spawn,
  unconstrained,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { settle } from "./support.js";

const BUDGET = 128;

for (const { name, options } of flavors) {
  describe(`cooperative budget [${name}]`, () => {
    it(
      "inside unconstrained nothing makes the task yield, and outside it the budget is as it was",
      test(function* () {
        let turns = 0;
        spawn(function* () {
          for (;;) {
            turns++;
            yield* yieldNow();
          }
        });
        yield* spawn(function* () {
          yield* consumeBudget();
          const before = turns;
          yield* unconstrained(function* () {
            for (let i = 0; i < 10 * BUDGET; i++) {
              assert(hasBudgetRemaining());
              yield* consumeBudget();
            }
          });
          assert.equal(turns, before);
          for (let i = 1; i < BUDGET; i++) yield* consumeBudget();
          assert(!hasBudgetRemaining());
          assert.equal(turns, before);
          yield* consumeBudget();
          assert(turns > before);
        });
      }, options),
    );
  });
}

describe("the budget by hand", () => {
  it("consumeBudget suspends only when the budget is gone, and asks for another poll", () => {
    let rounds = 0;
    const task = testTask(function* () {
      for (; rounds < 300; rounds++) yield* consumeBudget();
    });
    for (const expected of [BUDGET, 2 * BUDGET]) {
      assertPending(task.poll());
      assert(task.isWoken);
      assert.equal(rounds, expected);
    }
    assertReady(task.poll());
    assert.equal(rounds, 300);
  });

  it("cooperative takes a unit only when its future is ready", () => {
    const gate = new Gate<number>();
    const task = testTask(cooperative(gate));
    task.enter((cx, future) => {
      for (let i = 0; i < 2 * BUDGET; i++) assertPending(future.poll(cx));
      assert(hasBudgetRemaining());
    });
    gate.open(1);
    assert.equal(assertReady(task.poll()), 1);
  });

  it("cooperative is pending, and wakes, when the budget is gone, without polling its future", () => {
    let polls = 0;
    const future = cooperative(
      pollFn(() => {
        polls++;
        return "ready";
      }),
    );
    const task = testTask(future);
    task.enter((cx) => {
      for (let i = 0; i < BUDGET; i++) assert.equal(future.poll(cx), "ready");
      assert.equal(future.poll(cx), Pending);
    });
    assert.equal(polls, BUDGET);
    assert(task.isWoken);
    assert.equal(task.poll(), "ready");
  });

  it("there is always some outside of a task", () => {
    assert(hasBudgetRemaining());
  });

  for (const [what, wrap] of [
    ["unconstrained", unconstrained],
    ["cooperative", cooperative],
  ] as const satisfies readonly (readonly [string, <T>(future: IntoFuture<T>) => Future<T>])[]) {
    it(`${what} hands a cancellation on, and awaits the cleanup`, async () => {
      const log: string[] = [];
      await using rt = new Runtime();
      const guarded = fn(function* guarded() {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleaned");
        }
      });
      const handle = rt.spawn(wrap(guarded()));
      await rt.run(settle());
      handle.abort();
      await rt.run(settle());
      assert(handle.isFinished());
      assert.deepEqual(log, ["cleaned"]);
    });

    it(`${what} dropped drops its future`, () => {
      const gate = new Gate();
      const task = testTask(wrap(gate));
      assertPending(task.poll());
      task[Symbol.dispose]();
      assert.equal(gate.drops, 1);
    });

    it(`${what} takes bodies and refuses what is no future`, async () => {
      await using rt = new Runtime();
      assert.equal(
        await rt.run(
          wrap(function* () {
            return yield* ready(1);
          }),
        ),
        1,
      );
      assert.throws(() => wrap(5 as never), new RegExp(`^MisuseError: ${what}: expected a future`));
    });
  }
});
