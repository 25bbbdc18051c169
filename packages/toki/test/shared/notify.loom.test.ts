/*
 * Notify between threads under every schedule within a bound. A notification that is lost shows as a deadlock, as does a wake-up; blocks are counted.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pending } from "toki";
import { Notify } from "toki/shared";
import * as kinds from "../../dist/shared/notify-kind.js";
import { check, type Model } from "../support/loom/index.js";
import { deadWaiter, drive, handleOf, type ModelShare, OBJECT, options, pollOnce, program } from "./model-thread.js";

const NOTIFY = 3;
const { NOTIFY_QUEUE, HAS_PERMIT, kind } = kinds as unknown as {
  NOTIFY_QUEUE: number;
  HAS_PERMIT: number;
  kind: { passOn(thread: unknown, object: number, waiter: number): void };
};
/** A word that the program uses for itself. */
const FLAG = OBJECT + 31;

const of = (share: ModelShare) => handleOf(Notify, share);
const waits = (share: ModelShare) => drive(share, of(share).notified());

/** Takes a notification and gives it to the next, or gives up after one poll. */
const givesUp = (share: ModelShare) => {
  const notify = of(share);
  if (pollOnce(notify.notified()) !== Pending) notify.notifyOne();
};

const nothing = () => {};

const models: Record<string, (model: Model) => void> = {
  "a notification, a wait that is dropped, and one that is not": program(
    NOTIFY,
    nothing,
    { notifier: (share) => of(share).notifyOne(), "gives up": givesUp, waits },
    (_, memory) => {
      assert.equal(memory.load(OBJECT + HAS_PERMIT), 0);
      assert.deepEqual([memory.load(OBJECT + NOTIFY_QUEUE), memory.load(OBJECT + NOTIFY_QUEUE + 1)], [0, 0]);
    },
  ),
  "the same with notifyLast": program(
    NOTIFY,
    nothing,
    { notifier: (share) => of(share).notifyLast(), "gives up": givesUp, waits },
    (_, memory) => assert.equal(memory.load(OBJECT + HAS_PERMIT), 0),
  ),
  "a condition that is looked at between the creation and the first poll": program(
    NOTIFY,
    nothing,
    {
      notifier(share) {
        share.thread.memory.store(FLAG, 1);
        of(share).notifyWaiters();
      },
      a(share) {
        const notified = of(share).notified();
        if (share.thread.memory.load(FLAG) === 0) drive(share, notified);
      },
      b(share) {
        const notified = of(share).notified();
        if (share.thread.memory.load(FLAG) === 0) drive(share, notified);
      },
    },
    (_, memory) => assert.equal(memory.load(OBJECT + HAS_PERMIT), 0),
  ),
  "a condition that is looked at after enable()": program(
    NOTIFY,
    nothing,
    {
      notifier(share) {
        share.thread.memory.store(FLAG, 1);
        of(share).notifyOne();
      },
      waits(share) {
        const notified = of(share).notified();
        const isNotified = notified.enable();
        if (!isNotified && share.thread.memory.load(FLAG) === 0) drive(share, notified);
        notified[Symbol.dispose]();
      },
    },
    () => {},
  ),
  "notifyWaiters while a notification is under way to one that gives up": program(
    NOTIFY,
    nothing,
    {
      one: (share) => of(share).notifyOne(),
      all: (share) => of(share).notifyWaiters(),
      "gives up": (share) => pollOnce(of(share).notified()) !== Pending,
    },
    ([, , isNotified], memory) => {
      // By notifyWaiters, which stores nothing, or by notifyOne, which is used up then; dropped, it has passed on what it had.
      if (!isNotified) assert.equal(memory.load(OBJECT + HAS_PERMIT), 1);
    },
  ),
};

describe("Notify under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 50);
    });
  }

  test("the thread of a waiter is no more: its notification goes to the next", { timeout: 120_000 }, () => {
    let dead = 0;
    const { schedules } = check(options, (model) => {
      dead = deadWaiter(model.memory, NOTIFY, NOTIFY_QUEUE);
      program(
        NOTIFY,
        nothing,
        {
          notifier: (share) => of(share).notifyOne(),
          "clears up": (share) => share.thread.clearWaiter(dead, OBJECT, NOTIFY),
          waits,
        },
        (_, memory) => assert.equal(memory.load(OBJECT + HAS_PERMIT), 0),
        [dead],
      )(model);
    });
    assert.ok(schedules > 50);
  });

  test("finds a dropped wait that keeps its notification", { timeout: 120_000 }, () => {
    const { passOn } = kind;
    kind.passOn = nothing;
    try {
      assert.throws(
        () => check(options, models["a notification, a wait that is dropped, and one that is not"] as never),
        /deadlock/i,
      );
    } finally {
      kind.passOn = passOn;
    }
  });
});
