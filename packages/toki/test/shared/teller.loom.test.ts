/*
 * A thread that dies at each of its operations in turn while it notifies waiters of another: under every schedule within a bound, no wait that was told is left asleep,
 * and no block is freed twice.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Notify } from "toki/shared";
import { check, type Model } from "../support/loom/index.js";
import { handleOf, type ModelShare, type ModelThread, mortal, options } from "./model-thread.js";

const NOTIFY = 3;
const of = (share: ModelShare) => handleOf(Notify, share);

type Build = (after: number, onEnd: (survived: boolean) => void) => (model: Model) => void;

/** Checks a death at each moment, until there is no schedule in which it comes before the victim's end. */
function atEachMoment(preemptions: number, build: Build): void {
  for (let after = 0, isOver = false; !isOver; after++) {
    isOver = true;
    const { complete } = check(
      { ...options, preemptions },
      build(after, (survived) => {
        isOver &&= survived;
      }),
    );
    assert.ok(complete);
    assert.ok(after < 100, "the victim does not come to its end");
  }
}

type Change = (survivor: ModelThread) => void;
const waits = (share: ModelShare) => [of(share).notified()];

const dies = (change?: Change) =>
  atEachMoment(1, (after, onEnd) => mortal(NOTIFY, after, (share) => of(share).notifyOne(), waits, [], onEnd, change));

/** The death of one thread, while the mail of another is under way. */
const another = (change?: Change) =>
  atEachMoment(2, (after, onEnd) =>
    mortal(NOTIFY, after, () => {}, waits, [(share) => of(share).notifyOne()], onEnd, change),
  );

describe("a thread that dies while it notifies", { timeout: 120_000 }, () => {
  test("one waiter", () => dies());

  test("and one that has notified nobody: what another has told is left alone", () => another());

  test("the model finds a survivor that does not look", () => {
    assert.throws(() => dies((survivor) => Object.assign(survivor, { hearFrom() {} })), /deadlock/i);
  });

  test("the model finds one that takes every told waiter for the dead's", () => {
    const change = (survivor: ModelThread) =>
      Object.assign(survivor, {
        hearFrom() {
          for (const waiter of survivor.waiters as readonly (Told | null)[]) {
            if (waiter !== null && !waiter.hasArrived && waiter.state < 1) survivor.arrive(waiter.block);
          }
        },
      });
    assert.throws(() => another(change), /delivered that was over|blocks freed|deadlock/);
  });
});

interface Told {
  readonly block: number;
  readonly hasArrived: boolean;
  readonly state: number;
}
