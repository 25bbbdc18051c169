import assert from "node:assert/strict";
import { advance, ElapsedError, Instant, interval, type Sleep, sleep, sleepUntil, timeout, timeoutAt } from "toki";
import { mpsc } from "toki/sync";
import { assertPending, assertReadyErr, testTask } from "toki/test";
import { between, since } from "../support/elapsed.js";
import { everyDrop, everyDropUnpolled, moveClock } from "./drops.js";
import { likeTheFutureInside } from "./inside.js";
import type { Body, Proof } from "./proof.js";

/** A sleep of 100 ms, dropped in each state. */
function sleeps(name: string, make: () => Sleep): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const start = Instant.now();
      const nap = make();
      moveClock(40);
      yield* drop(nap);
      yield* nap;
      assert.equal(since(start), 100);
    }),
    ...everyDrop(`${name} that waits`, function* (drop) {
      const start = Instant.now();
      const nap = make();
      moveClock(40);
      yield* drop(nap);
      assert.equal(nap.isElapsed, false);
      yield* nap;
      assert.equal(since(start), 100);
    }),
    ...everyDrop(`${name} that has just fired`, function* (drop) {
      const start = Instant.now();
      const nap = make();
      yield* drop(nap, () => moveClock(100));
      assert.equal(nap.isElapsed, true);
      yield* nap;
      assert.equal(since(start), 100);
    }),
  };
}

export const proofs: readonly Proof[] = [
  {
    operation: "`sleep`, `sleepUntil`",
    claim: "safe; the deadline stays, the same `Sleep` can be awaited again",
    paused: true,
    proof: {
      ...sleeps("sleep", () => sleep(100)),
      ...sleeps("sleepUntil", () => sleepUntil(Instant.now().add(100))),
    },
  },
  {
    operation: "`interval.tick()`",
    claim: "safe; a tick that was not delivered comes next",
    paused: true,
    proof: {
      ...everyDropUnpolled("interval.tick()", function* (drop) {
        const start = Instant.now();
        const every = interval(100);
        yield* drop(every.tick());
        assert.equal(between(start, yield* every.tick()), 0);
      }),
      ...everyDrop("interval.tick() that waits", function* (drop) {
        const start = Instant.now();
        const every = interval(100);
        yield* every.tick();
        yield* drop(every.tick());
        yield* drop(every.tick());
        assert.equal(between(start, yield* every.tick()), 100);
        assert.equal(since(start), 100);
      }),
      ...everyDrop("interval.tick() that is due", function* (drop) {
        const start = Instant.now();
        const every = interval(100);
        yield* every.tick();
        yield* drop(every.tick(), () => moveClock(130));
        const ticks: number[] = [];
        for (let i = 0; i < 2; i++) ticks.push(between(start, yield* every.tick()));
        assert.deepEqual(ticks, [100, 200]);
        assert.equal(since(start), 200);
      }),
    },
  },
  {
    operation: "`timeout`, `timeoutAt`",
    claim: "that of the future inside",
    paused: true,
    proof: {
      ...likeTheFutureInside("timeout", (future) => timeout(1000, future)),
      ...likeTheFutureInside("timeoutAt", (future) => timeoutAt(Instant.now().add(1000), future)),
      *"timeout whose time is up: the message that comes next is not lost"() {
        const [tx, rx] = mpsc.channel<string>(4);
        const limited = testTask(timeout(100, rx.recv()));
        assertPending(limited.poll());
        moveClock(100);
        assert.ok(assertReadyErr(() => limited.poll()) instanceof ElapsedError);
        tx.trySend("a");
        assert.equal(yield* rx.recv(), "a");
      },
    },
  },
  {
    operation: "`timeout.intoInner()`",
    claim: "that of the future, which stays where it is",
    paused: true,
    proof: likeTheFutureInside("timeout.intoInner()", (future) => timeout(1000, future).intoInner()),
  },
  {
    operation: "`advance`",
    claim: "the clock moves at the first poll, or not at all",
    paused: true,
    proof: {
      ...everyDropUnpolled("advance", function* (drop) {
        const start = Instant.now();
        yield* drop(advance(50));
        assert.equal(since(start), 0);
      }),
      ...everyDrop(
        "advance once polled",
        function* (drop) {
          const start = Instant.now();
          yield* drop(advance(50));
          assert.equal(since(start), 50);
        },
        { except: ["its task is aborted"] },
      ), // it is over before anybody else has a turn
    },
  },
];
