/*
 * Messages between threads under every schedule within a bound: the production code of senders, receivers and the channel. A message, slot or wake-up that is
 * lost shows as a deadlock, a message that comes twice or out of order in what was received; slots and blocks, those of messages included, are counted.
 */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { setTimeout as turn } from "node:timers/promises";
import { Pending } from "toki";
import { mpsc, SendError } from "toki/shared";
import type { Memory } from "../../dist/memory/memory.js";
import * as chan from "../../dist/shared/mpsc/chan.js";
import * as permits from "../../dist/shared/permits.js";
import * as counts from "../../dist/shared/sender-counts.js";
import { check, type Model } from "../support/loom/index.js";
import { deadWaiter, drive, handleOf, type ModelShare, OBJECT, options, pollOnce, program } from "./model-thread.js";

const MPSC = 5;
const { CAPACITY, LENGTH } = chan as unknown as Record<"CAPACITY" | "LENGTH", number>;
const { RECEIVING, STRONG } = counts as unknown as Record<"RECEIVING" | "STRONG", number>;
const { kind } = chan as unknown as { kind: Record<"give" | "passOn", (...args: unknown[]) => void> };
const { give, PERMITS, PERMIT_QUEUE } = permits as unknown as {
  give(): void;
  PERMITS: number;
  PERMIT_QUEUE: number;
};

const sender = (share: ModelShare) => handleOf(mpsc.Sender<number>, share) as mpsc.Sender<number>;
const receiver = (share: ModelShare) =>
  handleOf(mpsc.Receiver<number>, share, { wait: null, receiving: null }) as mpsc.Receiver<number>;

const init =
  (capacity: number, senders: number, dead?: () => void) =>
  (memory: Memory): void => {
    memory.store(OBJECT + CAPACITY, capacity);
    memory.store(OBJECT + PERMITS, capacity);
    memory.store(OBJECT + STRONG, senders);
    dead?.();
  };

/** At the end the channel is empty, its slots are free, and nobody waits. */
function assertWhole(memory: Memory): void {
  assert.equal(memory.load(OBJECT + LENGTH), 0);
  assert.equal(memory.load(OBJECT + PERMITS), memory.load(OBJECT + CAPACITY));
  for (const queue of [PERMIT_QUEUE, RECEIVING]) {
    assert.deepEqual([memory.load(OBJECT + queue), memory.load(OBJECT + queue + 1)], [0, 0]);
  }
}

/** Sends, then disposes its sender. How many were sent before the receiver was gone. */
const sends =
  (...messages: number[]) =>
  (share: ModelShare) => {
    const tx = sender(share);
    let sent = 0;
    try {
      for (const message of messages) {
        drive(share, tx.send(message));
        sent++;
      }
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
    }
    tx[Symbol.dispose]();
    return sent;
  };

/** Gives its first send up if it has to wait. */
const givesUp = (message: number) => (share: ModelShare) => {
  const tx = sender(share);
  const isSent = pollOnce(tx.send(message)) !== Pending;
  tx[Symbol.dispose]();
  return isSent;
};

/** Disposes its sender while it has a slot, and gives the slot back then. */
const reserves = (share: ModelShare) => {
  const tx = sender(share);
  const permit = drive(share, tx.reserve());
  tx[Symbol.dispose]();
  permit.release();
};

const receives = (share: ModelShare) => {
  const rx = receiver(share);
  const got: number[] = [];
  for (let n = drive(share, rx.recv()); n !== undefined; n = drive(share, rx.recv())) got.push(n);
  return got;
};

/** Drops a recv before each one that it awaits. */
const receivesImpatiently = (share: ModelShare) => {
  const rx = receiver(share);
  const got: number[] = [];
  for (;;) {
    const early = pollOnce(rx.recv());
    const n = early === Pending ? drive(share, rx.recv()) : early;
    if (n === undefined) return got;
    got.push(n);
  }
};

const receivesBlocking = (share: ModelShare) => {
  const rx = receiver(share);
  const got: number[] = [];
  for (let n = rx.blockingRecv(); n !== undefined; n = rx.blockingRecv()) got.push(n);
  return got;
};

/** Takes one message, and disposes the receiver. */
const receivesOne = (share: ModelShare) => {
  const rx = receiver(share);
  const n = drive(share, rx.recv());
  rx[Symbol.dispose]();
  return n;
};

const channel = (
  capacity: number,
  senders: number,
  bodies: Record<string, (share: ModelShare) => unknown>,
  verify: (results: any[]) => void,
) =>
  program(MPSC, init(capacity, senders), bodies, (results, memory) => {
    assertWhole(memory);
    verify(results);
  });

const models: Record<string, (model: Model) => void> = {
  "two senders, and room for one message": channel(1, 2, { a: sends(1), b: sends(2), receives }, ([, , got]) => {
    assert.deepEqual(got.toSorted(), [1, 2]);
  }),
  "messages of one sender come in order": channel(1, 1, { a: sends(1, 2, 3), receives }, ([, got]) => {
    assert.deepEqual(got, [1, 2, 3]);
  }),
  "an unbounded channel": channel(
    0,
    2,
    {
      a(share) {
        const tx = handleOf(mpsc.UnboundedSender<number>, share) as mpsc.UnboundedSender<number>;
        tx.send(1);
        tx.send(2);
        tx[Symbol.dispose]();
      },
      b(share) {
        const tx = handleOf(mpsc.UnboundedSender<number>, share) as mpsc.UnboundedSender<number>;
        tx.send(3);
        tx[Symbol.dispose]();
      },
      receives,
    },
    ([, , got]) => {
      assert.deepEqual(got.toSorted(), [1, 2, 3]);
      assert.ok(got.indexOf(1) < got.indexOf(2));
    },
  ),
  "a recv that is dropped while a message is under way to it": channel(
    1,
    1,
    { a: sends(1, 2), receives: receivesImpatiently },
    ([, got]) => assert.deepEqual(got, [1, 2]),
  ),
  "a send that is dropped while a slot is under way to it": channel(
    1,
    2,
    { a: sends(1, 3), "gives up": givesUp(2), receives },
    ([, isSent, got]) => assert.deepEqual(got.toSorted(), isSent ? [1, 2, 3] : [1, 3]),
  ),
  "a receiver that blocks": channel(1, 2, { a: sends(1), b: sends(2), receives: receivesBlocking }, ([, , got]) => {
    assert.deepEqual(got.toSorted(), [1, 2]);
  }),
  "a receiver that is disposed while senders wait": channel(
    1,
    2,
    { a: sends(1, 2), b: sends(3), receives: receivesOne },
    ([, , got]) => assert.ok(got === 1 || got === 3),
  ),
  "a permit that is given back when no sender is left": channel(
    1,
    2,
    { reserves, a: sends(1), receives },
    ([, , got]) => assert.deepEqual(got, [1]),
  ),
};

describe("mpsc under all schedules", () => {
  // The event loop gets a turn, or who watches over the tests hears of none before the last has ended.
  afterEach(() => turn(1));

  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 50);
    });
  }

  test("the thread of a sender that waits is no more: its slot goes to the next", { timeout: 120_000 }, (t) => {
    let dead = 0;
    const { schedules } = check(options, (model) => {
      // A slot that nobody has: the sender that waits for it stands before all others.
      init(1, 1)(model.memory);
      model.memory.store(OBJECT + PERMITS, 0);
      dead = deadWaiter(model.memory, MPSC, PERMIT_QUEUE);
      program(
        MPSC,
        () => {},
        {
          "gives back"({ thread, lock }) {
            lock.lock();
            kind.give(thread, OBJECT, 1);
            thread.unlock(lock);
          },
          "clears up": (share) => share.thread.clearWaiter(dead, OBJECT, MPSC),
          a: sends(1),
          receives,
        },
        ([, , , got], memory) => {
          assertWhole(memory);
          assert.deepEqual(got, [1]);
        },
        [dead],
      )(model);
    });
    t.diagnostic(`${schedules} schedules`);
    assert.ok(schedules > 50);
  });

  const planted: Record<string, [method: "give" | "passOn", replacement: () => void, model: string]> = {
    "a dropped send that keeps its slot": [
      "passOn",
      () => {},
      "a send that is dropped while a slot is under way to it",
    ],
    "a slot that comes back without a word to the receiver": [
      "give",
      give,
      "a permit that is given back when no sender is left",
    ],
  };
  for (const [name, [method, replacement, model]] of Object.entries(planted)) {
    test(`finds ${name}`, { timeout: 120_000 }, () => {
      const original = kind[method];
      kind[method] = replacement;
      try {
        assert.throws(() => check(options, models[model] as never), /deadlock/i);
      } finally {
        kind[method] = original;
      }
    });
  }
});
