// Programs about time, with the articles' durations on a clock that stands.
import assert from "node:assert/strict";
import test from "node:test";
import {
  advance,
  ElapsedError,
  type Future,
  fn,
  Instant,
  type Interval,
  interval,
  type MissedTickBehavior,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { Mutex } from "toki/sync";
import { exponential, rateLimiter, retry } from "toki/util";
import { ms, virtual } from "./support.js";

test(
  "program 11: 1,000 connections of 100 ms take 100 ms",
  virtual(function* () {
    const start = Instant.now();
    let handled = 0;
    const handle = fn(function* handle() {
      yield* sleep(100);
      handled++;
    });
    const tasks = Array.from({ length: 1000 }, () => spawn(handle()));
    for (const task of tasks) yield* task;
    assert.equal(handled, 1000);
    assert.equal(ms(start.elapsed()), 100);
  }),
);

test(
  "program 44: sleep(10 s) completes by advance(10 s), after one more turn",
  virtual(function* () {
    const log: string[] = [];
    const task = spawn(function* () {
      yield* sleep({ seconds: 10 });
      log.push("slept");
    });
    yield* yieldNow();
    const start = Instant.now();
    yield* advance({ seconds: 10 });
    log.push("advanced");
    yield* task;
    assert.deepEqual(log.toSorted(), ["advanced", "slept"]);
    assert.equal(ms(start.elapsed()), 10_000);
  }),
);

test(
  "program 66: a fetch of more than 10 s times out after 10 s and is cancelled",
  virtual(function* () {
    const start = Instant.now();
    let finished = false;
    let cancelledAt = -1;
    const fetchData = fn(function* fetchData() {
      try {
        yield* sleep({ seconds: 60 });
        finished = true;
      } finally {
        cancelledAt = ms(start.elapsed());
      }
    });
    let caught: unknown;
    try {
      yield* timeout({ seconds: 10 }, fetchData());
    } catch (error) {
      caught = error;
    }
    assert.ok(caught instanceof ElapsedError);
    assert.equal(caught.message, "deadline has elapsed");
    assert.equal(cancelledAt, 10_000);
    yield* sleep({ seconds: 100 });
    assert.equal(finished, false);
  }),
);

test(
  "program 67: attempts are retries + 1, delays double up to 30 s, the last error is thrown",
  virtual(function* () {
    const start = Instant.now();
    const at: number[] = [];
    const fails = fn(function* fails() {
      at.push(ms(start.elapsed()));
      throw new Error(`attempt ${at.length}`);
    });
    let caught: unknown;
    try {
      yield* retry(exponential(100).capped(30_000).upTo(11), fails);
    } catch (error) {
      caught = error;
    }
    assert.equal((caught as Error).message, "attempt 12");
    const delays = at.slice(1).map((time, i) => time - (at[i] as number));
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  }),
);

/** The article's limiter: an interval behind a lock. */
class Ticks {
  readonly #ticks = new Mutex<Interval>(interval(10));

  acquire = fn(function* acquire(this: Ticks) {
    using ticks = yield* this.#ticks.lock();
    yield* ticks.value.tick();
  });
}

const rateAndBurst = fn(function* rateAndBurst(limiter: { acquire(): Future<void> }) {
  const start = Instant.now();
  for (let i = 0; i < 101; i++) yield* limiter.acquire();
  const spread = ms(start.elapsed());
  yield* sleep(1000);
  const idle = Instant.now();
  let burst = 0;
  for (;;) {
    yield* limiter.acquire();
    if (idle.elapsed() > 5) return { spread, burst };
    burst++;
  }
});

test(
  "program 69: 10 ms apart, and about 100 at once after an idle second",
  virtual(function* () {
    const { spread, burst } = yield* rateAndBurst(new Ticks());
    assert.equal(spread, 1000);
    assert.ok(burst >= 99 && burst <= 101, `${burst} at once`);
  }),
);

test(
  "program 69: with rateLimiter an idle second is not made up for",
  virtual(function* () {
    assert.deepEqual(yield* rateAndBurst(rateLimiter(100)), { spread: 1000, burst: 1 });
  }),
);

test(
  "program 69: more than 1,000 a second is a rate like any other",
  virtual(function* () {
    const limiter = rateLimiter(2000);
    const start = Instant.now();
    for (let i = 0; i < 2001; i++) yield* limiter.acquire();
    assert.ok(Math.abs(start.elapsed() - 1000) <= 1);
  }),
);

test(
  "program 95: a sleep of 100 ms, a 2 s operation under 5 s, five ticks a second apart",
  virtual(function* () {
    const start = Instant.now();
    yield* sleep(100);
    assert.equal(ms(start.elapsed()), 100);

    const slow = fn(function* slow() {
      yield* sleep({ seconds: 2 });
      return "result";
    });
    assert.equal(yield* timeout({ seconds: 5 }, slow()), "result");
    assert.equal(ms(start.elapsed()), 2100);

    const ticksFrom = Instant.now();
    const every = interval({ seconds: 1 });
    const at: number[] = [];
    for (let i = 0; i < 5; i++) {
      yield* every.tick();
      at.push(ms(ticksFrom.elapsed()));
    }
    assert.deepEqual(at, [0, 1000, 2000, 3000, 4000]);
  }),
);

const afterSlowHandler = fn(function* afterSlowHandler(behavior: MissedTickBehavior) {
  const start = Instant.now();
  const every = interval(1000);
  every.missedTickBehavior = behavior;
  yield* every.tick();
  yield* sleep(3300);
  const at: number[] = [];
  for (let i = 0; i < 5; i++) {
    yield* every.tick();
    at.push(ms(start.elapsed()));
  }
  return at;
});

for (const [behavior, expected] of [
  ["burst", [3300, 3300, 3300, 4000, 5000]],
  ["delay", [3300, 4300, 5300, 6300, 7300]],
  ["skip", [3300, 4000, 5000, 6000, 7000]],
] as const) {
  test(
    `program 96: ticks missed by a slow handler, ${behavior}`,
    virtual(function* () {
      assert.deepEqual(yield* afterSlowHandler(behavior), expected);
    }),
  );
}

test(
  "program 96: with a handler that is always too slow burst never catches up",
  virtual(function* () {
    const start = Instant.now();
    const every = interval(1000);
    const late: number[] = [];
    for (let i = 0; i < 5; i++) {
      const scheduled = yield* every.tick();
      late.push(ms(Instant.now().durationSince(scheduled)));
      yield* sleep(3000);
    }
    assert.deepEqual(late, [0, 2000, 4000, 6000, 8000]);
    assert.equal(ms(start.elapsed()), 15_000);
  }),
);
