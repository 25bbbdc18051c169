import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Instant, InvalidArgumentError, Runtime, sleep, spawn, yieldNow } from "toki";
import { TryAcquireError } from "toki/sync";
import { assertErr, test as toki } from "toki/test";
import { type RateLimiter, rateLimiter } from "toki/util";
import fc from "../../support/property.js";

const virtual = { startPaused: true };

/** When each of `n` permits was had, in milliseconds from the first. */
function* times(limiter: RateLimiter, n: number) {
  const start = Instant.now();
  const seen: number[] = [];
  for (let i = 0; i < n; i++) {
    yield* limiter.acquire();
    seen.push(Math.round(start.elapsed()));
  }
  return seen;
}

describe("rateLimiter", () => {
  test(
    "spaces permits evenly",
    toki(function* () {
      const limiter = rateLimiter(100);
      assert.deepEqual(yield* times(limiter, 5), [0, 10, 20, 30, 40]);
    }, virtual),
  );

  test(
    "saves nothing up while idle",
    toki(function* () {
      const limiter = rateLimiter(100);
      yield* times(limiter, 2);
      yield* sleep(10_000);
      assert.deepEqual(yield* times(limiter, 4), [0, 10, 20, 30]);
    }, virtual),
  );

  test(
    "a burst passes at once, and is there again after as long as it took to earn",
    toki(function* () {
      const limiter = rateLimiter(100, { burst: 3 });
      assert.deepEqual(yield* times(limiter, 5), [0, 0, 0, 10, 20]);
      yield* sleep(30);
      assert.deepEqual(yield* times(limiter, 4), [0, 0, 0, 10]);
    }, virtual),
  );

  test(
    "takes another time than a second, and rates that are no divisor of it",
    toki(function* () {
      const limiter = rateLimiter(3, { per: 1000 });
      const seen = yield* times(limiter, 31);
      assert.ok(Math.abs((seen[30] as number) - 10_000) <= 1, String(seen[30]));
      const slow = rateLimiter(2, { per: { minutes: 1 } });
      assert.deepEqual(yield* times(slow, 3), [0, 30_000, 60_000]);
    }, virtual),
  );

  test(
    "at a rate that is next to none, the burst passes and nothing else",
    toki(function* () {
      for (const burst of [1, 3]) {
        const limiter = rateLimiter(Number.MIN_VALUE, { burst });
        for (let i = 0; i < burst; i++) limiter.tryAcquire();
        assert.ok(assertErr(() => limiter.tryAcquire()) instanceof TryAcquireError);
        yield* sleep({ days: 1000 });
        assert.ok(assertErr(() => limiter.tryAcquire()) instanceof TryAcquireError);
      }
    }, virtual),
  );

  test(
    "above 1,000 a second several pass each millisecond",
    toki(function* () {
      const limiter = rateLimiter(5000);
      const seen = yield* times(limiter, 5001);
      assert.ok(Math.abs((seen[5000] as number) - 1000) <= 2, String(seen[5000]));
    }, virtual),
  );

  test(
    "several permits at once, up to the burst",
    toki(function* () {
      const limiter = rateLimiter(100, { burst: 5 });
      const start = Instant.now();
      yield* limiter.acquire(5);
      assert.equal(start.elapsed(), 0);
      yield* limiter.acquire(5);
      assert.equal(start.elapsed(), 50);
    }, virtual),
  );

  test(
    "first come, first served; who gives up uses nothing",
    toki(function* () {
      const limiter = rateLimiter(10);
      const start = Instant.now();
      const log: [string, number][] = [];
      const client = (name: string) =>
        spawn(function* () {
          yield* limiter.acquire();
          log.push([name, Math.round(start.elapsed())]);
        });
      const tasks = ["a", "b", "c", "d"].map(client);
      yield* sleep(50);
      tasks[1]?.abort(); // it sleeps until its permit is due
      yield* sleep(1000);
      assert.deepEqual(log, [
        ["a", 0],
        ["c", 100],
        ["d", 200],
      ]);
    }, virtual),
  );

  test(
    "tryAcquire takes what is due, and never overtakes",
    toki(function* () {
      const limiter = rateLimiter(10, { burst: 2 });
      limiter.tryAcquire();
      limiter.tryAcquire();
      const refused = () => {
        const error = assertErr(() => limiter.tryAcquire());
        assert.ok(error instanceof TryAcquireError && error.kind === "noPermits");
      };
      refused();
      const waiting = spawn(limiter.acquire());
      yield* yieldNow();
      refused();
      yield* waiting;
      refused();
      yield* sleep(100);
      limiter.tryAcquire();
    }, virtual),
  );

  test("refuses bad input", () => {
    const bad: [() => unknown, string][] = [
      [() => rateLimiter(0), "permits"],
      [() => rateLimiter(Number.POSITIVE_INFINITY), "permits"],
      [() => rateLimiter("5" as never), "permits"],
      [() => rateLimiter(1, { per: 0 }), "options.per"],
      [() => rateLimiter(1, { per: Number.POSITIVE_INFINITY }), "options.per"],
      [() => rateLimiter(1, { burst: 0 }), "options.burst"],
      [() => rateLimiter(1).acquire(2), "n"],
      [() => rateLimiter(1).tryAcquire(0), "n"],
    ];
    for (const [call, argument] of bad) {
      const error = assertErr(call);
      assert.ok(error instanceof InvalidArgumentError && error.argument === argument, String(error));
    }
  });

  test("in any span of time no more pass than the rate and the burst allow, in the order they came", async () => {
    const step = fc.record({ wait: fc.nat(30), drop: fc.boolean(), hold: fc.nat(200) });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { minLength: 1, maxLength: 40 }),
        async (rate, burst, steps) => {
          const passed: { at: number; who: number }[] = [];
          const rt = new Runtime({ flavor: "currentThread", startPaused: true });
          await rt.run(function* () {
            const limiter = rateLimiter(rate, { burst });
            const start = Instant.now();
            const tasks = [];
            for (const [who, { wait, drop, hold }] of steps.entries()) {
              yield* sleep(wait);
              const task = spawn(function* () {
                yield* limiter.acquire();
                passed.push({ at: start.elapsed(), who });
              });
              tasks.push(task);
              if (drop) {
                spawn(function* () {
                  yield* sleep(hold);
                  task.abort();
                });
              }
            }
            while (tasks.some((task) => !task.isFinished())) yield* sleep(10);
          });
          await rt.shutdown();
          const period = 1000 / rate;
          for (let i = 0; i < passed.length; i++) {
            assert.ok(i === 0 || passed[i - 1]!.who < passed[i]!.who, "out of order");
            for (let j = i; j < passed.length; j++) {
              const span = passed[j]!.at - passed[i]!.at;
              // Timers fire up to a millisecond late, and the schedule makes up for that.
              assert.ok(j - i + 1 <= burst + (span + 1) / period + 1e-6, `${j - i + 1} in ${span} ms`);
            }
          }
          for (const [who, { drop }] of steps.entries()) {
            if (!drop) assert.ok(passed.some((one) => one.who === who));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
