import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, JoinSet, MisuseError, Runtime, sleep, spawn, timeout, yieldNow } from "toki";
import { assertErr, test as toki } from "toki/test";
import { type AdaptiveLimit, type AdaptiveLimitOptions, adaptiveLimit } from "toki/util";
import fc from "../../support/property.js";

const virtual = { startPaused: true };

/** A server that answers in 10 ms until it has more than `capacity` requests at once. */
class Server {
  capacity: number;
  inFlight = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  request = fn(function* request(this: Server) {
    this.inFlight++;
    try {
      yield* sleep(10 + 20 * Math.max(0, this.inFlight - this.capacity));
    } finally {
      this.inFlight--;
    }
  });
}

const client = fn(function* client(limit: AdaptiveLimit, server: Server, requests: number) {
  for (let i = 0; i < requests; i++) yield* limit.run(() => server.request());
});

/** The mean of the limit under the load of 40 clients, once it has settled. */
const settledLimit = fn(function* settledLimit(limit: AdaptiveLimit, server: Server) {
  const clients = new JoinSet<void>();
  for (let i = 0; i < 40; i++) clients.spawn(client(limit, server, 60));
  let sum = 0;
  let samples = 0;
  yield* sleep(500);
  while (clients.size > 0) {
    yield* sleep(5);
    sum += limit.limit;
    samples++;
    for (let done = clients.tryJoinNext(); done !== undefined; done = clients.tryJoinNext());
  }
  return sum / samples;
});

describe("adaptiveLimit", () => {
  test(
    "finds the capacity of the other side, and follows it",
    toki(function* () {
      const server = new Server(8);
      const limit = adaptiveLimit({ targetLatency: 15, max: 64 });
      const eight = yield* settledLimit(limit, server);
      assert.ok(eight > 4 && eight < 10, String(eight));
      server.capacity = 20;
      const twenty = yield* settledLimit(limit, server);
      assert.ok(twenty > 11 && twenty < 24, String(twenty));
      server.capacity = 3;
      const three = yield* settledLimit(limit, server);
      assert.ok(three >= 1 && three < 5, String(three));
    }, virtual),
  );

  test(
    "grows by one in a round of quick requests, and only under load",
    toki(function* () {
      const limit = adaptiveLimit({ targetLatency: 100, initial: 4 });
      for (let i = 0; i < 50; i++) yield* limit.run(() => sleep(1));
      assert.equal(limit.limit, 4); // one at a time says nothing about five
      const set = new JoinSet<void>();
      for (let i = 0; i < 5; i++) set.spawn(limit.run(() => sleep(1)));
      yield* set.joinAll();
      assert.equal(limit.limit, 5);
    }, virtual),
  );

  test(
    "halves once for all requests that were under way",
    toki(function* () {
      const limit = adaptiveLimit({ targetLatency: 5, initial: 8, min: 1 });
      const set = new JoinSet<void>();
      for (let i = 0; i < 8; i++) set.spawn(limit.run(() => sleep(10 + i)));
      yield* set.joinAll();
      assert.equal(limit.limit, 4);
      const free = [];
      for (let i = 0; i < 4; i++) free.push(yield* limit.acquire());
      const late = spawn(limit.acquire());
      yield* sleep(1);
      assert.equal(late.isFinished(), false);
      assert.equal(limit.inFlight, 4);
      free[0]?.release();
      yield* late;
    }, virtual),
  );

  test(
    "stays within its bounds",
    toki(function* () {
      const limit = adaptiveLimit({ targetLatency: 5, initial: 3, min: 2, max: 4 });
      for (let i = 0; i < 5; i++) yield* limit.run(() => sleep(10));
      assert.equal(limit.limit, 2);
      const set = new JoinSet<void>();
      for (let i = 0; i < 100; i++) set.spawn(limit.run(() => sleep(1)));
      yield* set.joinAll();
      assert.equal(limit.limit, 4);
    }, virtual),
  );

  test(
    "errors that say overload cut it; others count only if they were slow",
    toki(function* () {
      const limit = adaptiveLimit({
        targetLatency: 5,
        initial: 8,
        isOverload: (error) => (error as Error).message === "503",
      });
      const failing = fn(function* failing(message: string, ms: number) {
        try {
          yield* limit.run(function* () {
            yield* sleep(ms);
            throw new Error(message);
          });
        } catch (error) {
          assert.equal((error as Error).message, message);
        }
      });
      yield* failing("404", 1);
      assert.equal(limit.limit, 8);
      yield* failing("503", 1);
      assert.equal(limit.limit, 4);
      yield* failing("404", 10);
      assert.equal(limit.limit, 2);
    }, virtual),
  );

  test(
    "a request cut off by a timeout beyond the target counts as slow; one dropped early does not count",
    toki(function* () {
      const limit = adaptiveLimit({ targetLatency: 5, initial: 8 });
      for (const ms of [3, 50]) {
        try {
          yield* timeout(
            ms,
            limit.run(() => sleep(1000)),
          );
          assert.fail("it was to elapse");
        } catch (error) {
          assert.equal((error as { code?: string }).code, "TOKI_ELAPSED");
        }
        assert.equal(limit.limit, ms === 3 ? 8 : 4);
        assert.equal(limit.inFlight, 0);
      }
    }, virtual),
  );

  test(
    "a permit: overloaded, abandoned, released once",
    toki(function* () {
      const limit = adaptiveLimit({ targetLatency: 5, initial: 8 });
      const a = yield* limit.acquire();
      a.overloaded();
      a.release();
      a.release();
      assert.deepEqual([limit.limit, limit.inFlight], [4, 0]);
      const b = yield* limit.acquire();
      b.abandon();
      b[Symbol.dispose]();
      assert.deepEqual([limit.limit, limit.inFlight], [4, 0]);
    }, virtual),
  );

  test(
    "first come, first served; who waits and is dropped leaves no trace",
    toki(function* () {
      const limit = adaptiveLimit({ targetLatency: 1000, max: 1 });
      const held = yield* limit.acquire();
      const log: string[] = [];
      const task = (name: string) =>
        spawn(function* () {
          using _permit = yield* limit.acquire();
          log.push(name);
        });
      const [, b] = [task("a"), task("b"), task("c")];
      yield* yieldNow();
      b.abort();
      held.release();
      yield* sleep(1);
      assert.deepEqual([log, limit.inFlight], [["a", "c"], 0]);
    }, virtual),
  );

  test("refuses bad input", () => {
    const bad: [unknown, string][] = [
      [undefined, "options"],
      [{ targetLatency: -1 }, "options.targetLatency"],
      [{ targetLatency: 1, min: 0 }, "options.min"],
      [{ targetLatency: 1, min: 5, max: 4 }, "options.max"],
      [{ targetLatency: 1, min: 5, initial: 4 }, "options.initial"],
      [{ targetLatency: 1, initial: 5, max: 4 }, "options.initial"],
      [{ targetLatency: 1, decrease: 1 }, "options.decrease"],
      [{ targetLatency: 1, isOverload: 1 }, "options.isOverload"],
    ];
    for (const [options, argument] of bad) {
      const error = assertErr(() => adaptiveLimit(options as AdaptiveLimitOptions));
      assert.ok(error instanceof InvalidArgumentError && error.argument === argument, String(error));
    }
    assert.ok(assertErr(() => adaptiveLimit({ targetLatency: 1 }).run(1 as never)) instanceof MisuseError);
  });

  test("whatever happens, no more is lent than the limit was when it was lent, and all of it can be had at the end", async () => {
    const step = fc.record({ wait: fc.nat(6), takes: fc.nat(20), fails: fc.boolean(), drop: fc.option(fc.nat(20)) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 60 }), async (initial, steps) => {
        const rt = new Runtime({ flavor: "currentThread", startPaused: true });
        await rt.run(function* () {
          const limit = adaptiveLimit({ targetLatency: 8, initial, max: 10 });
          const tasks = [];
          for (const { wait, takes, fails, drop } of steps) {
            yield* sleep(wait);
            const task = spawn(function* () {
              using permit = yield* limit.acquire();
              assert.ok(limit.inFlight <= limit.limit, `${limit.inFlight} of ${limit.limit}`);
              yield* sleep(takes);
              if (fails) permit.overloaded();
            });
            tasks.push(task);
            if (drop !== null) {
              spawn(function* () {
                yield* sleep(drop);
                task.abort();
              });
            }
          }
          while (tasks.some((task) => !task.isFinished())) yield* sleep(1);
          assert.equal(limit.inFlight, 0);
          for (let i = 0; i < limit.limit; i++) yield* timeout(1, limit.acquire());
        });
        await rt.shutdown();
      }),
      { numRuns: 60 },
    );
  });
});
