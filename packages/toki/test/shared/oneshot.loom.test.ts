/*
 * A oneshot between threads under every schedule within a bound: the value arrives, comes back to its sender, or is dropped, once; and who waits learns of the
 * end, whichever side is first.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Context, Pending, Waker } from "toki";
import { OneshotReceiver, OneshotSender, oneshot, SendError } from "toki/shared";
import * as chan from "../../dist/shared/oneshot/channel.js";
import { check, type Model } from "../support/loom/index.js";
import { drive, handleOf, type ModelShare, OBJECT, options, pollOnce, program } from "./model-thread.js";

const ONESHOT = 4;
const { RECEIVING, CLOSING } = chan as unknown as Record<"RECEIVING" | "CLOSING", number>;

const sender = (share: ModelShare) =>
  handleOf(OneshotSender<number>, share, { spent: false, polling: null }) as OneshotSender<number>;
const receiver = (share: ModelShare) =>
  handleOf(OneshotReceiver<number>, share, { waiter: null }) as OneshotReceiver<number>;

/** What `body` gives, or the name of the expected error that it throws. */
function outcome<T>(body: () => T): T | "refused" | "nothing" {
  try {
    return body();
  } catch (error) {
    if (error instanceof SendError) return "refused";
    if (error instanceof oneshot.RecvError) return "nothing";
    throw error;
  }
}

const sends = (share: ModelShare) => outcome(() => sender(share).send(7) ?? "sent");
const receives = (share: ModelShare) => outcome(() => drive(share, receiver(share)));

const channel = (bodies: Record<string, (share: ModelShare) => unknown>, verify: (results: any[]) => void) =>
  program(
    ONESHOT,
    () => {},
    bodies,
    (results, memory) => {
      for (const queue of [RECEIVING, CLOSING]) {
        assert.deepEqual([memory.load(OBJECT + queue), memory.load(OBJECT + queue + 1)], [0, 0]);
      }
      verify(results);
    },
  );

const models: Record<string, (model: Model) => void> = {
  "a value": channel({ sends, receives }, (results) => assert.deepEqual(results, ["sent", 7])),
  "a value, and a wait for it that ends before another begins": channel(
    {
      sends,
      receives(share) {
        const rx = receiver(share);
        const early = rx.poll(Context.fromWaker(Waker.from(() => {})));
        if (early !== Pending) return early;
        rx.forceCancel();
        return drive(share, rx);
      },
    },
    (results) => assert.deepEqual(results, ["sent", 7]),
  ),
  "a sender that is disposed": channel({ gives: (share) => sender(share)[Symbol.dispose](), receives }, ([, got]) =>
    assert.equal(got, "nothing"),
  ),
  "a receiver that closes before it looks": channel(
    {
      sends,
      receives(share) {
        const rx = receiver(share);
        rx.close();
        return outcome(() => drive(share, rx));
      },
    },
    (results) => assert.ok(["sent,7", "refused,nothing"].includes(String(results)), String(results)),
  ),
  "a receiver that is disposed, perhaps with the value": channel(
    { sends, disposes: (share) => receiver(share)[Symbol.dispose]() },
    ([how]) => assert.ok(how === "sent" || how === "refused"),
  ),
  "a sender that waits for the receiver to be disposed": channel(
    {
      waits(share) {
        drive(share, sender(share).closed());
        return sender(share).isClosed;
      },
      disposes: (share) => receiver(share)[Symbol.dispose](),
    },
    ([isClosed]) => assert.equal(isClosed, true),
  ),
  "a sender that stops waiting, and sends": channel(
    {
      waits(share) {
        const tx = sender(share);
        const isClosed = pollOnce(tx.closed()) !== Pending;
        assert.equal(isClosed, false);
        return outcome(() => tx.send(7) ?? "sent");
      },
      receives,
    },
    (results) => assert.deepEqual(results, ["sent", 7]),
  ),
  "a receiver that blocks": channel(
    { sends, blocks: (share) => outcome(() => receiver(share).blockingRecv()) },
    (results) => assert.deepEqual(results, ["sent", 7]),
  ),
};

describe("oneshot under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(complete);
      assert.ok(schedules > 5);
    });
  }
});
