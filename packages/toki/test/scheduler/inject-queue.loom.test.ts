import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Memory } from "../../dist/memory/memory.js";
import * as production from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue, NO_TASK } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { drain } from "./queue.model.js";
import { assertFound, mutant } from "./support.js";

const LINKS = { base: 10, stride: 1 };
const LOCAL = 30;
const options: Options = {
  words: LOCAL + LocalQueue.words(4),
  names: (index) => (index < 4 ? (["LOCK", "HEAD", "TAIL", "STATE"][index] as string) : `word ${index}`),
};
const sorted = (tasks: number[]) => tasks.sort((a, b) => a - b);

type Code = Pick<typeof production, "InjectQueue">;

/** Two threads push (one a batch), one pops twice; per pusher, tasks come out in the order they went in. */
const pushAndPop =
  ({ InjectQueue }: Code) =>
  (model: Model) => {
    const queue = (memory: Memory) => new InjectQueue(memory, 0, LINKS);
    InjectQueue.init(model.memory, 0);
    model.thread("batch", (memory) => queue(memory).pushBatch([0, 1, 2]));
    model.thread("single", (memory) => [queue(memory).push(3), queue(memory).push(4)]);
    model.thread("popper", (memory) => {
      const q = queue(memory);
      return [q.pop(), q.pop(), q.pop()].filter((task) => task !== NO_TASK);
    });
    model.after(([, , popped]) => {
      const q = queue(model.memory);
      const order = [...popped];
      assert.equal(q.length, 5 - popped.length);
      for (let task = q.pop(); task !== NO_TASK; task = q.pop()) order.push(task);
      assert.deepEqual(sorted([...order]), [0, 1, 2, 3, 4]);
      // A batch stays together, and single tasks keep their order.
      const at = order.indexOf(0);
      assert.deepEqual(order.slice(at, at + 3), [0, 1, 2]);
      assert.ok(order.indexOf(3) < order.indexOf(4));
    });
  };

/** One thread moves a batch into its own ring while a second pushes and a third steals from that ring. */
const refill =
  ({ InjectQueue }: Code) =>
  (model: Model) => {
    const queue = (memory: Memory) => new InjectQueue(memory, 0, LINKS);
    InjectQueue.init(model.memory, 0);
    LocalQueue.init(model.memory, LOCAL);
    queue(model.memory).pushBatch([0, 1]);
    model.thread("worker", (memory) => {
      const own = new LocalQueue(memory, LOCAL, 4);
      const taken = [queue(memory).popInto(own, 4), queue(memory).popInto(own, 4)];
      return drain(own, taken).filter((task) => task !== NO_TASK);
    });
    model.thread("pusher", (memory) => queue(memory).push(2));
    model.thread("popper", (memory) => [queue(memory).pop()].filter((task) => task !== NO_TASK));
    model.after(([worker, , popper]) => {
      const q = queue(model.memory);
      const all = [...worker, ...popper];
      for (let task = q.pop(); task !== NO_TASK; task = q.pop()) all.push(task);
      assert.deepEqual(sorted(all), [0, 1, 2]);
    });
  };

/** A push either is refused or can be popped after the close. */
const closing =
  ({ InjectQueue }: Code) =>
  (model: Model) => {
    const queue = (memory: Memory) => new InjectQueue(memory, 0, LINKS);
    InjectQueue.init(model.memory, 0);
    model.thread("a", (memory) => queue(memory).push(0));
    model.thread("b", (memory) => queue(memory).pushBatch([1, 2]));
    model.thread("closer", (memory) => queue(memory).close());
    model.after(([a, b, closed]) => {
      const q = queue(model.memory);
      assert.equal(closed, true);
      assert.equal(q.isClosed, true);
      assert.equal(q.length, (a ? 1 : 0) + (b ? 2 : 0));
    });
  };

describe("InjectQueue under all schedules (bounded preemptions)", () => {
  for (const [name, model, preemptions] of [
    ["pushes, batches and pops", pushAndPop, 3],
    ["taking a batch into a ring", refill, 3],
    ["pushes against a close", closing, 4],
  ] as const) {
    test(`${name} (${preemptions} preemptions)`, (t) => {
      const report = check({ ...options, preemptions }, model(production));
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.complete);
    });
  }
});

describe("the loom finds planted bugs in InjectQueue", () => {
  const bugs: [string, string, string, (code: Code) => (model: Model) => void][] = [
    [
      "a push without the lock",
      "const open = (state & CLOSED) === 0;",
      "const open = (state & CLOSED) === 0; this.lock.unlock();",
      pushAndPop,
    ],
    [
      "a pop that trusts what it saw before it had the lock",
      "let task = NO_TASK;\n        if (state >>> 1 !== 0)",
      "let task = NO_TASK;\n        if (true)",
      refill,
    ],
    ["a close that forgets what was pushed", "state | CLOSED", "CLOSED", closing],
    ["a batch counted as one task", "state + count * ONE", "state + ONE", pushAndPop],
    ["a popped task that stays at the head", "if (state >>> 1 > count)", "if (state >>> 1 > count + 1)", pushAndPop],
  ];
  for (const [name, from, to, model] of bugs) {
    test(name, async (t) => {
      const code = await mutant("inject-queue", from, to);
      const found = assertFound({ ...options, preemptions: 3 }, model(code), ["assertion", "race", "too many steps"]);
      t.diagnostic(found.message.split("\n")[0]!);
    });
  }
});
