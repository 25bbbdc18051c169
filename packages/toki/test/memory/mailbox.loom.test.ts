// Two posters and an owner that sleeps in each of its ways: all mail arrives once, in each poster's order, and nobody sleeps through it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as layout from "../../dist/memory/layout.js";
import * as production from "../../dist/memory/mailbox.js";
import type { Memory } from "../../dist/memory/memory.js";
import { Idle } from "../../dist/runtime/scheduler/multi-thread/idle.js";
import { assertFound, mutant } from "../scheduler/support.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import type { ModelPromise } from "../support/loom/model-memory.js";

const { BELL, slotBase } = layout as unknown as { BELL: number; slotBase(slot: number): number };

interface Mailbox {
  handlers: ((node: number) => void)[];
  expected: number;
  hasMail: boolean;
  listening: ModelPromise | null;
  post(slot: number, node: number): void;
  drain(): boolean;
  listen(): boolean;
  sleep(ms: number): void;
  park(): void;
  unpark(): void;
  setParker(base: number, workers: number, index: number): void;
}
interface Code {
  Mailbox: new (arena: { memory: Memory; slot: number }) => Mailbox;
}

const OWNER = 0;
const IDLE = 512;
/** Nodes of two kinds: the place in the block says which. */
const NODES = 576;
const KIND = 3;

const options: Options = {
  words: 700,
  names(index) {
    if (index >= NODES) return `node[${index - NODES}]`;
    if (index >= IDLE) return `idle[${index - IDLE}]`;
    return index === slotBase(OWNER) + BELL ? "BELL" : `slot[${index - slotBase(OWNER)}]`;
  },
};

type Way = "listen" | "sleep" | "park";

const model =
  ({ Mailbox }: Code, way: Way, letters: readonly number[][], parksInOrder = true) =>
  (model: Model) => {
    const count = letters.flat().length;
    Idle.init(model.memory, IDLE, 1);
    // What the slot's thread has said of itself before others post.
    if (way === "park") new Mailbox({ memory: model.memory, slot: OWNER }).setParker(IDLE, 1, 0);
    model.thread("owner", (memory) => {
      const mailbox = new Mailbox({ memory, slot: OWNER });
      const idle = new Idle(memory, IDLE, 1);
      const got: number[] = [];
      mailbox.expected = count;
      mailbox.handlers[KIND] = (node) => {
        got.push(node);
        mailbox.expected--;
      };
      while (mailbox.expected > 0) {
        if (way === "sleep") mailbox.sleep(Number.POSITIVE_INFINITY);
        else if (way === "park") {
          mailbox.park();
          const hadMail = mailbox.hasMail;
          idle.enlist(0, false);
          if (!(parksInOrder ? mailbox.hasMail : hadMail)) idle.sleep(0);
          idle.leave(0);
          mailbox.unpark();
        } else if (mailbox.listen()) {
          // The event loop has nothing else.
          const { listening } = mailbox;
          while (memory.load(slotBase(OWNER) + BELL) === 1) memory.wait(slotBase(OWNER) + BELL, 1);
          listening?.settle();
          continue;
        }
        mailbox.drain();
      }
      return got;
    });
    letters.forEach((nodes, poster) => {
      model.thread(`poster ${poster}`, (memory) => {
        const mailbox = new Mailbox({ memory, slot: poster + 1 });
        for (const node of nodes) mailbox.post(OWNER, NODES + 16 * node + KIND);
      });
    });
    model.after(([got]) => {
      const order = (got as number[]).map((node) => (node - NODES - KIND) / 16);
      assert.deepEqual([...order].sort(), letters.flat().sort());
      for (const nodes of letters)
        assert.deepEqual(
          order.filter((node) => nodes.includes(node)),
          nodes,
        );
    });
  };

const LETTERS = [[0, 1], [2]];
const code = production as unknown as Code;

describe("Mailbox under all schedules (bounded preemptions)", () => {
  for (const way of ["listen", "sleep", "park"] as const) {
    test(`an owner that goes to ${way}`, (t) => {
      const report = check({ ...options, preemptions: 3 }, model(code, way, LETTERS));
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.complete);
    });
  }

  test("more mail, random schedules", () => {
    const letters = [
      [0, 1, 2],
      [3, 4],
    ];
    for (const way of ["listen", "sleep", "park"] as const)
      check({ ...options, random: { seed: 7, schedules: 1_500, pct: 4 } }, model(code, way, letters));
  });
});

describe("the loom finds planted bugs in Mailbox", () => {
  const bugs: [string, string, string, Way][] = [
    [
      "mail is posted without comparing",
      "const found = memory.compareExchange(head, top, node);",
      "const found = (memory.store(head, node), top);",
      "sleep",
    ],
    [
      "the bell is rung before the mail is posted",
      "let top = memory.load(head);",
      "let top = memory.load(head);\n        this.ring(slot);\n        this.ring = () => {};",
      "sleep",
    ],
    ["the owner is told and not woken", "memory.notify(bell, Number.POSITIVE_INFINITY);", "{}", "sleep"],
    [
      "an owner that sleeps does not look at its mail",
      "if (memory.load(this.base + MAIL) === END)\n            memory.waitFor",
      "memory.waitFor",
      "sleep",
    ],
    [
      "an owner that listens does not look at its mail",
      "if (memory.load(this.base + MAIL) !== END) {\n            memory.store(bell, AWAKE);\n            return false;\n        }",
      "",
      "listen",
    ],
    [
      "mail is taken from the top, one by one and without comparing",
      "let node = memory.exchange(base + MAIL, END);",
      "let node = memory.load(base + MAIL);\n        memory.store(base + MAIL, END);",
      "sleep",
    ],
    [
      "the last letter is served first",
      "memory.write(node, first);\n            first = node;",
      "if (first === END) first = node;",
      "sleep",
    ],
  ];
  for (const [name, from, to, way] of bugs) {
    test(name, async (t) => {
      const bad = (await mutant("mailbox", from, to)) as unknown as Code;
      const found = assertFound({ ...options, preemptions: 2 }, model(bad, way, LETTERS), [
        "deadlock",
        "assertion",
        "race",
        "too many steps",
      ]);
      t.diagnostic(found.message.split("\n")[0]!);
    });
  }

  test("a worker looks at its mail before it enlists", (t) => {
    const found = assertFound({ ...options, preemptions: 2 }, model(code, "park", LETTERS, false), ["deadlock"]);
    t.diagnostic(found.message.split("\n")[0]!);
  });
});
