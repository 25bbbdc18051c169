/* Timers polled by hand: what each poll answers, and when the waker is called. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  advance,
  ElapsedError,
  Instant,
  Interval,
  type IntoFuture,
  interval,
  join,
  Runtime,
  select,
  sleep,
  sleepUntil,
  timeout,
} from "toki";
import { assertPending, assertReady, assertReadyEq, assertReadyErr, testTask } from "toki/test";
import { between } from "../support/elapsed.js";
import { Gate } from "../support/gate.js";

/** A paused runtime whose clock moves by hand; futures are made under its guard. */
function withClock(
  body: (tick: (ms: number) => void, poll: <T>(future: IntoFuture<T>) => ReturnType<typeof testTask<T>>) => void,
) {
  const rt = new Runtime({ startPaused: true });
  const guard = rt.enter();
  try {
    body(
      (ms) => rt.blockOn(advance(ms)),
      (future) => testTask(future, { runtime: rt }),
    );
  } finally {
    guard[Symbol.dispose]();
    rt.shutdownBackground();
  }
}

describe("Sleep, polled by hand", () => {
  test("is pending until its tick, wakes once there, and is ready then", () =>
    withClock((tick, poll) => {
      const task = poll(sleep(10));
      assertPending(task.poll());
      for (let i = 0; i < 9; i++) {
        tick(1);
        assert.equal(task.isWoken, false, `at ${i + 1} ms`);
      }
      tick(1);
      assert.equal(task.isWoken, true);
      assertReady(task.poll());
    }));

  test("polling it early neither wakes nor moves it", () =>
    withClock((tick, poll) => {
      const task = poll(sleep(10));
      for (let i = 0; i < 10; i++) assertPending(task.poll());
      tick(5);
      for (let i = 0; i < 10; i++) assertPending(task.poll());
      tick(5);
      assert.equal(task.isWoken, true);
      assertReady(task.poll());
    }));

  test("one that was never polled is not in the wheel, and is ready at a poll after its deadline", () =>
    withClock((tick, poll) => {
      const late = sleep(10);
      tick(50);
      assert.equal(late.isElapsed, false);
      const task = poll(late);
      assertReady(task.poll());
      assert.equal(task.isWoken, false);
    }));

  test("a past deadline is ready at the first poll", () =>
    withClock((tick, poll) => {
      const start = Instant.now();
      tick(20);
      assertReady(poll(sleepUntil(start.add(20))).poll());
      assertReady(poll(sleepUntil(start)).poll());
      assertReady(poll(sleep(0)).poll());
    }));

  test("reset() later while waiting: the old deadline does not wake", () =>
    withClock((tick, poll) => {
      const start = Instant.now();
      const one = sleep(10);
      const task = poll(one);
      assertPending(task.poll());
      one.reset(start.add(30));
      tick(29);
      assert.equal(task.isWoken, false);
      assertPending(task.poll());
      tick(1);
      assert.equal(task.isWoken, true);
      assertReady(task.poll());
    }));

  test("reset() earlier while waiting wakes at the new deadline, reset() to the past at once", () =>
    withClock((tick, poll) => {
      const start = Instant.now();
      const one = sleep(1000);
      const task = poll(one);
      assertPending(task.poll());
      one.reset(start.add(3));
      tick(3);
      assert.equal(task.isWoken, true);
      assertReady(task.poll());
      one.reset(start.add(500));
      assertPending(task.poll());
      one.reset(start);
      assert.equal(task.isWoken, true);
      assertReady(task.poll());
    }));

  test("cancelling it takes it out of the wheel", () =>
    withClock((tick, poll) => {
      const one = sleep(10);
      const task = poll(one);
      assertPending(task.poll());
      assertReady(task.cancel());
      tick(20);
      assert.equal(task.isWoken, false);
      assert.equal(one.isElapsed, false);
    }));

  test("through the cascades of the wheel it fires at its tick and at no other", () => {
    for (const ms of [63, 64, 65, 127, 128, 4095, 4096, 4097, 262_143, 262_144, 262_145, 16_777_217]) {
      withClock((tick, poll) => {
        const task = poll(sleep(ms));
        assertPending(task.poll());
        tick(ms - 1);
        assert.equal(task.isWoken, false, `${ms} ms`);
        tick(1);
        assert.equal(task.isWoken, true, `${ms} ms`);
        assertReady(task.poll());
      });
    }
  });
});

describe("Timeout, polled by hand", () => {
  test("polls its future first, at every poll", () =>
    withClock((tick, poll) => {
      const gate = new Gate<number>();
      const task = poll(timeout(10, gate));
      assertPending(task.poll());
      assert.equal(gate.polls, 1);
      gate.wake();
      assert.equal(task.isWoken, true);
      assertPending(task.poll());
      assert.equal(gate.polls, 2);
      tick(10);
      assert.equal(task.isWoken, true);
      gate.open(7);
      assertReadyEq(task.poll(), 7);
    }));

  test("elapses at the poll after its deadline, and drops its future", () =>
    withClock((tick, poll) => {
      const gate = new Gate();
      const task = poll(timeout(10, gate));
      assertPending(task.poll());
      tick(9);
      assert.equal(task.isWoken, false);
      assertPending(task.poll());
      tick(1);
      assert.equal(task.isWoken, true);
      assert(assertReadyErr(() => task.poll()) instanceof ElapsedError);
      assert.equal(gate.drops, 1);
    }));

  test("after a value its deadline is gone from the wheel", () =>
    withClock((tick, poll) => {
      const gate = new Gate<number>();
      const task = poll(timeout(10, gate));
      assertPending(task.poll());
      gate.open(1);
      assertReadyEq(task.poll(), 1);
      tick(20);
      assert.equal(task.isWoken, false);
    }));

  test("while its future cleans up it is pending, and the future alone wakes it", () =>
    withClock((tick, poll) => {
      const cleanup = new Gate();
      const task = poll(
        timeout(10, function* () {
          try {
            yield* new Gate();
          } finally {
            yield* cleanup;
          }
        }),
      );
      assertPending(task.poll());
      tick(10);
      assertPending(task.poll());
      assert.equal(task.isWoken, false);
      cleanup.open();
      assert.equal(task.isWoken, true);
      assert(assertReadyErr(() => task.poll()) instanceof ElapsedError);
    }));
});

describe("Interval, polled by hand", () => {
  const scheduled = (start: Instant, instant: Instant) => between(start, instant);

  test("ticks at once, then once for each period", () =>
    withClock((tick, poll) => {
      const start = Instant.now();
      const every = interval(10);
      assert(every instanceof Interval);
      let task = poll(every.tick());
      assert.equal(scheduled(start, assertReady(task.poll())), 0);
      for (let i = 1; i <= 3; i++) {
        task = poll(every.tick());
        assertPending(task.poll());
        tick(9);
        assert.equal(task.isWoken, false);
        assertPending(task.poll());
        tick(1);
        assert.equal(task.isWoken, true);
        assert.equal(scheduled(start, assertReady(task.poll())), i * 10);
      }
    }));

  test("a tick that is cancelled is not lost, and leaves no timer behind", () =>
    withClock((tick, poll) => {
      const start = Instant.now();
      const every = interval(10);
      assertReady(poll(every.tick()).poll());
      const cancelled = poll(every.tick());
      assertPending(cancelled.poll());
      cancelled.cancel();
      tick(10);
      assert.equal(cancelled.isWoken, false);
      assert.equal(scheduled(start, assertReady(poll(every.tick()).poll())), 10);
    }));

  test("a burst is ready again and again until it has caught up", () =>
    withClock((tick, poll) => {
      const start = Instant.now();
      const every = interval(10);
      assertReady(poll(every.tick()).poll());
      tick(35);
      for (const ms of [10, 20, 30]) assert.equal(scheduled(start, assertReady(poll(every.tick()).poll())), ms);
      assertPending(poll(every.tick()).poll());
    }));
});

describe("select and join of timers, polled by hand", () => {
  test("select is woken by the first of them and drops the others from the wheel", () =>
    withClock((tick, poll) => {
      const task = poll(select({ long: sleep(100), short: sleep(10) }));
      assertPending(task.poll());
      tick(10);
      assert.equal(task.isWoken, true);
      assert.equal(assertReady(task.poll()).key, "short");
      tick(100);
      assert.equal(task.isWoken, false);
    }));

  test("join is woken by each of them", () =>
    withClock((tick, poll) => {
      const task = poll(join(sleep(10), sleep(20), sleep(30)));
      for (let i = 0; i < 3; i++) {
        assertPending(task.poll());
        tick(10);
        assert.equal(task.isWoken, true);
      }
      assertReady(task.poll());
    }));
});
