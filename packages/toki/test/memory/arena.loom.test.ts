// Two threads that allocate and free in one arena, and the table of functions in it: no block is handed out twice, none is lost.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as production from "../../dist/memory/arena.js";
import * as layout from "../../dist/memory/layout.js";
import type { Memory } from "../../dist/memory/memory.js";
import * as tables from "../../dist/runtime/scheduler/multi-thread/function-table.js";
import { assertFound, mutant } from "../scheduler/support.js";
import { check, type Model, type Options } from "../support/loom/index.js";

const { BLOCK_WORDS, FREE_LISTS, FREE_LIST_WORDS, FRONTIER, slotBase, CACHE_HEAD } = layout as unknown as Record<
  "BLOCK_WORDS" | "FREE_LISTS" | "FREE_LIST_WORDS" | "FRONTIER" | "CACHE_HEAD",
  number
> & { slotBase(slot: number): number };

interface Arena {
  readonly slot: number;
  readonly inUse: number;
  alloc(k: number): number;
  free(block: number, k: number): void;
  releaseSlot(slot: number): void;
}
interface Code {
  Arena: new (buffer: object, slot: number | undefined, memory: Memory) => Arena;
}
const code = production as unknown as Code;
const { FunctionTable } = tables as unknown as {
  FunctionTable: new (
    arena: Arena,
  ) => { numberOf(fn: { id: number; key: string }): number; get(number: number): { key: string } };
};

/** Two blocks of this class move at once, and four in a cache are two too many. */
const K = 6;
const WORDS = BLOCK_WORDS << K;
const FIRST = 1024;
const GIVEN = 1000;

const options: Options = {
  words: FIRST + 14 * WORDS,
  names(index) {
    if (index >= FIRST) return `block[${(index - FIRST) / WORDS}]`;
    return index === FRONTIER ? "FRONTIER" : String(index);
  },
};

// As long as can be: a model's memory does not grow.
const BUFFER = { byteLength: 2 ** 30, maxByteLength: 2 ** 30 };

/** Each thread's function gets an arena and returns the blocks it keeps. */
const model =
  ({ Arena }: Code, ...bodies: ((arena: Arena, memory: Memory) => number[])[]) =>
  (model: Model) => {
    // The words of the slots that a model has no room for: `inUse` is not asked.
    model.memory.store(FRONTIER, FIRST);
    bodies.forEach((body, i) => {
      model.thread("abc"[i]!, (memory) => body(new Arena(BUFFER, i, memory), memory));
    });
    model.after((kept) => {
      const { memory } = model;
      const all: number[] = kept.flat();
      const walk = (head: number) => {
        for (let block = head; block !== 0; block = memory.read(block)) {
          all.push(block);
          assert.ok(all.length < 30, "a list runs in a circle");
        }
      };
      for (let slot = 0; slot < bodies.length; slot++) walk(memory.load(slotBase(slot) + CACHE_HEAD + K));
      walk(memory.load(FREE_LISTS + FREE_LIST_WORDS * K + 1));
      const count = (memory.load(FRONTIER) - FIRST) / WORDS;
      assert.deepEqual(
        all.sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => FIRST + i * WORDS),
      );
    });
  };

/** Fills its cache until it gives back, and takes again. */
const churn = (arena: Arena): number[] => {
  const blocks = [0, 1, 2, 3].map(() => arena.alloc(K));
  for (const block of blocks) arena.free(block, K);
  return [arena.alloc(K), arena.alloc(K), arena.alloc(K)];
};

/** Frees what the other one has allocated. */
const give = (arena: Arena, memory: Memory): number[] => {
  const block = arena.alloc(K);
  memory.store(GIVEN, block);
  memory.notify(GIVEN, 1);
  return [arena.alloc(K)];
};
const take = (arena: Arena, memory: Memory): number[] => {
  while (memory.load(GIVEN) === 0) memory.wait(GIVEN, 0);
  const mine = [arena.alloc(K), arena.alloc(K)];
  arena.free(memory.load(GIVEN), K);
  for (const block of mine) arena.free(block, K);
  return [arena.alloc(K)];
};

describe("Arena under all schedules (bounded preemptions)", () => {
  const models: [string, (model: Model) => void, number][] = [
    ["two threads that fill their caches and give back", model(code, churn, churn), 3],
    ["a block that another thread frees", model(code, give, take), 4],
    ["three threads", model(code, churn, give, take), 1],
  ];
  for (const [name, build, preemptions] of models) {
    test(`${name}: no block twice, none lost (${preemptions} preemptions)`, (t) => {
      const report = check({ ...options, preemptions }, build);
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.complete);
    });
  }

  test("two threads take two slots", (t) => {
    const report = check({ words: 1024, preemptions: 3 }, (model) => {
      for (const name of ["a", "b"]) model.thread(name, (memory) => new code.Arena(BUFFER, undefined, memory).slot);
      model.after((slots) => assert.deepEqual(slots.sort(), [0, 1]));
    });
    t.diagnostic(JSON.stringify(report));
    assert.ok(report.complete);
  });

  test("a function has one number, and a number one function", (t) => {
    const report = check({ words: 8 * 1024, preemptions: 2 }, (model) => {
      model.memory.store(FRONTIER, FIRST);
      for (const [slot, keys] of [
        ["x", "y"],
        ["y", "z"],
      ].entries()) {
        model.thread("ab"[slot]!, (memory) => {
          const table = new FunctionTable(new code.Arena(BUFFER, slot, memory));
          return keys.map((key) => [key, table.numberOf({ id: -1, key })]);
        });
      }
      model.after((numbers) => {
        const pairs = new Set<string>(numbers.flat().map(String));
        assert.equal(pairs.size, 3);
        assert.equal(new Set([...pairs].map((pair) => pair.split(",")[1])).size, 3);
        const table = new FunctionTable(new code.Arena(BUFFER, 0, model.memory));
        for (const [key, number] of numbers.flat()) assert.equal(table.get(number).key, key);
      });
    });
    t.diagnostic(JSON.stringify(report));
    assert.ok(report.complete);
  });
});

describe("the loom finds planted bugs in Arena", () => {
  const bugs: [string, string, string][] = [
    [
      "the frontier is moved in two steps",
      "const first = memory.add(FRONTIER, words * count);",
      "const first = memory.load(FRONTIER);\n        memory.store(FRONTIER, first + words * count);",
    ],
    [
      "a batch is taken without the lock",
      "lock.lock();\n            head = memory.read(list + HEAD);",
      "lock.lock();\n            lock.unlock();\n            head = memory.read(list + HEAD);",
    ],
    ["a batch that was taken still leads into the free list", "memory.write(last, END);", ""],
    [
      "a cache keeps what it gives back",
      "memory.write(cache + CACHE_HEAD + k, memory.read(last));\n        memory.write(cache + CACHE_COUNT + k, memory.read(cache + CACHE_COUNT + k) - count);",
      "",
    ],
    [
      "what is given back replaces what is there",
      "memory.write(last, memory.read(list + HEAD));",
      "memory.write(last, END);",
    ],
  ];
  for (const [name, from, to] of bugs) {
    test(name, async (t) => {
      const bad = (await mutant("arena", from, to)) as unknown as Code;
      const found = assertFound({ ...options, preemptions: 2 }, model(bad, churn, churn), [
        "assertion",
        "race",
        "too many steps",
      ]);
      t.diagnostic(found.message.split("\n")[0]!);
    });
  }
});
