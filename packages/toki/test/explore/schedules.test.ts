/* The parts of explore() that are about schedules alone: their text, and the exhaustive strategy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { spawn, yieldNow } from "toki";
import { explore } from "toki/test";
import * as exhaustiveModule from "../../dist/test/explore/exhaustive.js";
import * as replayModule from "../../dist/test/explore/replay.js";
import fc from "../support/property.js";
import { failureOf } from "./support.js";

interface Schedule {
  readonly choices: readonly number[];
  readonly forceYields: boolean;
  readonly checksum: number;
}

interface Trace {
  readonly choices: readonly number[];
  readonly counts: readonly number[];
}

interface Strategy {
  begin(): boolean;
  choose(count: number): number;
  end(trace: Trace): void;
}

// Both are internal: the declarations leave them out.
const { encodeSchedule, decodeSchedule } = replayModule as unknown as {
  encodeSchedule(schedule: Schedule): string;
  decodeSchedule(text: string): Schedule | undefined;
};
const { Exhaustive } = exhaustiveModule as unknown as { Exhaustive: new (deviations: number) => Strategy };

const trimmed = (choices: readonly number[]) => {
  const end = choices.findLastIndex((choice) => choice !== 0);
  return choices.slice(0, end + 1);
};

describe("the text of a schedule", () => {
  test("is read as it was written, but for zeros at the end", () => {
    const schedule = fc.record({
      choices: fc.array(fc.oneof(fc.constant(0), fc.nat(100)), { maxLength: 200 }),
      forceYields: fc.boolean(),
      checksum: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    });
    fc.assert(
      fc.property(schedule, (written) => {
        const read = decodeSchedule(encodeSchedule(written));
        assert.deepEqual(read, { ...written, choices: trimmed(written.choices) });
      }),
      { numRuns: 500 },
    );
  });

  test("is refused if it is none", () => {
    for (const text of ["", "e1", "e2-0_1", "e1-_0", "e1-0.0.0_1", "e1 -0_1", "e1-0_", "E1-0_1", "e1-zzzzzz_0"]) {
      assert.equal(decodeSchedule(text), undefined, text);
    }
  });
});

/** A program with choices: a tree, in which a node without children is an end. */
type Tree = readonly Tree[];

/** Goes through a tree by what a strategy chooses, as a run does: only where there is a choice. */
function walk(tree: Tree, strategy: Pick<Strategy, "choose">): Trace {
  const choices: number[] = [];
  const counts: number[] = [];
  for (let node = tree; node.length > 0; ) {
    let choice = 0;
    if (node.length > 1) {
      choice = strategy.choose(node.length);
      choices.push(choice);
      counts.push(node.length);
    }
    node = node[choice] as Tree;
  }
  return { choices, counts };
}

/** Every way through a tree. */
function* ways(tree: Tree): Generator<number[]> {
  if (tree.length === 0) yield [];
  for (const [choice, child] of tree.entries()) {
    for (const way of ways(child)) yield tree.length > 1 ? [choice, ...way] : way;
  }
}

const deviations = (choices: readonly number[]) => choices.filter((choice) => choice > 0).length;

describe("the exhaustive strategy", () => {
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, depthSize: "medium" },
      fc.constant([] as Tree),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }));

  test("takes every way with so many deviations at most, each once, those with fewer first", () => {
    fc.assert(
      fc.property(tree, fc.nat(4), (program, bound) => {
        const strategy = new Exhaustive(bound);
        const taken: string[] = [];
        let last = 0;
        while (strategy.begin()) {
          const trace = walk(program, strategy);
          strategy.end(trace);
          taken.push(trace.choices.join());
          const found = deviations(trace.choices);
          assert.equal(found >= last, true, "more deviations came before fewer");
          last = found;
        }
        const expected = [...ways(program)].filter((way) => deviations(way) <= bound).map((way) => way.join());
        assert.deepEqual(taken.toSorted(), expected.toSorted());
      }),
      { numRuns: 500 },
    );
  });
});

describe("what a failure comes down to", () => {
  test("has no more than the mistake needs, whatever else goes on", async () => {
    const body = function* () {
      const order: string[] = [];
      const busy = function* busy() {
        for (let i = 0; i < 5; i++) yield* yieldNow();
      };
      const handles = [spawn(busy), spawn(busy)];
      const early = spawn(function* () {
        order.push("early");
      });
      const late = spawn(function* () {
        order.push("late");
      });
      handles.push(spawn(busy), spawn(busy), early, late);
      for (const handle of handles) yield* handle;
      if (order[0] === "late") throw new Error("overtaken");
    };
    for (const strategy of ["random", "pct"] as const) {
      for (let seed = 0; seed < 5; seed++) {
        const found = await failureOf(explore(body, { strategy, seed }));
        const marked = found.message.split("\n").filter((line) => line.startsWith("* "));
        assert.equal(marked.length, 1, found.message);
      }
    }
  });

  test("any choice that fails comes down to the smallest", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.nat(1000), async (least, seed) => {
        const found = await failureOf(
          explore(
            function* ({ choose }) {
              choose(50);
              if (choose(40) >= least) throw new Error("too large");
              choose(50);
            },
            { seed },
          ),
        );
        assert.match(found.steps.at(-1) ?? "", new RegExp(`\\[chose ${least} of 40\\]$`));
      }),
      { numRuns: 20 },
    );
  });
});
