/*
 * The hand-over of permits under every schedule within a bound: the production code of permits.ts, thread.ts and waiter.ts over simulated memory. A wake-up
 * that is lost shows as a deadlock; permits that are lost, or there twice, in the sum at the end; blocks freed twice, or never, in a count for each.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Memory } from "../../dist/memory/memory.js";
import * as acquire from "../../dist/shared/acquire-future.js";
import * as code from "../../dist/shared/permits.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { options as common, deadWaiter, type ModelShare, OBJECT, program } from "./model-thread.js";

const SEMAPHORE = 1;

type Outcome = true | "closed" | "timeout";
const { blockingTake, giveBack } = acquire as unknown as {
  blockingTake(share: ModelShare, n: number, where: string, deadline: number): Outcome;
  giveBack(share: ModelShare, n: number): void;
};
const { closePermits, PERMITS, PERMIT_QUEUE } = code as unknown as {
  closePermits(thread: unknown, object: number): boolean;
  PERMITS: number;
  PERMIT_QUEUE: number;
};

const NEVER = Number.POSITIVE_INFINITY;
const AT_ONCE = Number.NEGATIVE_INFINITY;

const options: Options = { ...common, preemptions: 3, maxSchedules: 100_000 };

const holder = (share: ModelShare) => giveBack(share, 1);

/** Acquires, and gives back what it has got. */
const acquires = (n: number, deadline: number) => (share: ModelShare) => {
  const outcome = blockingTake(share, n, "", deadline);
  if (outcome === true) giveBack(share, n);
  return outcome;
};

/** At the end nobody waits, and all permits are there. */
function assertWhole(memory: Memory, total: number): void {
  assert.equal(memory.load(OBJECT + PERMITS), total);
  assert.deepEqual([memory.load(OBJECT + PERMIT_QUEUE), memory.load(OBJECT + PERMIT_QUEUE + 1)], [0, 0]);
}

const semaphore = (
  free: number,
  total: number,
  bodies: Record<string, (share: ModelShare) => unknown>,
  outcomes: readonly Outcome[],
  dead: readonly number[] = [],
) =>
  program(
    SEMAPHORE,
    (memory) => memory.store(OBJECT + PERMITS, free),
    bodies,
    ([, , outcome], memory) => {
      assert.ok(outcomes.includes(outcome), String(outcome));
      assertWhole(memory, total);
    },
    dead,
  );

const models: Record<string, (model: Model) => void> = {
  "a waiter, one that gives up, and a release": semaphore(
    0,
    1,
    { holder, "gives up": acquires(1, AT_ONCE), waits: acquires(1, NEVER) },
    [true],
  ),
  "one that has collected a part gives up": semaphore(
    1,
    2,
    { holder, "gives up": acquires(2, AT_ONCE), waits: acquires(1, NEVER) },
    [true],
  ),
  "a close while one waits and a permit is on its way": semaphore(
    0,
    1,
    {
      holder,
      closer({ thread, lock }) {
        lock.lock();
        closePermits(thread, OBJECT);
        thread.unlock(lock);
      },
      waits: acquires(1, NEVER),
    },
    [true, "closed"],
  ),
  "the thread of a waiter is no more: what it is given goes to the next": (model) => {
    const dead = deadWaiter(model.memory, SEMAPHORE, PERMIT_QUEUE);
    semaphore(
      0,
      1,
      {
        holder,
        "clears up": (share) => share.thread.clearWaiter(dead, OBJECT, SEMAPHORE),
        waits: acquires(1, NEVER),
      },
      [true],
      [dead],
    )(model);
  },
};

describe("permits under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 50);
    });
  }

  test("finds a release that wakes nobody", { timeout: 120_000 }, () => {
    const releases = ({ thread, lock }: ModelShare) => {
      lock.lock();
      // What `give` would be without the queue.
      thread.memory.write(OBJECT + PERMITS, thread.memory.read(OBJECT + PERMITS) + 1);
      thread.unlock(lock);
    };
    assert.throws(
      () =>
        check(
          options,
          program(
            SEMAPHORE,
            () => {},
            { releases, waits: acquires(1, NEVER) },
            () => {},
          ),
        ),
      /deadlock/i,
    );
  });
});
