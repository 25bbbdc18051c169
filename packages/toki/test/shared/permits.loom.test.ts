/*
 * The hand-over of permits under every schedule within a bound: the production code of permits.ts, thread.ts and waiter.ts over simulated memory. A wake-up
 * that is lost shows as a deadlock; permits that are lost, or there twice, in the sum at the end; blocks freed twice, or never, in a count for each.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Memory } from "../../dist/memory/memory.js";
import * as acquire from "../../dist/shared/acquire-future.js";
import * as permits from "../../dist/shared/permits.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { BLOCK, FREES, LIST, OBJECT, type Share, shareOf as shareOfKind, type Thread, WORDS } from "./loom.js";

const PERMITS = OBJECT + 2;
const QUEUE = OBJECT + 4;
const SEMAPHORE = 1;
const shareOf = (memory: Memory, index: number) => shareOfKind(memory, index, SEMAPHORE);

type Outcome = true | "closed" | "timeout";
const { blockingTake } = acquire as unknown as {
  blockingTake(share: Share, n: number, where: string, deadline: number): Outcome;
};
const { give, closePermits } = permits as unknown as {
  give(thread: Thread, object: number, n: number): void;
  closePermits(thread: Thread, object: number): boolean;
};

function giveBack({ thread, lock }: Share, n: number): void {
  lock.lock();
  give(thread, OBJECT, n);
  thread.unlock(lock);
}

const NEVER = Number.POSITIVE_INFINITY;
const AT_ONCE = Number.NEGATIVE_INFINITY;

/** Acquires, and gives back what it has got. */
const acquirer = (index: number, n: number, deadline: number) => (memory: Memory) => {
  const share = shareOf(memory, index);
  const outcome = blockingTake(share, n, "", deadline);
  if (outcome === true) giveBack(share, n);
  return outcome;
};

const options: Options = { words: WORDS, preemptions: 3, maxSchedules: 100_000 };

/** At the end nobody waits, all permits are there, and each block that was in the queue was freed once. */
function assertWhole(memory: Memory, total: number, waiters: readonly number[]): void {
  assert.equal(memory.load(PERMITS), total);
  assert.deepEqual([memory.load(QUEUE), memory.load(QUEUE + 1)], [0, 0]);
  // A block that was never queued is a spare of its thread's, on its list.
  for (const index of waiters) assert.equal(memory.load(FREES(index)) + (memory.load(LIST(index)) === 0 ? 0 : 1), 1);
}

const models: Record<string, (model: Model) => void> = {
  "a waiter, one that gives up, and a release": (model) => {
    model.thread("holder", (memory) => giveBack(shareOf(memory, 0), 1));
    model.thread("waits", acquirer(1, 1, NEVER));
    model.thread("gives up", acquirer(2, 1, AT_ONCE));
    model.after(([, waits]) => {
      assert.equal(waits, true);
      assertWhole(model.memory, 1, [1, 2]);
    });
  },
  "one that has collected a part gives up": (model) => {
    model.memory.store(PERMITS, 1);
    model.thread("holder", (memory) => giveBack(shareOf(memory, 0), 1));
    model.thread("gives up", acquirer(1, 2, AT_ONCE));
    model.thread("waits", acquirer(2, 1, NEVER));
    model.after(([, , waits]) => {
      assert.equal(waits, true);
      assertWhole(model.memory, 2, [1, 2]);
    });
  },
  "a close while one waits and a permit is on its way": (model) => {
    model.thread("holder", (memory) => giveBack(shareOf(memory, 0), 1));
    model.thread("closer", (memory) => {
      const { thread, lock } = shareOf(memory, 1);
      lock.lock();
      closePermits(thread, OBJECT);
      thread.unlock(lock);
    });
    model.thread("waits", acquirer(2, 1, NEVER));
    model.after(([, , outcome]) => {
      assert.ok(outcome === true || outcome === "closed");
      assertWhole(model.memory, 1, [2]);
    });
  },
  "the thread of a waiter is no more: what it is given goes to the next": (model) => {
    const dead = shareOf(model.memory, 3);
    dead.thread.prepare();
    dead.thread.enqueue(dead, QUEUE, 1, 1, 1);
    model.thread("holder", (memory) => giveBack(shareOf(memory, 0), 1));
    model.thread("clears up", (memory) => {
      shareOf(memory, 1).thread.clearWaiter(BLOCK(3), OBJECT, SEMAPHORE);
    });
    model.thread("waits", acquirer(2, 1, NEVER));
    model.after(([, , waits]) => {
      assert.equal(waits, true);
      assertWhole(model.memory, 1, [2]);
      assert.equal(model.memory.load(FREES(3)), 1);
    });
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
    assert.throws(
      () =>
        check(options, (model) => {
          model.thread("holder", (memory) => {
            const { thread, lock } = shareOf(memory, 0);
            lock.lock();
            // What `give` would be without the queue.
            memory.write(PERMITS, memory.read(PERMITS) + 1);
            thread.unlock(lock);
          });
          model.thread("waits", acquirer(1, 1, NEVER));
          model.after(() => {});
        }),
      /deadlock/i,
    );
  });
});
