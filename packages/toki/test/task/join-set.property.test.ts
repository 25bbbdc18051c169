import assert from "node:assert/strict";
import { test } from "node:test";
import { fn, JoinSet, Pending, pending, Runtime, yieldNow } from "toki";
import { testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import fc from "../support/property.js";

/*
 * Against a model: a list of running tasks, and one of those that are over, in order. Between operations every ready task is polled until none is.
 */

type Op =
  | { readonly kind: "spawn" | "join" | "tryJoin" | "wait" | "drop" | "abortAll" | "detachAll" }
  | { readonly kind: "finish" | "fail" | "abort"; readonly which: number };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Op>({ kind: "spawn" }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom("finish", "fail", "abort"), which: fc.nat(20) }) as fc.Arbitrary<Op>,
  },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom<Op["kind"]>("join", "tryJoin", "join", "tryJoin", "wait", "drop", "wait")
      .map((kind) => ({ kind }) as Op),
  },
  { weight: 1, arbitrary: fc.constantFrom<Op["kind"]>("abortAll", "detachAll").map((kind) => ({ kind }) as Op) },
);

interface ModelTask {
  readonly id: number;
  readonly gate: Gate<number>;
  readonly abort: () => void;
}

test("any sequence of operations: nothing is lost, doubled or reordered", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 60 }), async (ops) => {
      const rt = new Runtime({ onUnhandledFailure: () => {} });
      await rt.run(function* () {
        const set = new JoinSet<number>();
        const running: ModelTask[] = [];
        const ended: [id: number, outcome: string][] = [];
        const waiter = testTask(pending());
        let isWaiting = false;
        let next = set.joinNext();

        const take = (result: ReturnType<typeof set.tryJoinNext>) => {
          const expected = ended.shift();
          if (expected === undefined) {
            assert.equal(result, undefined);
            return;
          }
          assert(result !== undefined);
          const outcome = result.ok ? `value ${result.value}` : result.error.isPanic() ? "failed" : "cancelled";
          assert.deepEqual([result.id, outcome], expected);
        };
        const end = (which: number, outcome: (task: ModelTask) => string) => {
          const [task] = running.splice(which % running.length, 1);
          if (task === undefined) return;
          ended.push([task.id, outcome(task)]);
        };

        for (const each of ops) {
          const before = ended.length;
          switch (each.kind) {
            case "spawn": {
              const gate = new Gate<number>();
              const handle = set.spawn(gate);
              running.push({ id: handle.id, gate, abort: () => handle.abort() });
              break;
            }
            case "finish":
              end(each.which, (task) => {
                task.gate.open(task.id);
                return `value ${task.id}`;
              });
              break;
            case "fail":
              end(each.which, (task) => {
                task.gate.fail(new Error("model"));
                return "failed";
              });
              break;
            case "abort":
              end(each.which, (task) => {
                task.abort();
                return "cancelled";
              });
              break;
            case "tryJoin":
              take(set.tryJoinNext());
              break;
            case "join":
            case "wait":
              waiter.enter((cx) => {
                const result = next.poll(cx);
                isWaiting = result === Pending;
                if (isWaiting) assert(ended.length === 0 && running.length > 0);
                else take(result as Exclude<typeof result, Pending>);
              });
              break;
            case "drop":
              next[Symbol.dispose]();
              next = set.joinNext();
              isWaiting = false;
              break;
            case "abortAll":
              set.abortAll();
              // In no order: the model takes it from the set.
              yield* polite();
              for (const task of running.splice(0)) ended.push([task.id, "cancelled"]);
              if (ended.length - before > 1) {
                const order: number[] = [];
                for (let result = set.tryJoinNext(); result; result = set.tryJoinNext()) order.push(result.id);
                assert.deepEqual(order.toSorted(), ended.map(([id]) => id).toSorted());
                assert.deepEqual(
                  order.slice(0, before),
                  ended.slice(0, before).map(([id]) => id),
                );
                ended.length = 0;
              }
              break;
            case "detachAll":
              set.detachAll();
              running.length = 0;
              ended.length = 0;
              break;
          }
          yield* polite();
          assert.equal(set.size, running.length + ended.length);
          assert.equal(set.isEmpty(), running.length + ended.length === 0);
          if (isWaiting && ended.length > before) assert(waiter.isWoken, "the waiter must be told");
        }
        next[Symbol.dispose]();
        yield* set.shutdown();
        assert.equal(set.size, 0);
      });
      await rt.shutdown();
    }),
    { numRuns: 200 },
  );
});

const polite = fn(function* polite() {
  for (let i = 0; i < 3; i++) yield* yieldNow();
});
