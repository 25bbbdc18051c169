import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  advance,
  Context,
  Instant,
  Interval,
  type IntoFuture,
  interval,
  intervalAt,
  type MissedTickBehavior,
  Pending,
  pollFn,
  Runtime,
  RuntimeShutdownError,
  select,
  sleep,
  spawn,
  Waker,
  yieldNow,
} from "toki";
import { between, since } from "../support/elapsed.js";
import { pausableFlavors } from "../support/flavors.js";
import fc from "../support/property.js";

for (const flavor of pausableFlavors) {
  const run = async <T>(body: IntoFuture<T>): Promise<T> => {
    await using rt = new Runtime({ ...flavor.options, startPaused: true });
    return await rt.run(body);
  };

  /**
   * Ticks an interval of `period`; before the i-th tick the task works for `work[i]` ms. Gives for each tick when it came and the instant it
   * was scheduled for, in ms since the creation.
   */
  const ticks = (period: number, behavior: MissedTickBehavior, work: readonly number[]) =>
    run(function* () {
      const start = Instant.now();
      const every = interval(period);
      every.missedTickBehavior = behavior;
      const seen: [came: number, scheduled: number][] = [];
      for (const ms of work) {
        if (ms > 0) yield* advance(ms);
        const scheduled = yield* every.tick();
        seen.push([since(start), between(start, scheduled)]);
      }
      return seen;
    });

  describe(`interval() [${flavor.name}]`, () => {
    test("the first tick is immediate, the others one period apart; work is not added to the period", async () => {
      assert.deepEqual(await ticks(100, "burst", [0, 0, 30, 99, 0]), [
        [0, 0],
        [100, 100],
        [200, 200],
        [300, 300],
        [400, 400],
      ]);
    });

    test("the schedule is anchored at the creation, not at the first tick", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(100);
        yield* sleep(250);
        const scheduled: number[] = [];
        for (let i = 0; i < 4; i++) scheduled.push(between(start, yield* every.tick()));
        assert.deepEqual(scheduled, [0, 100, 200, 300]);
        assert.equal(since(start), 300);
      }));

    test("five ticks of a second take four", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval({ seconds: 1 });
        for (let i = 0; i < 5; i++) yield* every.tick();
        assert.equal(since(start), 4000);
      }));

    test("tick() resolves to the scheduled instant, not to now", async () => {
      assert.deepEqual(await ticks(10, "burst", [0, 13, 0]), [
        [0, 0],
        [13, 10],
        [20, 20],
      ]);
    });

    test("a fractional period rounds each tick up and does not drift", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(2.5);
        const came: number[] = [];
        for (let i = 0; i < 5; i++) {
          yield* every.tick();
          came.push(since(start));
        }
        assert.deepEqual(came, [0, 3, 5, 8, 10]);
      }));

    test("intervalAt() ticks first at its start", () =>
      run(function* () {
        const start = Instant.now();
        const every = intervalAt(start.add(30), 100);
        const came: number[] = [];
        for (let i = 0; i < 3; i++) {
          yield* every.tick();
          came.push(since(start));
        }
        assert.deepEqual(came, [30, 130, 230]);
      }));

    test("intervalAt() with a start in the past ticks immediately, and catches up", () =>
      run(function* () {
        yield* advance(1000);
        const now = Instant.now();
        const every = intervalAt(now.sub(25), 10);
        const scheduled: number[] = [];
        for (let i = 0; i < 5; i++) scheduled.push(between(now, yield* every.tick()));
        assert.deepEqual(scheduled, [-25, -15, -5, 5, 15]);
        assert.equal(since(now), 15);
      }));

    test("period and missedTickBehavior can be read, the latter set", () =>
      run(function* () {
        const every = interval({ seconds: 2 });
        assert(every instanceof Interval);
        assert.equal(every.period, 2000);
        assert.equal(every.missedTickBehavior, "burst");
        every.missedTickBehavior = "skip";
        assert.equal(every.missedTickBehavior, "skip");
        assert.throws(
          () => {
            every.missedTickBehavior = "sometimes" as never;
          },
          { code: "TOKI_INVALID_ARGUMENT", argument: "behavior" },
        );
        assert.equal(every.missedTickBehavior, "skip");
      }));

    test("a period or a delay beyond what a timer can hold waits some 30 years", () =>
      run(function* () {
        const thirtyYears = 86_400_000 * 365 * 30;
        for (const period of [Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]) {
          const every = interval(period);
          const start = Instant.now();
          assert.equal(between(start, yield* every.tick()), 0);
          assert.equal(between(start, yield* every.tick()), thirtyYears);
        }
        const every = interval(10);
        const start = Instant.now();
        every.resetAfter(Number.POSITIVE_INFINITY);
        assert.equal(between(start, yield* every.tick()), thirtyYears);
      }));

    test("a period of zero is refused in Tokio's words, others that make no sense too", () =>
      run(function* () {
        for (const bad of [0, { seconds: 0 }]) {
          assert.throws(() => interval(bad), /`period` must be non-zero/);
          assert.throws(() => intervalAt(Instant.now(), bad), /`period` must be non-zero/);
        }
        for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, "1"]) {
          assert.throws(() => interval(bad as never), { code: "TOKI_INVALID_ARGUMENT" });
        }
        assert.throws(() => intervalAt(5 as never, 1), { code: "TOKI_INVALID_ARGUMENT", argument: "start" });
      }));
  });

  describe(`missed ticks [${flavor.name}]`, () => {
    // One tick at 0; then the task is busy until 3300 with a period of 1000.
    const busy = [0, 3300, 0, 0, 0, 0];

    test("burst: late ticks come back to back until it has caught up", async () => {
      assert.deepEqual(await ticks(1000, "burst", busy), [
        [0, 0],
        [3300, 1000],
        [3300, 2000],
        [3300, 3000],
        [4000, 4000],
        [5000, 5000],
      ]);
    });

    test("delay: the next tick comes one period after the late one", async () => {
      assert.deepEqual(await ticks(1000, "delay", busy.slice(0, 4)), [
        [0, 0],
        [3300, 1000],
        [4300, 4300],
        [5300, 5300],
      ]);
    });

    test("skip: the next tick is the next multiple of the period", async () => {
      assert.deepEqual(await ticks(1000, "skip", busy.slice(0, 4)), [
        [0, 0],
        [3300, 1000],
        [4000, 4000],
        [5000, 5000],
      ]);
    });

    test("burst: after a second of idleness at 10 ms there are 100 free ticks", () =>
      run(function* () {
        const every = interval(10);
        yield* every.tick();
        yield* advance(1000);
        const now = Instant.now();
        let free = 0;
        for (;;) {
          yield* every.tick();
          if (since(now) > 0) break;
          free++;
        }
        assert.equal(free, 100);
      }));

    test("up to 5 ms late nothing is missed: every behaviour keeps the phase", async () => {
      for (const behavior of ["burst", "delay", "skip"] as const) {
        for (const late of [1, 4, 5]) {
          assert.deepEqual(
            await ticks(100, behavior, [0, 100 + late, 0]),
            [
              [0, 0],
              [100 + late, 100],
              [200, 200],
            ],
            `${behavior}, ${late} ms late`,
          );
        }
      }
    });

    test("more than 5 ms late the behaviour applies", async () => {
      const third = async (behavior: MissedTickBehavior) => (await ticks(100, behavior, [0, 106, 0]))[2];
      assert.deepEqual(await third("burst"), [200, 200]);
      assert.deepEqual(await third("delay"), [206, 206]);
      assert.deepEqual(await third("skip"), [200, 200]);
      // With a period below the tolerance, skip leaves out what was missed.
      assert.deepEqual((await ticks(2, "skip", [0, 9, 0]))[2], [10, 10]);
      assert.deepEqual((await ticks(2, "burst", [0, 9, 0]))[2], [9, 4]);
    });

    test("exactly a multiple late, skip goes to the next one", async () => {
      assert.deepEqual(await ticks(10, "skip", [0, 40, 0]), [
        [0, 0],
        [40, 10],
        [50, 50],
      ]);
    });

    test("a change takes effect at the next late tick", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(1000);
        yield* every.tick();
        yield* advance(2500);
        yield* every.tick(); // 1000, by burst
        every.missedTickBehavior = "delay";
        assert.equal(between(start, yield* every.tick()), 2000);
        assert.equal(between(start, yield* every.tick()), 3500, "2500 + 1000");
      }));

    test("whatever the work, no behaviour ticks early or loses its phase", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 50 }),
          fc.constantFrom<MissedTickBehavior>("burst", "delay", "skip"),
          fc.array(fc.nat(200), { minLength: 1, maxLength: 20 }),
          async (period, behavior, work) => {
            const seen = await ticks(period, behavior, [0, ...work]);
            let expected = 0;
            for (const [came, scheduled] of seen) {
              assert.equal(scheduled, expected);
              assert(came >= scheduled);
              const late = came - scheduled > 5;
              if (!late || behavior === "burst") expected = scheduled + period;
              else if (behavior === "delay") expected = came + period;
              else expected = scheduled + (Math.floor((came - scheduled) / period) + 1) * period;
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  describe(`Interval [${flavor.name}]`, () => {
    test("a tick that loses a select is not lost", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(30);
        yield* every.tick();
        const scheduled: number[] = [];
        for (let i = 0; i < 9; i++) {
          const winner = yield* select.biased({ tick: every.tick(), soon: sleep(10) });
          if (winner.key === "tick") scheduled.push(between(start, winner.value as Instant));
        }
        assert.deepEqual(scheduled, [30, 60, 90]);
      }));

    test("pollTick() moves the schedule only when it is ready", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(10);
        yield* pollFn<void>((cx) => {
          assert.notEqual(every.pollTick(cx), Pending);
          for (let i = 0; i < 3; i++) assert.equal(every.pollTick(cx), Pending);
        });
        assert.equal(between(start, yield* every.tick()), 10);
      }));

    test("reset(): the next tick is one period from now, and the backlog is gone", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(100);
        yield* every.tick();
        yield* advance(550);
        every.reset();
        assert.equal(between(start, yield* every.tick()), 650);
        assert.equal(between(start, yield* every.tick()), 750);
      }));

    test("reset() reaches a task that waits", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(100);
        yield* every.tick();
        const task = spawn(function* () {
          yield* every.tick();
          return since(start);
        });
        yield* advance(50);
        yield* yieldNow();
        every.reset();
        assert.equal(yield* task, 150);
      }));

    test("resetImmediately(), resetAfter() and resetAt() anchor the schedule anew", () =>
      run(function* () {
        const start = Instant.now();
        const every = interval(100);
        const next = function* () {
          return [between(start, yield* every.tick()), between(start, yield* every.tick())];
        };
        yield* every.tick();
        yield* advance(30);
        every.resetImmediately();
        assert.deepEqual(yield* spawn(next), [30, 130]);
        every.resetAfter(7);
        assert.deepEqual(yield* spawn(next), [137, 237]);
        every.resetAt(start.add(300));
        assert.deepEqual(yield* spawn(next), [300, 400]);
        every.resetAt(start.add(350));
        assert.deepEqual(yield* spawn(next), [350, 450], "a past instant ticks at once");
        assert.equal(since(start), 450);
        assert.throws(() => every.resetAfter(-1), { code: "TOKI_INVALID_ARGUMENT", argument: "duration" });
        assert.throws(() => every.resetAt(1 as never), { code: "TOKI_INVALID_ARGUMENT", argument: "deadline" });
      }));

    test("`using` takes it out of the wheel", () =>
      run(function* () {
        const start = Instant.now();
        {
          using every = interval(10);
          yield* every.tick();
          const task = spawn(every.tick());
          yield* yieldNow();
          task.abort();
        }
        yield* sleep(100);
        assert.equal(since(start), 100);
      }));

    test("its ticks throw once the runtime has shut down", async () => {
      const rt = new Runtime({ ...flavor.options, startPaused: true });
      const [every] = await rt.run(function* () {
        const every = interval(10);
        yield* every.tick();
        return [every];
      });
      await rt.shutdown();
      assert.throws(() => every?.pollTick(Context.fromWaker(Waker.noop)), RuntimeShutdownError);
    });
  });
}
