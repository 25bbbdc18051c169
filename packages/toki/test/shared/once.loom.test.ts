/*
 * OnceCell and SetOnce between threads under every schedule within a bound. A turn or a wake-up that is lost shows as a deadlock; an initializer too many, in what the
 * requests were given. Blocks are counted: the last thread takes the value out.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending, pending, ready } from "toki";
import { OnceCell, SetError, SetOnce, SetOnceError } from "toki/shared";
import * as kinds from "../../dist/shared/kinds.js";
import { check, type Model } from "../support/loom/index.js";
import { drive, handleOf, type ModelShare, OBJECT, options, pollOnce, program } from "./model-thread.js";

const [ONCE_CELL, SET_ONCE] = [10, 11];
/** Words that the programs use for themselves. */
const ENDED = OBJECT + 30;
const RUNS = OBJECT + 31;

const cellOf = (share: ModelShare) => handleOf(OnceCell<number>, share);
const onceOf = (share: ModelShare) => handleOf(SetOnce<number>, share);

type Body = (share: ModelShare) => unknown;

/** Programs whose last thread takes the value out, so that no block is left. */
function cellProgram(bodies: Record<string, Body>, verify: (results: any[], runs: number) => void) {
  const count = Object.keys(bodies).length;
  const ending = Object.entries(bodies).map(([name, body]): [string, Body] => [
    name,
    (share) => {
      const result = body(share);
      if (share.thread.memory.add(ENDED, 1) === count - 1) cellOf(share).take();
      return result;
    },
  ]);
  return program(
    ONCE_CELL,
    () => {},
    Object.fromEntries(ending),
    (results, memory) => verify(results, memory.load(RUNS)),
  );
}

const asks = (value: number) => (share: ModelShare) =>
  drive(
    share,
    cellOf(share).getOrInit(() => {
      share.thread.memory.add(RUNS, 1);
      return ready(value);
    }),
  );

/** Its initializer never ends: it gives up, and has the turn or a place in line until then. */
const givesUp = (share: ModelShare) => pollOnce(cellOf(share).getOrInit(() => pending()));

const cellModels: Record<string, (model: Model) => void> = {
  "two who ask": cellProgram({ a: asks(1), b: asks(2) }, ([a, b], runs) => {
    assert.equal(a, b);
    assert.equal(runs, 1);
  }),
  "an initializer that is dropped, and two more who ask": cellProgram(
    { "gives up": givesUp, a: asks(1), b: asks(2) },
    ([gaveUp, a, b], runs) => {
      assert.equal(a, b);
      assert.equal(runs, 1);
      if (gaveUp !== Pending) assert.equal(gaveUp, a);
    },
  ),
  "two initializers that are dropped": cellProgram(
    { "gives up": givesUp, "gives up too": givesUp, a: asks(1) },
    ([, , a], runs) => assert.deepEqual([a, runs], [1, 1]),
  ),
  "a set, while somebody asks": cellProgram(
    {
      sets(share) {
        try {
          cellOf(share).set(3);
          return true;
        } catch (error) {
          if (!(error instanceof SetError)) throw error;
          return false;
        }
      },
      a: asks(1),
    },
    ([isSet, a], runs) => assert.deepEqual([a, runs], isSet ? [3, 0] : [1, 1]),
  ),
};

const waits = (share: ModelShare) => drive(share, onceOf(share).wait());
const sets = (value: number) => (share: ModelShare) => {
  try {
    onceOf(share).set(value);
    return true;
  } catch (error) {
    if (!(error instanceof SetOnceError)) throw error;
    return false;
  }
};

function onceProgram(bodies: Record<string, Body>, verify: (results: any[]) => void) {
  const count = Object.keys(bodies).length;
  const ending = Object.entries(bodies).map(([name, body]): [string, Body] => [
    name,
    (share) => {
      const result = body(share);
      if (share.thread.memory.add(ENDED, 1) === count - 1) onceOf(share).intoInner();
      return result;
    },
  ]);
  return program(SET_ONCE, () => {}, Object.fromEntries(ending), verify);
}

const onceModels: Record<string, (model: Model) => void> = {
  "one who waits and one who blocks": onceProgram(
    { sets: sets(1), waits, blocks: (share) => onceOf(share).blockingWait() },
    (results) => assert.deepEqual(results, [true, 1, 1]),
  ),
  "two who set it": onceProgram({ a: sets(1), b: sets(2), waits }, ([a, b, value]) => {
    assert.deepEqual([a, b], [!b, !a]);
    assert.equal(value, a ? 1 : 2);
  }),
  "a wait that is dropped while the value is under way to it": onceProgram(
    { sets: sets(1), "gives up": (share) => pollOnce(onceOf(share).wait()), waits },
    ([, gaveUp, value]) => {
      assert.ok(gaveUp === Pending || gaveUp === 1);
      assert.equal(value, 1);
    },
  ),
};

for (const [what, models] of Object.entries({ OnceCell: cellModels, SetOnce: onceModels })) {
  describe(`${what} under all schedules`, () => {
    for (const [name, build] of Object.entries(models)) {
      test(name, { timeout: 120_000 }, (t) => {
        const { schedules, complete } = check(options, build);
        t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
        assert.ok(schedules > 20);
      });
    }
  });
}

test("finds a turn that is not passed on", { timeout: 120_000 }, () => {
  const { kindOf } = kinds as unknown as { kindOf(number: number): { passOn: () => void } };
  const kind = kindOf(ONCE_CELL);
  const original = kind.passOn;
  kind.passOn = () => {};
  try {
    assert.throws(
      () => check(options, cellModels["two initializers that are dropped"] as (model: Model) => void),
      /deadlock/i,
    );
  } finally {
    kind.passOn = original;
  }
});
