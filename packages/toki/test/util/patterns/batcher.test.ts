import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  fn,
  Instant,
  InvalidArgumentError,
  join,
  MisuseError,
  pending,
  Runtime,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { oneshot } from "toki/sync";
import { assertErr, assertPending, testTask, test as toki } from "toki/test";
import { type BatcherOptions, batcher } from "toki/util";
import fc from "../../support/property.js";

const virtual = { startPaused: true };

/** Doubles its items; notes each batch and when it began. */
function doubling(options: Partial<BatcherOptions> & { takes?: number } = {}) {
  const start = Instant.now();
  const batches: [number, readonly number[]][] = [];
  const run = fn(function* run(items: readonly number[]) {
    batches.push([Math.round(start.elapsed()), items]);
    yield* sleep(options.takes ?? 5);
    return items.map((item) => 2 * item);
  });
  return { batches, doubler: batcher(run, { maxSize: 3, maxWait: 10, ...options }) };
}

const failureOf = fn(function* failureOf(future: import("toki").Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    return error as Error;
  }
  return assert.fail("it was to fail");
});

describe("batcher", () => {
  test(
    "a full batch goes at once, another when its time is up; each call gets its own result",
    toki(function* () {
      const { batches, doubler } = doubling();
      const results = yield* join(...[1, 2, 3, 4, 5].map((n) => doubler.call(n)));
      assert.deepEqual(results, [2, 4, 6, 8, 10]);
      assert.deepEqual(batches, [
        [0, [1, 2, 3]],
        [10, [4, 5]],
      ]);
    }, virtual),
  );

  test(
    "is lazy: a call joins a batch when it is awaited",
    toki(function* () {
      const { batches, doubler } = doubling();
      const call = doubler.call(1);
      yield* sleep(100);
      assert.deepEqual([batches.length, doubler.pending], [0, 0]);
      assert.equal(yield* call, 2);
    }, virtual),
  );

  test(
    "the time counts from the first call of a batch",
    toki(function* () {
      const { batches, doubler } = doubling();
      const first = spawn(doubler.call(1));
      yield* sleep(8);
      const second = spawn(doubler.call(2));
      yield* join(first, second);
      assert.deepEqual(batches, [[10, [1, 2]]]);
      yield* doubler.call(3);
      assert.deepEqual(batches[1], [25, [3]]);
    }, virtual),
  );

  test(
    "an idle batcher is nothing that runs",
    toki(function* () {
      const { doubler } = doubling();
      yield* doubler.call(1);
      assert.equal(doubler.pending, 0);
      // The body ends, and with it the runtime: a loop that was left would be cancelled, and a deadlock reported if it were awaited.
    }, virtual),
  );

  test(
    "flush does not wait",
    toki(function* () {
      const { batches, doubler } = doubling();
      doubler.flush();
      const call = spawn(doubler.call(1));
      yield* yieldNow();
      assert.equal(doubler.pending, 1);
      doubler.flush();
      yield* call;
      assert.deepEqual(batches, [[0, [1]]]);
    }, virtual),
  );

  test(
    "while all slots are taken, calls collect",
    toki(function* () {
      const { batches, doubler } = doubling({ maxSize: 10, maxWait: 0, maxConcurrent: 1, takes: 100 });
      const calls = [spawn(doubler.call(1))];
      yield* sleep(5);
      for (const n of [2, 3, 4]) {
        calls.push(spawn(doubler.call(n)));
        yield* sleep(10);
      }
      for (const call of calls) yield* call;
      assert.deepEqual(
        batches.map(([, items]) => items),
        [[1], [2, 3, 4]],
      );
    }, virtual),
  );

  test(
    "an error of the batch goes to each of its calls, and to no other",
    toki(function* () {
      let count = 0;
      const fails = batcher<number, number>(
        function* (items) {
          yield* sleep(1);
          if (++count === 1) throw new Error("down");
          return items.map(() => 0);
        },
        { maxSize: 2, maxWait: 5 },
      );
      const [a, b, c] = yield* join(failureOf(fails.call(1)), failureOf(fails.call(2)), fails.call(3));
      assert.equal(a.message, "down");
      assert.equal(a, b);
      assert.equal(c, 0);
    }, virtual),
  );

  test(
    "one result for each item, or all calls hear of the mistake",
    toki(function* () {
      const wrong = batcher<number, number>(() => sleep(0) as never, { maxSize: 2, maxWait: 0 });
      assert.match((yield* failureOf(wrong.call(1))).message, /one result for each of the 1 items, got undefined/);
      const short = batcher<number, number>(
        function* () {
          yield* sleep(0);
          return [];
        },
        { maxSize: 2, maxWait: 0 },
      );
      assert.match((yield* failureOf(short.call(1))).message, /got 0 results/);
      const eager = batcher<number, number>(() => Promise.resolve([]) as never, { maxSize: 2, maxWait: 0 });
      assert.ok((yield* failureOf(eager.call(1))) instanceof MisuseError);
    }, virtual),
  );

  test(
    "a call that is dropped leaves the batch that collects; a batch that nobody waits for is not run",
    toki(function* () {
      const { batches, doubler } = doubling();
      const [a, b] = [spawn(doubler.call(1)), spawn(doubler.call(2))];
      yield* yieldNow();
      assert.equal(doubler.pending, 2);
      a.abort();
      yield* yieldNow();
      assert.equal(doubler.pending, 1);
      assert.equal(yield* b, 4);
      assert.deepEqual(batches, [[10, [2]]]);
      const c = spawn(doubler.call(3));
      yield* yieldNow();
      c.abort();
      yield* sleep(100);
      assert.equal(batches.length, 1);
    }, virtual),
  );

  test(
    "a call that is dropped while its batch runs does not disturb the others",
    toki(function* () {
      const { batches, doubler } = doubling({ maxSize: 2 });
      const [a, b] = [spawn(doubler.call(1)), spawn(doubler.call(2))];
      yield* sleep(1);
      a.abort();
      assert.equal(yield* b, 4);
      assert.deepEqual(batches, [[0, [1, 2]]]);
    }, virtual),
  );

  test("its task is cancelled before it has begun: the call hears of it, and the next one has a batch of its own", async () => {
    const { doubler } = doubling({ maxWait: 0 });
    const gone = new Runtime();
    const call = testTask(doubler.call(1), { runtime: gone });
    assertPending(call.poll());
    await gone.shutdown();
    assert.equal(doubler.pending, 0);
    assert.throws(() => call.poll(), oneshot.RecvError);
    await using rt = new Runtime({ startPaused: true });
    const second = function* () {
      return yield* timeout(100, doubler.call(2));
    };
    assert.equal(await rt.run(second), 4);
  });

  test("called by cleanup during a shutdown, it says that there will be no answer", async () => {
    const { doubler } = doubling();
    const rt = new Runtime({ startPaused: true });
    let failure: unknown;
    await rt.run(function* () {
      spawn(function* () {
        try {
          yield* pending();
        } finally {
          failure = yield* failureOf(doubler.call(1));
        }
      });
      yield* yieldNow();
    });
    await rt.shutdown();
    assert(failure instanceof oneshot.RecvError);
    assert.equal(doubler.pending, 0);
  });

  test("refuses bad input", () => {
    const run = () => sleep(1) as never;
    const bad: [() => unknown, string][] = [
      [() => batcher(run, undefined as never), "options"],
      [() => batcher(run, { maxSize: 0, maxWait: 1 }), "options.maxSize"],
      [() => batcher(run, { maxSize: 1, maxWait: -1 }), "options.maxWait"],
      [() => batcher(run, { maxSize: 1, maxWait: 1, maxConcurrent: 0 }), "options.maxConcurrent"],
    ];
    for (const [call, argument] of bad) {
      const error = assertErr(call);
      assert.ok(error instanceof InvalidArgumentError && error.argument === argument, String(error));
    }
    assert.ok(assertErr(() => batcher(1 as never, { maxSize: 1, maxWait: 1 })) instanceof MisuseError);
  });

  test("whatever arrives and is dropped: each call gets its result, no batch is too large or too many, no item twice", async () => {
    const step = fc.record({ wait: fc.nat(12), drop: fc.option(fc.nat(20)) });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          maxSize: fc.integer({ min: 1, max: 4 }),
          maxWait: fc.nat(10),
          maxConcurrent: fc.integer({ min: 1, max: 3 }),
        }),
        fc.array(step, { maxLength: 30 }),
        async (options, steps) => {
          const rt = new Runtime({ flavor: "currentThread", startPaused: true });
          await rt.run(function* () {
            const seen = new Set<number>();
            let running = 0;
            const doubler = batcher(function* (items: readonly number[]) {
              assert.ok(items.length >= 1 && items.length <= options.maxSize);
              assert.ok(++running <= options.maxConcurrent);
              for (const item of items) {
                assert.ok(!seen.has(item));
                seen.add(item);
              }
              yield* sleep(7);
              running--;
              return items.map((item) => 2 * item);
            }, options);
            const calls = [];
            for (const [n, { wait, drop }] of steps.entries()) {
              yield* sleep(wait);
              const call = spawn(doubler.call(n));
              calls.push({ n, call, isDropped: drop !== null });
              if (drop !== null) {
                spawn(function* () {
                  yield* sleep(drop);
                  call.abort();
                });
              }
            }
            for (const { n, call, isDropped } of calls) {
              try {
                assert.equal(yield* call, 2 * n);
              } catch (error) {
                assert.ok(isDropped, String(error));
              }
            }
          });
          await rt.shutdown();
        },
      ),
      { numRuns: 60 },
    );
  });
});
