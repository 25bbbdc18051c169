import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  advance,
  Context,
  Instant,
  type IntoFuture,
  Pending,
  Runtime,
  RuntimeShutdownError,
  Sleep,
  select,
  sleep,
  sleepUntil,
  spawn,
  Waker,
  yieldNow,
} from "toki";
import { between, since } from "../support/elapsed.js";
import { flavors } from "../support/flavors.js";
import fc from "../support/property.js";

const paused = { startPaused: true } as const;
const noop = Context.fromWaker(Waker.noop);

/** Runs a body on a fresh runtime whose clock is paused. */
async function virtual<T>(body: IntoFuture<T>): Promise<T> {
  await using rt = new Runtime(paused);
  return await rt.run(body);
}

describe("sleep() on a virtual clock", () => {
  test("takes exactly the time it was asked for", () =>
    virtual(function* () {
      for (const ms of [1, 2, 63, 64, 65, 999, 4095, 4096, 60_000, 3_600_000, 86_400_000 * 400]) {
        const start = Instant.now();
        yield* sleep(ms);
        assert.equal(since(start), ms);
      }
    }));

  test("rounds up to the next millisecond, never down", () =>
    virtual(function* () {
      for (const [asked, taken] of [
        [0.001, 1],
        [0.5, 1],
        [1.5, 2],
        [1.999, 2],
        [2, 2],
        [2.0001, 3],
        [0.1 + 0.2, 1],
      ] as const) {
        const start = Instant.now();
        yield* sleep(asked);
        assert.equal(since(start), taken, `sleep(${asked})`);
      }
    }));

  test("takes every shape of a duration", () =>
    virtual(function* () {
      const start = Instant.now();
      yield* sleep({ hours: 1, minutes: 2, seconds: 3, milliseconds: 4 });
      assert.equal(since(start), 3_723_004);
    }));

  test("the deadline is fixed by the call, not by the await", () =>
    virtual(function* () {
      const start = Instant.now();
      const first = sleep(10);
      const second = sleep(25);
      yield* sleep(20);
      yield* first;
      assert.equal(since(start), 20, "over already");
      yield* second;
      assert.equal(since(start), 25);
    }));

  test("sleep(0) is ready at the first poll and moves no clock", () =>
    virtual(function* () {
      const start = Instant.now();
      let others = 0;
      spawn(function* () {
        others++;
      });
      for (let i = 0; i < 10; i++) yield* sleep(0);
      assert.equal(others, 0, "nobody else had a turn");
      assert.equal(since(start), 0);
    }));

  test("sleepUntil() a past or present instant is ready at the first poll", () =>
    virtual(function* () {
      const start = Instant.now();
      yield* advance(50);
      let others = 0;
      spawn(function* () {
        others++;
      });
      yield* sleepUntil(start);
      yield* sleepUntil(Instant.now());
      assert.equal(others, 0);
      assert.equal(since(start), 50);
    }));

  test("sleepUntil() waits for its instant", () =>
    virtual(function* () {
      const start = Instant.now();
      yield* sleepUntil(start.add(1234));
      assert.equal(since(start), 1234);
    }));

  test("a sleep awaited again after it was over is over", () =>
    virtual(function* () {
      const once = sleep(5);
      yield* once;
      const start = Instant.now();
      yield* once;
      assert.equal(since(start), 0);
    }));

  test("sleep(Infinity) waits some 30 years and throws nothing", () =>
    virtual(function* () {
      const forever = sleep(Number.POSITIVE_INFINITY);
      const start = Instant.now();
      assert(between(start, forever.deadline) >= 29 * 365 * 86_400_000);
      const { key } = yield* select({ forever, soon: sleep({ days: 3650 }) });
      assert.equal(key, "soon");
      yield* forever;
      assert(since(start) >= 29 * 365 * 86_400_000);
    }));
});

describe("Sleep", () => {
  test("is what sleep() and sleepUntil() make", () =>
    virtual(function* () {
      assert(sleep(1) instanceof Sleep);
      assert(sleepUntil(Instant.now()) instanceof Sleep);
    }));

  test("deadline is what was asked for, rounded up to a whole millisecond", () =>
    virtual(function* () {
      const now = Instant.now();
      assert.equal(between(now, sleep(10).deadline), 10);
      assert.equal(between(now, sleep(1.2).deadline), 2);
      assert.equal(between(now, sleep(0).deadline), 0);
    }));

  test("isElapsed flips when it fires", () =>
    virtual(function* () {
      const one = sleep(10);
      assert.equal(one.isElapsed, false);
      assert.equal(one.poll(noop), Pending);
      yield* advance(9);
      assert.equal(one.isElapsed, false);
      yield* advance(1);
      assert.equal(one.isElapsed, true);
    }));

  test("isElapsed does not flip by the clock alone: a sleep that nobody polled is not in the wheel", () =>
    virtual(function* () {
      const unpolled = sleep(10);
      yield* advance(20);
      assert.equal(unpolled.isElapsed, false);
      yield* unpolled;
      assert.equal(unpolled.isElapsed, true);
    }));

  test("wakes the waker of its latest poll, and no other", () =>
    virtual(function* () {
      const woken: string[] = [];
      const one = sleep(10);
      one.poll(Context.fromWaker(Waker.from(() => woken.push("first"))));
      one.poll(Context.fromWaker(Waker.from(() => woken.push("second"))));
      yield* advance(10);
      assert.deepEqual(woken, ["second"]);
      assert.equal(one.poll(noop), undefined);
    }));

  test("dropping it takes it out of the wheel: it wakes nobody and the clock does not stop there", () =>
    virtual(function* () {
      let woken = 0;
      const one = sleep(10);
      one.poll(Context.fromWaker(Waker.from(() => woken++)));
      one[Symbol.dispose]();
      one[Symbol.dispose]();
      yield* sleep(20);
      assert.equal(woken, 0);
      assert.equal(one.isElapsed, false);
    }));

  test("after a drop it can be polled again, with the deadline it had", () =>
    virtual(function* () {
      const start = Instant.now();
      const one = sleep(10);
      assert.equal(one.poll(noop), Pending);
      one[Symbol.dispose]();
      yield* sleep(4);
      yield* one;
      assert.equal(since(start), 10);
    }));

  test("losing a select leaves it usable", () =>
    virtual(function* () {
      const start = Instant.now();
      const long = sleep(30);
      for (let i = 0; i < 2; i++) {
        const { key } = yield* select({ long, short: sleep(10) });
        assert.equal(key, "short");
      }
      yield* long;
      assert.equal(since(start), 30);
    }));
});

describe("a sleep in a task of another runtime", () => {
  for (const isWrapped of [false, true])
    test(`reaches its own, which is idle until later${isWrapped ? ", in `wrap`" : ""}`, async () => {
      await using rt = new Runtime({ flavor: "currentThread" });
      await using other = new Runtime({ flavor: "currentThread" });
      const controller = new AbortController();
      const minute = function* () {
        yield* sleep(60_000);
      };
      const idle = rt.run(minute, { signal: controller.signal }).catch(() => {});
      // By then it is idle, its timer set for a minute.
      await new Promise((resolve) => setTimeout(resolve, 5));
      const guard = rt.enter();
      const nap = sleep(5);
      guard[Symbol.dispose]();
      const start = performance.now();
      await other.run(isWrapped ? rt.wrap(nap) : nap);
      assert.ok(performance.now() - start < 30_000);
      controller.abort();
      await idle;
    });
});

describe("Sleep.reset() from outside of any task", () => {
  test("an idle runtime follows it to an earlier deadline", async () => {
    await using rt = new Runtime({ flavor: "currentThread" });
    let waiting: Sleep | undefined;
    const done = rt.run(function* () {
      const start = Instant.now();
      waiting = sleep(60_000);
      yield* waiting;
      return since(start);
    });
    // By then it is idle, its timer set for a minute.
    await new Promise((resolve) => setTimeout(resolve, 5));
    waiting?.reset(Instant.now().add(5));
    assert.ok((await done) < 30_000);
  });
});

describe("Sleep.reset()", () => {
  test("before the first poll", () =>
    virtual(function* () {
      for (const ms of [5, 50]) {
        const start = Instant.now();
        const one = sleep(20);
        one.reset(start.add(ms));
        assert.equal(between(start, one.deadline), ms);
        yield* one;
        assert.equal(since(start), ms);
      }
    }));

  test("while waiting, later: the old deadline does not end it", () =>
    virtual(function* () {
      const start = Instant.now();
      const one = sleep(10);
      const task = spawn(function* () {
        yield* one;
        return since(start);
      });
      yield* yieldNow();
      one.reset(start.add(30));
      assert.equal(yield* task, 30);
    }));

  test("while waiting, earlier: the task is woken at the new deadline", () =>
    virtual(function* () {
      const start = Instant.now();
      const one = sleep(1000);
      const task = spawn(function* () {
        yield* one;
        return since(start);
      });
      yield* yieldNow();
      one.reset(start.add(3));
      assert.equal(yield* task, 3);
      assert.equal(one.isElapsed, true);
    }));

  test("while waiting, to the past: the task is woken at once", () =>
    virtual(function* () {
      yield* advance(100);
      const now = Instant.now();
      const task = spawn(function* () {
        yield* waiting;
        return since(now);
      });
      const waiting = sleep(1000);
      yield* yieldNow();
      waiting.reset(now.sub(50));
      assert.equal(waiting.isElapsed, true);
      assert.equal(yield* task, 0);
    }));

  test("after it fired: it has to be waited for again", () =>
    virtual(function* () {
      const start = Instant.now();
      const one = sleep(10);
      yield* one;
      one.reset(start.add(25));
      assert.equal(one.isElapsed, false);
      yield* one;
      assert.equal(since(start), 25);
      one.reset(Instant.now());
      yield* one;
      assert.equal(since(start), 25);
    }));

  test("reuses one sleep as an inactivity deadline, at no cost to others", () =>
    virtual(function* () {
      const start = Instant.now();
      const idle = sleep(100);
      for (let i = 0; i < 5; i++) {
        const { key } = yield* select({ idle, message: sleep(60) });
        assert.equal(key, "message");
        idle.reset(Instant.now().add(100));
      }
      yield* idle;
      assert.equal(since(start), 5 * 60 + 100);
    }));

  test("rejects what is no instant", () =>
    virtual(function* () {
      assert.throws(() => sleep(1).reset(5 as never), { code: "TOKI_INVALID_ARGUMENT", argument: "deadline" });
    }));
});

describe("order of sleeps", () => {
  test("sleeps with one deadline fire in the order they were registered", () =>
    virtual(function* () {
      const order: number[] = [];
      const start = Instant.now();
      const tasks = Array.from({ length: 200 }, (_, i) =>
        spawn(function* () {
          yield* sleepUntil(start.add(500));
          order.push(i);
        }),
      );
      for (const task of tasks) yield* task;
      assert.deepEqual(
        order,
        tasks.map((_, i) => i),
      );
    }));

  test("also when they were registered at different times, through every level of the wheel", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 20 }),
        fc.constantFrom(500, 4096, 5000, 262_144, 300_000),
        async (gaps, deadline) => {
          await using rt = new Runtime(paused);
          const order: number[] = [];
          await rt.run(function* () {
            const start = Instant.now();
            const tasks = [];
            for (const [i, gap] of gaps.entries()) {
              if (since(start) + gap >= deadline) break;
              yield* sleep(gap);
              tasks.push(
                spawn(function* () {
                  yield* sleepUntil(start.add(deadline));
                  order.push(i);
                  assert.equal(since(start), deadline);
                }),
              );
              yield* yieldNow();
            }
            for (const task of tasks) yield* task;
          });
          assert.deepEqual(
            order,
            order.map((_, i) => i),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test("any set of sleeps ends in the order of the deadlines, each exactly at its own", async () => {
    const model = fc.array(fc.double({ min: 0, max: 400_000, noNaN: true }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(model, async (delays) => {
        await using rt = new Runtime(paused);
        const ended: [ms: number, index: number][] = [];
        await rt.run(function* () {
          const start = Instant.now();
          const tasks = delays.map((ms, i) =>
            spawn(function* () {
              yield* sleepUntil(start.add(ms));
              ended.push([since(start), i]);
            }),
          );
          for (const task of tasks) yield* task;
        });
        const expected = delays
          .map((ms, i): [number, number] => [Math.ceil(ms - 1e-6), i])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        // A sleep of nothing is over before the others are registered, in whatever order; the rest is exact.
        assert.deepEqual(
          ended.filter(([ms]) => ms > 0),
          expected.filter(([ms]) => ms > 0),
        );
        assert.equal(ended.length, delays.length);
      }),
      { numRuns: 100 },
    );
  });
});

for (const flavor of flavors) {
  describe(`sleep() [${flavor.name}]`, () => {
    test("rejects what is no duration, at the call", async () => {
      await using rt = new Runtime(flavor.options);
      await rt.run(function* () {
        for (const bad of [-1, -0.001, Number.NaN, Number.NEGATIVE_INFINITY, "5", null, undefined, {}, { years: 1 }]) {
          assert.throws(() => sleep(bad as never), {
            code: "TOKI_INVALID_ARGUMENT",
            message: /^sleep: duration(\.\w+)? must be /,
          });
        }
        assert.throws(() => sleepUntil(100 as never), { code: "TOKI_INVALID_ARGUMENT", argument: "deadline" });
      });
    });

    test("throws when it is polled after its runtime has shut down", async () => {
      const rt = new Runtime(flavor.options);
      const orphan = await rt.run(function* () {
        return [sleep(1000)];
      });
      await rt.shutdown();
      assert.throws(() => orphan[0]?.poll(noop), RuntimeShutdownError);
    });

    if (flavor.canPause)
      test("10,000 tasks sleep at the same time", async () => {
        await using rt = new Runtime({ ...flavor.options, startPaused: true });
        const woken = await rt.run(function* () {
          let woken = 0;
          const start = Instant.now();
          const tasks = Array.from({ length: 10_000 }, () =>
            spawn(function* () {
              yield* sleep(1000);
              woken++;
            }),
          );
          for (const task of tasks) yield* task;
          assert.equal(since(start), 1000);
          return woken;
        });
        assert.equal(woken, 10_000);
      });
  });
}

describe("sleep() on the real clock", () => {
  test("is never early", async () => {
    await using rt = new Runtime();
    await rt.run(function* () {
      for (const ms of [0, 0.1, 0.9, 1, 1.1, 2, 3.7, 5, 10.01]) {
        for (let i = 0; i < 5; i++) {
          const before = performance.now();
          yield* sleep(ms);
          const taken = performance.now() - before;
          // What the two readings and the rounding of the deadline can lose is far below a microsecond.
          assert(taken >= ms - 1e-3, `sleep(${ms}) took ${taken} ms`);
        }
      }
    });
  });

  test("is never early in a blocked thread either", async () => {
    const rt = new Runtime();
    for (let i = 0; i < 20; i++) {
      const before = performance.now();
      rt.blockOn(function* () {
        yield* sleep(1.3);
      });
      const taken = performance.now() - before;
      assert(taken >= 1.3 - 1e-3, `${taken} ms`);
    }
    await rt.shutdown();
  });

  test("many at the same time are none of them early", async () => {
    await using rt = new Runtime();
    await rt.run(function* () {
      const tasks = Array.from({ length: 300 }, (_, i) =>
        spawn(function* () {
          const ms = (i * 7) % 40;
          const before = performance.now();
          yield* sleep(ms);
          assert(performance.now() - before >= ms - 1e-3);
        }),
      );
      for (const task of tasks) yield* task;
    });
  });
});
