// A LocalSet against a model: a task of it is over when its gate was open at some time that the set was driven, or it was aborted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type JoinHandle, LocalSet, select } from "toki";
import { test as toki } from "toki/test";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { settle } from "./support.js";

const command = fc.oneof(
  fc.constantFrom("spawn" as const, "drive" as const, "lose" as const, "stand" as const),
  fc.record({ open: fc.nat(20) }),
  fc.record({ abort: fc.nat(20) }),
  fc.record({ dispose: fc.constantFrom(...new Array<boolean>(19).fill(false), true) }),
);

test("LocalSet agrees with a model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      await toki(function* () {
        const set = new LocalSet();
        const tasks: { handle: JoinHandle<void>; gate: Gate; isOpen: boolean; isOver: boolean }[] = [];
        let isDisposed = false;
        const driven = () => {
          for (const task of tasks) if (task.isOpen) task.isOver = true;
        };
        for (const step of commands) {
          if (step === "spawn") {
            const gate = new Gate();
            const handle = set.spawnLocal(gate);
            tasks.push({ handle, gate, isOpen: false, isOver: isDisposed });
          } else if (step === "drive") {
            driven();
            yield* set.runUntil(settle());
          } else if (step === "lose") {
            driven();
            assert.equal((yield* select.biased({ run: set.runUntil(new Gate()), other: settle() })).key, "other");
          } else if (step === "stand") {
            // nothing
          } else if ("dispose" in step) {
            if (!step.dispose) continue;
            set[Symbol.dispose]();
            isDisposed = true;
            for (const task of tasks) task.isOver = true;
          } else {
            const task = tasks[("open" in step ? step.open : step.abort) % Math.max(1, tasks.length)];
            if (task === undefined || task.isOver) continue;
            if ("open" in step) {
              task.gate.open();
              task.isOpen = true;
            } else {
              task.handle.abort();
              task.isOver = true;
            }
          }
          yield* settle();
          for (const { handle, isOver } of tasks) assert.equal(handle.isFinished(), isOver);
        }
        for (const { gate } of tasks) gate.open();
        yield* set;
        for (const { handle } of tasks) assert.equal(handle.isFinished(), true);
      })();
    }),
    { numRuns: 100 },
  );
});
