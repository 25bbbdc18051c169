/*
 * A shared watch channel under every schedule within a bound: the production code over simulated memory. A wake-up that is lost shows as a deadlock; a version
 * that is missed, in what the receiver has seen at the end.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WatchReceiver, WatchRecvError } from "toki/shared";
import type { Memory } from "../../dist/memory/memory.js";
import * as channel from "../../dist/shared/watch/channel.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import { BLOCK, FREES, LIST, OBJECT, type Share, shareOf as shareOfKind, type Thread, WORDS } from "./loom.js";

const WATCH = 9;
const { VERSION, SENDERS, RECEIVERS, CHANGING, write, takeFrom } = channel as unknown as {
  VERSION: number;
  SENDERS: number;
  RECEIVERS: number;
  CHANGING: number;
  write(thread: Thread, object: number, value: number, isNew: boolean): number;
  takeFrom(count: number): (share: Share) => void;
};
const shareOf = (memory: Memory, index: number) => shareOfKind(memory, index, WATCH);

/** Sends so many values, which nobody reads here, then gives its sender up. */
const sender = (index: number, count: number) => (memory: Memory) => {
  const share = shareOf(memory, index);
  for (let i = 0; i < count; i++) {
    share.lock.lock();
    write(share.thread, OBJECT, 0, true);
    share.thread.unlock(share.lock);
  }
  takeFrom(SENDERS)(share);
};

/** Follows the channel to its end: how many changes it noticed, and the version it has seen. */
const follower = (index: number) => (memory: Memory) => {
  const fields = { share: shareOf(memory, index), state: 0, seen: 0, waits: [] };
  const rx: WatchReceiver<number> = Object.assign(Object.create(WatchReceiver.prototype), fields);
  for (let changes = 0; ; changes++) {
    try {
      rx.blockingChanged();
    } catch (error) {
      if (!(error instanceof WatchRecvError)) throw error;
      return { changes, seen: (rx as unknown as { seen: number }).seen };
    }
  }
};

function open(model: Model, senders: number, receivers: number): void {
  model.memory.store(OBJECT + SENDERS, senders);
  model.memory.store(OBJECT + RECEIVERS, receivers);
}

/** At the end nobody waits, and no block was freed twice. */
function assertWhole(memory: Memory, versions: number, waiters: readonly number[]): void {
  assert.equal(memory.load(OBJECT + VERSION), versions);
  assert.deepEqual([memory.load(OBJECT + CHANGING), memory.load(OBJECT + CHANGING + 1)], [0, 0]);
  for (const index of waiters) assert.ok(memory.load(FREES(index)) <= 3);
}

const options: Options = { words: WORDS, preemptions: 3, maxSchedules: 30_000 };

const models: Record<string, (model: Model) => void> = {
  "a sender, and a receiver that follows it to the end": (model) => {
    open(model, 1, 1);
    model.thread("sends", sender(0, 2));
    model.thread("follows", follower(1));
    model.after(([, followed]) => {
      const { changes, seen } = followed as { changes: number; seen: number };
      assert.ok(changes === 1 || changes === 2);
      assert.equal(seen, 2);
      assertWhole(model.memory, 2, [1]);
    });
  },
  "two senders: the end comes with the last": (model) => {
    open(model, 2, 1);
    model.thread("sends", sender(0, 1));
    model.thread("sends too", sender(2, 1));
    model.thread("follows", follower(1));
    model.after(([, , followed]) => {
      assert.equal((followed as { seen: number }).seen, 2);
      assertWhole(model.memory, 2, [1]);
    });
  },
  "two receivers": (model) => {
    open(model, 1, 2);
    model.thread("sends", sender(0, 1));
    model.thread("follows", follower(1));
    model.thread("follows too", follower(2));
    model.after(([, a, b]) => {
      assert.deepEqual([a, b], [a, a]);
      assert.deepEqual(a, { changes: 1, seen: 1 });
      assertWhole(model.memory, 1, [1, 2]);
    });
  },
  "the thread of a receiver that waits is no more": (model) => {
    open(model, 1, 2);
    const dead = shareOf(model.memory, 3);
    dead.thread.prepare();
    dead.thread.enqueue(dead, OBJECT + CHANGING, 1, 1, 1);
    model.thread("sends", sender(0, 1));
    model.thread("clears up", (memory) => shareOf(memory, 2).thread.clearWaiter(BLOCK(3), OBJECT, WATCH));
    model.thread("follows", follower(1));
    model.after(([, , followed]) => {
      assert.deepEqual(followed, { changes: 1, seen: 1 });
      assertWhole(model.memory, 1, [1]);
      assert.equal(model.memory.load(FREES(3)), 1);
      assert.equal(model.memory.load(LIST(0)), 0);
    });
  },
};

describe("watch under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 50);
    });
  }

  test("finds a send that tells nobody", { timeout: 120_000 }, () => {
    assert.throws(
      () =>
        check(options, (model) => {
          open(model, 1, 1);
          model.thread("sends", (memory) => {
            const { thread, lock } = shareOf(memory, 0);
            lock.lock();
            memory.write(OBJECT + VERSION, 1);
            memory.store(OBJECT + SENDERS, 0);
            thread.unlock(lock);
          });
          model.thread("follows", follower(1));
          model.after(() => {});
        }),
      /deadlock/i,
    );
  });
});
