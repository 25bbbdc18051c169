// A record between its home and its worker: whatever home wants of it and whenever it says so, the task has one outcome, the record is freed once, and
// nobody waits for ever. The production code of the states and of the mailboxes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as mailboxModule from "../../dist/memory/mailbox.js";
import type { Memory } from "../../dist/memory/memory.js";
import * as record from "../../dist/runtime/scheduler/multi-thread/record.js";
import * as production from "../../dist/runtime/scheduler/multi-thread/record-state.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { assertFound, mutant } from "./support.js";

interface Code {
  takeBack(memory: Memory, block: number, as: number): boolean;
  begin(memory: Memory, block: number, slot: number): number;
  command(memory: Memory, block: number, bits: number): boolean;
  onCommand(memory: Memory, block: number): number;
  complete(memory: Memory, block: number, bits: number): void;
  release(memory: Memory, block: number): boolean;
}
interface Mailbox {
  handlers: ((node: number) => void)[];
  post(slot: number, node: number): void;
  drain(): boolean;
  sleep(ms: number): void;
}
const { Mailbox } = mailboxModule as unknown as {
  Mailbox: new (arena: { memory: Memory; slot: number }) => Mailbox;
};
const names = record as unknown as Record<
  "LINK" | "STATE" | "WORKER" | "COMMAND" | "ABANDONED" | "MOVED" | "CANCEL" | "FORCE" | "CANCELLED" | "ZOMBIE",
  number
>;
const { LINK, STATE, WORKER, COMMAND, ABANDONED, MOVED, CANCEL, FORCE, CANCELLED, ZOMBIE } = names;
const code = production as unknown as Code;

const [HOME, SERVER] = [0, 1];
const BLOCK = 1024;
const CLONE = 1040;
/** A queue of two places. */
const QUEUE = 1060;
/** How often the record and its clone were freed. */
const FREED = 1070;
const LETTERS = 1091;

const options: Options = {
  words: 1160,
  names(index) {
    if (index >= LETTERS) return `letter[${index - LETTERS}]`;
    if (index >= FREED) return `freed[${index - FREED}]`;
    if (index >= QUEUE) return `queue[${index - QUEUE}]`;
    const word = Object.entries({ LINK, STATE, WORKER, COMMAND }).find(
      ([, at]) => index === BLOCK + at || index === CLONE + at,
    );
    return word === undefined ? String(index) : `${index >= CLONE ? "clone." : ""}${word[0]}`;
  },
};

type Wish = "cancel" | "cancel and force" | "replace and cancel" | "nothing";

const model = (state: Code, wish: Wish) => (model: Model) => {
  const records = wish === "replace and cancel" ? 2 : 1;
  const free = (memory: Memory, mailbox: Mailbox, block: number) => {
    memory.add(FREED + (block === CLONE ? 1 : 0), 1);
    // Either thread may wait for the last one: a letter of another kind each.
    const letter = LETTERS + (block === CLONE ? 32 : 0);
    mailbox.post(HOME, letter);
    mailbox.post(SERVER, letter + 16);
  };
  const isOver = (memory: Memory, replaced: number) => memory.load(FREED) + memory.load(FREED + 1) >= replaced;
  const push = (memory: Memory, place: number, block: number) => {
    memory.store(QUEUE + place, block);
    memory.notify(QUEUE + place, 1);
  };

  model.thread("home", (memory) => {
    const mailbox = new Mailbox({ memory, slot: HOME });
    let block = BLOCK;
    const outcomes: string[] = [];
    const settle = (outcome: string) => outcomes.push(outcome);
    mailbox.handlers[LINK] = (node) => {
      assert.equal(node - LINK, block);
      settle((memory.load(block + STATE) & CANCELLED) === 0 ? "done" : "cancelled");
      if (state.release(memory, block)) free(memory, mailbox, block);
    };
    push(memory, 0, BLOCK);
    let total = 1;
    if (wish === "replace and cancel") {
      if (state.takeBack(memory, BLOCK, MOVED)) {
        block = CLONE;
        total = 2;
        push(memory, 1, CLONE);
      } else push(memory, 1, -1);
    }
    if (wish !== "nothing") {
      mailbox.drain();
      if (outcomes.length === 0) {
        if (state.takeBack(memory, block, ABANDONED)) settle("never began");
        else if (state.command(memory, block, CANCEL)) mailbox.post(memory.read(block + WORKER), block + COMMAND);
      }
    }
    if (wish === "cancel and force") {
      mailbox.drain();
      if (outcomes.length === 0 && state.command(memory, block, CANCEL | FORCE))
        mailbox.post(memory.read(block + WORKER), block + COMMAND);
    }
    while (outcomes.length === 0 || !isOver(memory, total)) {
      mailbox.drain();
      if (outcomes.length > 0 && isOver(memory, total)) break;
      mailbox.sleep(Number.POSITIVE_INFINITY);
    }
    mailbox.drain();
    return { outcomes, total };
  });

  model.thread("worker", (memory) => {
    const mailbox = new Mailbox({ memory, slot: SERVER });
    let running = 0;
    let isCancelled = false;
    mailbox.handlers[COMMAND] = (node) => {
      const before = state.onCommand(memory, node - COMMAND);
      if ((before & ZOMBIE) !== 0) free(memory, mailbox, node - COMMAND);
      else if (running === node - COMMAND) isCancelled = true;
    };
    let total = 0;
    for (let place = 0; place < records; place++) {
      while (memory.load(QUEUE + place) === 0) memory.wait(QUEUE + place, 0);
      const block = memory.load(QUEUE + place);
      if (block === -1) break;
      total++;
      if (state.begin(memory, block, SERVER) !== 0) {
        free(memory, mailbox, block);
        continue;
      }
      running = block;
      mailbox.drain();
      running = 0;
      state.complete(memory, block, isCancelled ? CANCELLED : 0);
      mailbox.post(HOME, block + LINK);
    }
    while (!isOver(memory, total)) {
      mailbox.drain();
      if (!isOver(memory, total)) mailbox.sleep(Number.POSITIVE_INFINITY);
    }
  });

  model.after(([{ outcomes, total }]) => {
    assert.equal(outcomes.length, 1, `outcomes: ${outcomes}`);
    if (wish === "nothing") assert.equal(outcomes[0], "done");
    const freed = [model.memory.load(FREED), model.memory.load(FREED + 1)];
    assert.deepEqual(freed, total === 2 ? [1, 1] : [1, 0]);
  });
};

describe("a record between home and worker, under all schedules (bounded preemptions)", () => {
  for (const [wish, preemptions] of [
    ["nothing", 4],
    ["cancel", 4],
    ["cancel and force", 3],
    ["replace and cancel", 3],
  ] as const) {
    test(`home wants: ${wish} (${preemptions} preemptions)`, (t) => {
      const report = check({ ...options, preemptions, maxSchedules: 1_000_000 }, model(code, wish));
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.complete);
    });
  }
});

describe("the loom finds planted bugs in the record's states", () => {
  const bugs: [string, string, string, Wish][] = [
    [
      "a worker begins what home has taken back",
      "return memory.compareExchange(block + record.STATE, record.QUEUED, record.RUNNING);",
      "return memory.exchange(block + record.STATE, record.RUNNING) & 0;",
      "cancel",
    ],
    [
      "home takes back what has begun",
      "return memory.compareExchange(block + record.STATE, record.QUEUED, as) === record.QUEUED;",
      "return (memory.exchange(block + record.STATE, as), true);",
      "cancel",
    ],
    [
      "home frees a record whose command is under way",
      "return (memory.or(block + record.STATE, record.ZOMBIE) & record.CALLED) === 0;",
      "return (memory.or(block + record.STATE, record.ZOMBIE), true);",
      "cancel",
    ],
    [
      "home posts a second command while the first is under way",
      "return before === 0;",
      "return (before & record.DONE) === 0;",
      "cancel and force",
    ],
    ["home commands what is over", "return before === 0;", "return (before & record.CALLED) === 0;", "cancel"],
    [
      "home leaves its mark on what is over",
      "if (before === record.DONE)\n        memory.and(block + record.STATE, ~record.CALLED);",
      "",
      "cancel",
    ],
    [
      "the worker looks and clears in two steps",
      "return memory.and(block + record.STATE, ~record.CALLED);",
      "const before = memory.load(block + record.STATE);\n    memory.store(block + record.STATE, before & ~record.CALLED);\n    return before;",
      "cancel",
    ],
    [
      "home says that it has the outcome in two steps",
      "return (memory.or(block + record.STATE, record.ZOMBIE) & record.CALLED) === 0;",
      "const before = memory.load(block + record.STATE);\n    memory.or(block + record.STATE, record.ZOMBIE);\n    return (before & record.CALLED) === 0;",
      "cancel",
    ],
  ];
  for (const [name, from, to, wish] of bugs) {
    test(name, async (t) => {
      const bad = (await mutant("record-state", from, to)) as unknown as Code;
      const found = assertFound({ ...options, preemptions: 4, maxSchedules: 500_000 }, model(bad, wish), [
        "deadlock",
        "assertion",
        "race",
        "too many steps",
        "not deterministic",
      ]);
      t.diagnostic(found.message.split("\n")[0]!);
    });
  }
});
