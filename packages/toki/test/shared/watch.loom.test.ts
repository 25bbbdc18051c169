/*
 * A shared watch channel under every schedule within a bound: the production code over simulated memory. A wake-up that is lost shows as a deadlock; a version
 * that is missed, in what the receiver has seen at the end. Blocks are counted.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WatchReceiver, WatchRecvError } from "toki/shared";
import type { Memory } from "../../dist/memory/memory.js";
import * as channel from "../../dist/shared/watch/channel.js";
import { check, type Model, type Options } from "../support/loom/index.js";
import {
  options as common,
  deadWaiter,
  drive,
  handleOf,
  type ModelShare,
  OBJECT,
  pollOnce,
  program,
} from "./model-thread.js";

const WATCH = 9;
const { VERSION, SENDERS, RECEIVERS, CHANGING, write, takeFrom } = channel as unknown as {
  VERSION: number;
  SENDERS: number;
  RECEIVERS: number;
  CHANGING: number;
  write(thread: unknown, object: number, value: number, isNew: boolean): number;
  takeFrom(count: number): (share: ModelShare) => void;
};

/** Sends so many values, which nobody reads here, then gives its sender up. */
const sends = (count: number) => (share: ModelShare) => {
  for (let i = 0; i < count; i++) {
    share.lock.lock();
    write(share.thread, OBJECT, 0, true);
    share.thread.unlock(share.lock);
  }
  takeFrom(SENDERS)(share);
};

type Wait = (share: ModelShare, rx: WatchReceiver<number>) => void;
const blocks: Wait = (_, rx) => rx.blockingChanged();
const awaits: Wait = (share, rx) => void drive(share, rx.changed());
/** Waits for a first poll in vain, maybe, and then again. */
const impatient: Wait = (share, rx) => {
  pollOnce(rx.changed());
  if (!rx.hasChanged()) drive(share, rx.changed());
};

/** Follows the channel to its end: how many changes it noticed, and the version it has seen. */
const follows = (wait: Wait) => (share: ModelShare) => {
  const rx = handleOf(WatchReceiver<number>, share, { seen: 0, waits: [] });
  for (let changes = 0; ; changes++) {
    try {
      wait(share, rx);
    } catch (error) {
      if (!(error instanceof WatchRecvError)) throw error;
      return { changes, seen: (rx as unknown as { seen: number }).seen };
    }
  }
};

const open = (senders: number, receivers: number) => (memory: Memory) => {
  memory.store(OBJECT + SENDERS, senders);
  memory.store(OBJECT + RECEIVERS, receivers);
};

/** At the end nobody waits. */
function assertWhole(memory: Memory, versions: number): void {
  assert.equal(memory.load(OBJECT + VERSION), versions);
  assert.deepEqual([memory.load(OBJECT + CHANGING), memory.load(OBJECT + CHANGING + 1)], [0, 0]);
}

const options: Options = { ...common, maxSchedules: 30_000 };

const models: Record<string, (model: Model) => void> = {
  "two senders: the end comes with the last": program(
    WATCH,
    open(2, 1),
    { sends: sends(1), "sends too": sends(1), follows: follows(awaits) },
    ([, , { seen }], memory) => {
      assert.equal(seen, 2);
      assertWhole(memory, 2);
    },
  ),
  "two receivers, one of which blocks": program(
    WATCH,
    open(1, 2),
    { sends: sends(1), follows: follows(awaits), "follows too": follows(blocks) },
    ([, a, b], memory) => {
      assert.deepEqual([a, b], [a, a]);
      assert.deepEqual(a, { changes: 1, seen: 1 });
      assertWhole(memory, 1);
    },
  ),
  "the thread of a receiver that waits is no more": (model) => {
    open(1, 2)(model.memory);
    const dead = deadWaiter(model.memory, WATCH, CHANGING);
    program(
      WATCH,
      () => {},
      {
        sends: sends(1),
        "clears up": (share) => share.thread.clearWaiter(dead, OBJECT, WATCH),
        follows: follows(awaits),
      },
      ([, , followed], memory) => {
        assert.deepEqual(followed, { changes: 1, seen: 1 });
        assertWhole(memory, 1);
      },
      [dead],
    )(model);
  },
};
for (const [name, wait] of Object.entries({ blocks, awaits })) {
  models[`a sender, and a receiver that follows it to the end (${name})`] = program(
    WATCH,
    open(1, 1),
    { sends: sends(2), follows: follows(wait) },
    ([, { changes, seen }], memory) => {
      assert.ok(changes === 1 || changes === 2);
      assert.equal(seen, 2);
      assertWhole(memory, 2);
    },
  );
}
models["a wait that is dropped while a change is under way to it"] = program(
  WATCH,
  open(1, 1),
  {
    sends: sends(1),
    follows(share) {
      try {
        return follows(impatient)(share);
      } catch (error) {
        // hasChanged() throws once the channel is closed.
        if (!(error instanceof WatchRecvError)) throw error;
        return undefined;
      }
    },
  },
  (_, memory) => assertWhole(memory, 1),
);

describe("watch under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 50);
    });
  }

  test("finds a send that tells nobody", { timeout: 120_000 }, () => {
    const silent = program(
      WATCH,
      open(1, 1),
      {
        sends({ thread, lock }) {
          lock.lock();
          thread.memory.write(OBJECT + VERSION, 1);
          thread.memory.store(OBJECT + SENDERS, 0);
          thread.unlock(lock);
        },
        follows: follows(awaits),
      },
      () => {},
    );
    assert.throws(() => check(options, silent), /deadlock/i);
  });
});
