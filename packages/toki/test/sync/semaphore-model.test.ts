import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { MutexGuard, SemaphorePermit } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";
import { ModelSemaphore, type ModelWaiter } from "./semaphore-model.js";

for (const { name: implementation, module } of implementations) {
  const { AcquireError, Mutex, Semaphore, TryAcquireError, TryLockError } = module;

  describe(implementation, () => {
    type Step =
      | { do: "acquire" | "tryAcquire" | "add" | "forget"; n: number }
      | { do: "poll" | "cancel" | "dispose" | "release" | "forgetPermit"; which: number }
      | { do: "close" };

    const amount = fc.integer({ min: 0, max: 5 });
    const which = fc.nat(20);
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("acquire" as const), n: amount }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("tryAcquire" as const, "add" as const), n: amount }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), n: amount }) },
      { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("poll" as const, "release" as const), which }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("cancel" as const, "dispose" as const), which }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("forgetPermit" as const), which }) },
    );

    interface Wait {
      readonly task: Spawn<SemaphorePermit>;
      readonly model: ModelWaiter;
    }

    function run(permits: number, steps: readonly Step[]): void {
      const real = new Semaphore(permits);
      const model = new ModelSemaphore(permits);
      const waits: Wait[] = [];
      const held: SemaphorePermit[] = [];

      const poll = (wait: Wait) => {
        wait.model.woken = false;
        let outcome: SemaphorePermit | typeof Pending;
        try {
          outcome = wait.task.poll();
        } catch (error) {
          assert.ok(error instanceof AcquireError);
          assert.equal(model.closed, true);
          model.leave(wait.model);
          waits.splice(waits.indexOf(wait), 1);
          return;
        }
        assert.equal(model.closed, false);
        if (outcome === Pending) {
          assert.ok(wait.model.missing > 0, "should have its permits");
          return;
        }
        assert.equal(wait.model.missing, 0);
        waits.splice(waits.indexOf(wait), 1);
        held.push(outcome);
      };

      for (const s of steps) {
        switch (s.do) {
          case "acquire": {
            const task = testTask(real.acquireMany(s.n));
            if (model.closed) {
              assert.throws(() => task.poll(), AcquireError);
              break;
            }
            const waiter = model.acquire(s.n);
            const outcome = task.poll();
            if (waiter === undefined) {
              assert.notEqual(outcome, Pending);
              held.push(outcome as SemaphorePermit);
            } else {
              assert.equal(outcome, Pending);
              waits.push({ task, model: waiter });
            }
            break;
          }
          case "tryAcquire":
            if (!model.closed && model.free >= s.n) {
              model.free -= s.n;
              held.push(real.tryAcquire(s.n));
            } else {
              assert.throws(
                () => real.tryAcquire(s.n),
                (error) => error instanceof TryAcquireError && error.kind === (model.closed ? "closed" : "noPermits"),
              );
            }
            break;
          case "add":
            real.addPermits(s.n);
            model.give(s.n);
            break;
          case "forget": {
            const removed = Math.min(s.n, model.free);
            model.free -= removed;
            assert.equal(real.forgetPermits(s.n), removed);
            break;
          }
          case "poll":
            if (waits.length > 0) poll(waits[s.which % waits.length] as Wait);
            break;
          case "cancel":
          case "dispose": {
            const [wait] = waits.splice(s.which % Math.max(1, waits.length), 1);
            if (wait === undefined) break;
            if (s.do === "cancel") assert.equal(wait.task.cancel(), undefined);
            else wait.task[Symbol.dispose]();
            model.leave(wait.model);
            break;
          }
          case "release": {
            const [permit] = held.splice(s.which % Math.max(1, held.length), 1);
            if (permit === undefined) break;
            model.give(permit.numPermits);
            permit.release();
            break;
          }
          case "forgetPermit": {
            const [permit] = held.splice(s.which % Math.max(1, held.length), 1);
            permit?.forget();
            break;
          }
          case "close":
            real.close();
            if (!model.closed) model.close();
            break;
        }
        assert.equal(real.availablePermits, model.free);
        assert.equal(real.isClosed, model.closed);
        for (const wait of waits) assert.equal(wait.task.isWoken, wait.model.woken);
      }
    }

    describe("Semaphore against its model", () => {
      test("any order of requests, releases, drops and polls", () => {
        fc.assert(
          fc.property(fc.integer({ min: 0, max: 4 }), fc.array(step, { maxLength: 80 }), (permits, steps) =>
            run(permits, steps),
          ),
          { numRuns: 500 },
        );
      });

      test("and a close somewhere in between", () => {
        fc.assert(
          fc.property(
            fc.integer({ min: 0, max: 4 }),
            fc.array(step, { maxLength: 40 }),
            fc.array(step, { maxLength: 30 }),
            (permits, before, after) => run(permits, [...before, { do: "close" }, ...after]),
          ),
          { numRuns: 300 },
        );
      });
    });

    describe("Mutex against its model", () => {
      const mutexStep = fc.record({
        do: fc.constantFrom("lock", "tryLock", "release", "poll", "poll", "cancel", "dispose"),
        which,
      });

      test("any order of locks, releases, drops and polls", () => {
        fc.assert(
          fc.property(fc.array(mutexStep, { maxLength: 80 }), (steps) => {
            const real = new Mutex(0);
            const model = new ModelSemaphore(1);
            const waits: { task: Spawn<MutexGuard<number>>; model: ModelWaiter }[] = [];
            let guard: MutexGuard<number> | undefined;
            const take = (taken: MutexGuard<number>) => {
              assert.equal(guard, undefined, "two hold the lock");
              guard = taken;
            };
            for (const s of steps) {
              const at = s.which % Math.max(1, waits.length);
              if (s.do === "lock") {
                const task = testTask(real.lock());
                const waiter = model.acquire(1);
                const outcome = task.poll();
                if (waiter === undefined) take(outcome as MutexGuard<number>);
                else {
                  assert.equal(outcome, Pending);
                  waits.push({ task, model: waiter });
                }
              } else if (s.do === "tryLock") {
                if (model.free === 0) assert.throws(() => real.tryLock(), TryLockError);
                else {
                  model.free = 0;
                  take(real.tryLock());
                }
              } else if (s.do === "release" && guard !== undefined) {
                guard.release();
                guard = undefined;
                model.give(1);
              } else if (s.do === "poll" && waits.length > 0) {
                const wait = waits[at] as (typeof waits)[number];
                wait.model.woken = false;
                const outcome = wait.task.poll();
                assert.equal(outcome === Pending, wait.model.missing > 0);
                if (outcome !== Pending) {
                  waits.splice(at, 1);
                  take(outcome);
                }
              } else if ((s.do === "cancel" || s.do === "dispose") && waits.length > 0) {
                const [wait] = waits.splice(at, 1);
                if (s.do === "cancel") wait?.task.cancel();
                else wait?.task[Symbol.dispose]();
                if (wait !== undefined) model.leave(wait.model);
              }
              for (const wait of waits) assert.equal(wait.task.isWoken, wait.model.woken);
            }
          }),
          { numRuns: 500 },
        );
      });
    });
  });
}
