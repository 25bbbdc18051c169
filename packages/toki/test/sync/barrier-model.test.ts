import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import type { BarrierWaitResult } from "toki/sync";
import { type Spawn, testTask } from "toki/test";
import fc from "../support/property.js";
import { implementations } from "./implementations.js";

for (const { name: implementation, module } of implementations) {
  const { Barrier } = module;

  describe(implementation, () => {
    const step = fc.record({
      do: fc.constantFrom("wait", "wait", "wait", "poll", "poll", "cancel", "dispose"),
      which: fc.nat(20),
    });

    test("Barrier against its model: any order of arrivals, drops and polls", () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 5 }), fc.array(step, { maxLength: 60 }), (n, steps) => {
          const real = new Barrier(n);
          const waits: { task: Spawn<BarrierWaitResult>; round: number; woken: boolean }[] = [];
          let [arrived, round] = [0, 0];
          for (const { do: what, which } of steps) {
            const at = which % Math.max(1, waits.length);
            if (what === "wait") {
              const task = testTask(real.wait());
              const outcome = task.poll();
              if (++arrived < n) {
                assert.equal(outcome, Pending);
                waits.push({ task, round, woken: false });
              } else {
                assert.deepEqual(outcome, { isLeader: true });
                for (const wait of waits) wait.woken ||= wait.round === round;
                arrived = 0;
                round++;
              }
            } else if (waits.length > 0) {
              const wait = waits[at] as (typeof waits)[number];
              if (what === "poll") {
                wait.woken = false;
                const outcome = wait.task.poll();
                if (wait.round === round) assert.equal(outcome, Pending);
                else {
                  assert.deepEqual(outcome, { isLeader: false });
                  waits.splice(at, 1);
                }
              } else {
                if (what === "cancel") assert.equal(wait.task.cancel(), undefined);
                else wait.task[Symbol.dispose]();
                waits.splice(at, 1);
              }
            }
            for (const wait of waits) assert.equal(wait.task.isWoken, wait.woken);
          }
        }),
        { numRuns: 500 },
      );
    });
  });
}
