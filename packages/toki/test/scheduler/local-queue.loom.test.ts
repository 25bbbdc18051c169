import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as production from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import { check, type Model } from "../support/loom/index.js";
import { chained, options, overflow, refill, twoThieves } from "./queue.model.js";
import { assertFound, mutant } from "./support.js";

const WRAP = 0x7fffffff - 2;

describe("LocalQueue under all schedules (bounded preemptions)", () => {
  const models: [string, (model: Model) => void, number][] = [
    ["push, pop, overflow against a thief", overflow(production), 4],
    ["the same where positions wrap around", overflow(production, WRAP), 3],
    ["refilling what a thief copies", refill(production), 5],
    ["the same where positions wrap around", refill(production, WRAP), 4],
    ["two thieves and the owner", twoThieves(production), 3],
    ["thieves that are stolen from", chained(production), 2],
  ];
  for (const [name, model, preemptions] of models) {
    test(`${name}: each task is taken once (${preemptions} preemptions)`, (t) => {
      const report = check({ ...options, preemptions }, model);
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.complete);
    });
  }

  test("two thieves and the owner, random schedules", () => {
    check({ ...options, random: { seed: 1, schedules: 3_000 } }, twoThieves(production));
    check({ ...options, random: { seed: 1, schedules: 3_000, pct: 4 } }, twoThieves(production));
  });
});

describe("the loom finds planted bugs in LocalQueue", () => {
  const wrong = ["assertion", "race", "too many steps"] as const;
  const bugs: [string, string, string, (code: any) => (model: Model) => void][] = [
    [
      "the owner does not respect the thief's mark",
      "return this.memory.load(this.base + MARK);",
      "return head;",
      refill,
    ],
    [
      "the owner looks at the mark before it looks at the head",
      `const head = this.memory.load(this.base + HEAD);
        if (this.memory.load(this.base + STEAL) === NO_THIEF)
            return head;`,
      `const thief = this.memory.load(this.base + STEAL);
        const head = this.memory.load(this.base + HEAD);
        if (thief === NO_THIEF)
            return head;`,
      refill,
    ],
    [
      "pop moves the head without comparing",
      "const found = memory.compareExchange(base + HEAD, head, (head + 1) & POSITION);",
      "const found = (memory.store(base + HEAD, (head + 1) & POSITION), head);",
      twoThieves,
    ],
    [
      "a thief does not look whether there is another one",
      "if (memory.compareExchange(base + STEAL, NO_THIEF, this.base) !== NO_THIEF)",
      "if ((memory.store(base + STEAL, this.base), false))",
      twoThieves,
    ],
    [
      "a thief claims by a plain addition",
      "const found = memory.compareExchange(base + HEAD, head, (head + count) & POSITION);",
      "const found = (memory.add(base + HEAD, count), head);",
      overflow,
    ],
    [
      "a thief takes its mark away before it has copied",
      "for (let i = 0; i < count; i++)",
      "memory.store(base + STEAL, NO_THIEF);\n        for (let i = 0; i < count; i++)",
      refill,
    ],
    [
      "a thief marks the head it finds after it has claimed",
      "if (found === head)\n                break;",
      "if (found === head) {\n                memory.store(base + MARK, found + count);\n                break;\n            }",
      refill,
    ],
    [
      "an overflow claims without comparing",
      "if (memory.compareExchange(base + HEAD, head, tail) !== head)",
      "if ((memory.store(base + HEAD, tail), false))",
      overflow,
    ],
    ["an overflow shows half a ring too much", "this.publish(half);", "this.publish(capacity);", overflow],
    [
      "the tail is shown before the slot is written",
      `this.stage(0, task);
        this.publish(1);`,
      `this.publish(1);
        this.tail--;
        this.stage(0, task);
        this.tail++;`,
      overflow,
    ],
  ];
  for (const [name, from, to, model] of bugs) {
    test(name, async (t) => {
      const code = await mutant("local-queue", from, to);
      const found = assertFound({ ...options, preemptions: 3 }, model(code), wrong);
      t.diagnostic(found.message.split("\n")[0]!);
    });
  }
});
