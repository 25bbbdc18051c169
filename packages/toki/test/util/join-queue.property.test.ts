// A JoinQueue against a list, with joins dropped at any moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ready, select } from "toki";
import { assertPending, assertReady, type Spawn, testTask, test as toki } from "toki/test";
import { JoinQueue } from "toki/util";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";
import { settle } from "../task/support.js";

interface Modelled {
  readonly value: number;
  readonly gate: Gate<number>;
  outcome: "running" | "value" | "cancelled";
}

const command = fc.oneof(
  fc.constantFrom("spawn" as const, "join" as const, "wait" as const, "drop" as const, "lose" as const),
  fc.record({ open: fc.nat(20) }),
  fc.record({ abort: fc.nat(20) }),
);

test("JoinQueue agrees with a model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      await toki(function* () {
        const queue = new JoinQueue<number>();
        const model: Modelled[] = [];
        let wait: Spawn<Awaited<ReturnType<typeof queue.tryJoinNext>>> | undefined;
        let spawned = 0;
        const isFirstOver = () => model[0] !== undefined && model[0].outcome !== "running";
        const check = (result: ReturnType<typeof queue.tryJoinNext>) => {
          const expected = model.shift();
          if (expected === undefined) assert.equal(result, undefined);
          else if (expected.outcome === "value") assert.deepEqual(result?.ok && result.value, expected.value);
          else assert(result?.ok === false && result.error.isCancelled());
        };
        for (const step of commands) {
          if (step === "spawn") {
            const one: Modelled = { value: spawned++, gate: new Gate<number>(), outcome: "running" };
            model.push(one);
            queue.spawn(one.gate);
          } else if (step === "drop") {
            wait?.[Symbol.dispose]();
            wait = undefined;
          } else if (step === "wait") {
            if (wait === undefined && model.length > 0 && !isFirstOver()) {
              wait = testTask(queue.joinNext());
              assertPending(wait.poll());
            }
          } else if (step === "lose") {
            if (wait === undefined && !isFirstOver() && model.length > 0) {
              assert.equal((yield* select.biased({ next: queue.joinNext(), other: ready(0) })).key, "other");
            }
          } else if (step === "join") {
            if (isFirstOver() || model.length === 0) {
              const joiner: typeof wait = wait ?? testTask(queue.joinNext());
              wait = undefined;
              check(assertReady(joiner.poll()));
            } else assert.equal(queue.tryJoinNext(), undefined);
          } else {
            const index = ("open" in step ? step.open : step.abort) % Math.max(1, model.length);
            const one = model[index];
            if (one === undefined || one.outcome !== "running") continue;
            if ("open" in step) {
              one.gate.open(one.value);
              one.outcome = "value";
            } else {
              queue.abortAll();
              for (const other of model) if (other.outcome === "running") other.outcome = "cancelled";
            }
          }
          yield* settle();
          assert.equal(queue.size, model.length);
          if (wait !== undefined) assert.equal(wait.isWoken, isFirstOver());
        }
        wait?.[Symbol.dispose]();
        yield* queue.shutdown();
        assert.equal(queue.size, 0);
      })();
    }),
    { numRuns: 100 },
  );
});
