import assert from "node:assert/strict";
import { test } from "node:test";
import { fn, JoinError, pending, Runtime, type Scope, type Suspend, scope, spawn, yieldNow } from "toki";
import fc from "../support/property.js";

/*
 * Random trees of tasks in one scope, in which anybody may fail, wait for ever, fail in cleanup, or clean up slowly, with an abort
 * from outside at any moment or none. Whatever happens: when the scope is over nothing of it is left, and every failure is told exactly once.
 */

interface Plan {
  readonly before: number;
  readonly end: "return" | "throw" | "park";
  readonly cleanup: number;
  readonly failsInCleanup: boolean;
  readonly children: readonly Plan[];
}

const tree: fc.Memo<Plan> = fc.memo((depth) =>
  fc.record({
    before: fc.nat(4),
    end: fc.constantFrom("return", "return", "return", "throw", "park"),
    cleanup: fc.nat(3),
    failsInCleanup: fc.boolean(),
    children: depth > 1 ? fc.array(tree(), { maxLength: 3 }) : fc.constant([]),
  }),
);

const parks = (plan: Plan): boolean => plan.end === "park" || plan.children.some(parks);

class World {
  live = 0;
  /** Tasks, and the body, that threw. */
  readonly throwers = new Set<number>();
  #next = 0;

  run = fn(function* (this: World, s: Scope, plan: Plan, isBody: boolean): Generator<Suspend, void, unknown> {
    const id = this.#next++;
    let isParked = false;
    this.live++;
    try {
      for (const child of plan.children) s.spawn(this.run(s, child, false));
      for (let i = 0; i < plan.before; i++) yield* yieldNow();
      if (plan.end === "throw") {
        this.throwers.add(id);
        throw new Error(`${id} threw`);
      }
      if (plan.end === "park") {
        isParked = true;
        yield* pending();
      }
    } finally {
      // Awaits only while being cancelled: a first abort during a finally that runs for another reason would end that block early.
      if (isParked) for (let i = 0; i < plan.cleanup; i++) yield* yieldNow();
      this.live--;
      // Not for the body, whose cleanup error is attached to the failure that cancelled it.
      if (isParked && plan.failsInCleanup && !isBody) {
        this.throwers.add(id);
        throw new Error(`${id} failed in cleanup`);
      }
    }
  });
}

test("nothing outlives a scope, and every failure is told once", async () => {
  await fc.assert(
    fc.asyncProperty(tree(4), fc.option(fc.nat(12), { nil: undefined }), async (plan, abortAfter) => {
      const reported: number[] = [];
      const rt = new Runtime({ onUnhandledFailure: ({ id }) => void reported.push(id) });
      const world = new World();
      let threw = false;
      await rt.run(function* () {
        const task = spawn(scope((s) => world.run(s, plan, true)));
        const limit = abortAfter ?? (parks(plan) ? 40 : undefined);
        if (limit !== undefined) {
          for (let i = 0; i < limit && !task.isFinished(); i++) yield* yieldNow();
          task.abort();
        }
        try {
          yield* task;
          assert.equal(world.throwers.size, 0);
        } catch (error) {
          assert(error instanceof JoinError);
          threw = error.isPanic();
          if (!threw) assert.equal(world.throwers.size, 0);
        }
        assert.equal(world.live, 0, "something is still running");
      });
      assert.equal(rt.metrics().numAliveTasks, 0);
      await rt.shutdown();
      assert.equal(new Set(reported).size, reported.length);
      assert.equal(reported.length + (threw ? 1 : 0), world.throwers.size);
    }),
    { numRuns: 400 },
  );
});
