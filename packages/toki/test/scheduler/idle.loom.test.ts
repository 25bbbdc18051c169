import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Memory } from "../../dist/memory/memory.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { assertFound, mutant, mutantUrl } from "./support.js";
import {
  batched,
  type Code,
  dependent,
  dependentChild,
  oneWorker,
  options,
  production,
  program,
  spawning,
  threeWorkers,
  twoWorkers,
} from "./worker.model.js";

describe("parking under all schedules (bounded preemptions): every task runs, nobody sleeps through it", () => {
  for (const [name, what, preemptions] of [
    ["one worker, work from outside", oneWorker, 4],
    ["two workers, work from outside", twoWorkers, 2],
    ["two workers, a task that spawns", spawning, 2],
    ["three workers, a task that spawns", threeWorkers, 1],
    ["two workers, a task that blocks until another one from outside has run", dependent, 2],
    ["two workers, a task that blocks until its child has run", dependentChild, 2],
    ["two workers, a task that blocks until one has run that was taken with it", batched, 2],
  ] as const) {
    test(`${name} (${preemptions} preemptions)`, (t) => {
      const report = check({ ...options, preemptions, maxSchedules: 1_000_000 }, program(production, what));
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.complete);
    });
  }

  test("three workers, random schedules", () => {
    check({ ...options, random: { seed: 3, schedules: 2_000 } }, program(production, threeWorkers));
    check({ ...options, random: { seed: 3, schedules: 2_000, pct: 4 } }, program(production, threeWorkers));
  });

  test("two workers with locks that spin first", () => {
    check({ ...options, spins: 2, random: { seed: 5, schedules: 2_000 } }, program(production, spawning));
  });
});

/** Two senders write a worker's inbox and call it; `wakeOne` interferes. The worker takes all and ends. */
const inbox =
  (inOrder: boolean, { Idle } = production) =>
  (model: Model) => {
    const [INBOX, IDLE] = [0, 1];
    const idle = (memory: Memory) => new Idle(memory, IDLE, 2);
    Idle.init(model.memory, IDLE, 2);
    model.thread("worker", (memory) => {
      let searching = false;
      for (let taken = 0; ; ) {
        taken += memory.exchange(INBOX, 0);
        if (taken === 2) {
          if (searching) idle(memory).endSearch(0);
          return;
        }
        if (!inOrder && memory.load(INBOX) !== 0) continue;
        idle(memory).enlist(0, searching);
        if (!inOrder || memory.load(INBOX) === 0) idle(memory).sleep(0);
        searching = idle(memory).leave(0);
      }
    });
    for (const name of ["a", "b"]) {
      model.thread(name, (memory) => {
        memory.add(INBOX, 1);
        idle(memory).wake(0);
      });
    }
    model.thread("other", (memory) => idle(memory).wakeOne());
    model.after(() => assert.deepEqual([idle(model.memory).unparked, idle(model.memory).searching], [2, 0]));
  };

describe("waking a worker by name, under all schedules (bounded preemptions)", () => {
  const options: Options = { words: 64, preemptions: 2 };

  test("a worker that looks at its inbox after it enlisted misses nothing", (t) => {
    const report = check(options, inbox(true));
    t.diagnostic(JSON.stringify(report));
    assert.ok(report.complete);
  });

  test("the loom finds the one that looks before", () => {
    assertFound(options, inbox(false), ["deadlock"]);
  });
});

/** The production module over another lock. */
const idleWith = (lock: string) =>
  mutant(
    "idle",
    "return (before & SEARCHING) === (searching ? 1 : 0);",
    "return (before & SEARCHING) == (searching ? 1 : 0);",
    { "shared-lock": lock },
  );

describe("the loom finds planted bugs in the parking protocol", () => {
  const bugs: [string, () => Promise<Code>, readonly ("deadlock" | "assertion")[]][] = [
    [
      "the last searcher does not look again before it sleeps",
      async () => ({
        ...production,
        ...(await mutant("idle", "return (before & SEARCHING) === (searching ? 1 : 0);", "return false;")),
      }),
      ["deadlock"],
    ],
    [
      "only a worker that was searching looks again before it sleeps",
      async () => ({
        ...production,
        ...(await mutant(
          "idle",
          "return (before & SEARCHING) === (searching ? 1 : 0);",
          "return searching && (before & SEARCHING) === 1;",
        )),
      }),
      ["deadlock"],
    ],
    [
      "the last searcher that finds work does not wake the next one",
      async () => ({
        ...production,
        ...(await mutant(
          "idle",
          `this.lock.unlock();
        return (before & SEARCHING) === 1;`,
          "this.lock.unlock();",
        )),
      }),
      ["deadlock"],
    ],
    [
      "a waker does not count the worker it wakes as searching, and the worker does",
      async () => ({ ...production, ...(await mutant("idle", "NOTIFIED, UNPARKED + 1)", "NOTIFIED, UNPARKED)")) }),
      ["deadlock", "assertion"],
    ],
    [
      "a worker does not look at its own inbox after it enlisted",
      async () => ({ ...production, looksAgain: false }),
      ["deadlock"],
    ],
    [
      "a worker that takes several tasks at a time does not tell of those it queues",
      async () => ({ ...production, announces: false }),
      ["deadlock"],
    ],
    [
      "a waker changes the word and does not notify",
      async () => ({
        ...production,
        ...(await idleWith(mutantUrl("shared-lock", "memory.notify(sleeper, Number.POSITIVE_INFINITY);", ""))),
      }),
      ["deadlock"],
    ],
    [
      "a worker that leaves by itself does not count itself",
      async () => ({ ...production, ...(await mutant("idle", "memory.add(this.base + STATE, UNPARKED);", "")) }),
      ["deadlock", "assertion"],
    ],
    [
      "a contended lock is released without waking the sleeper",
      async () => {
        const lock = mutantUrl("shared-lock", "memory.notify(this.word, 1);", "{}");
        return { ...production, ...(await idleWith(lock)) };
      },
      ["deadlock"],
    ],
    [
      "a sleeper of the lock does not mark it as contended",
      async () => {
        const held = mutantUrl("shared-lock", "const marked = found | ASLEEP;", "const marked = found;");
        return {
          ...production,
          ...(await mutant("inject-queue", "const ONE = 2;", "const ONE = 1 + 1;", { "shared-lock": held })),
        };
      },
      ["deadlock"],
    ],
  ];
  for (const [name, load, kinds] of bugs) {
    test(name, async (t) => {
      const code = await load();
      const model = program(code, code.announces ? dependent : batched);
      const found = assertFound({ ...options, preemptions: 2, maxSchedules: 1_000_000 }, model, kinds);
      t.diagnostic(found.message.split("\n")[0]!);
    });
  }
});
