import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { threadId } from "node:worker_threads";
import { fn, InvalidArgumentError, MisuseError, Runtime, ready, sleep, spawn } from "toki";
import { Done, generate, Stream, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { assertErr, test as toki } from "toki/test";
import { mapConcurrent } from "toki/util";
import { flavors } from "../../support/flavors.js";
import fc from "../../support/property.js";
import { whichThread } from "./functions.js";

const virtual = { startPaused: true };

describe("mapConcurrent", () => {
  test(
    "never more than the limit, results in the order of the items",
    toki(function* () {
      let running = 0;
      let most = 0;
      const slow = fn(function* slow(n: number) {
        most = Math.max(most, ++running);
        yield* sleep(20 - n);
        running--;
        return 2 * n;
      });
      const items = Array.from({ length: 20 }, (_, i) => i);
      assert.deepEqual(
        yield* mapConcurrent(items, 4, (n) => slow(n)),
        items.map((n) => 2 * n),
      );
      assert.equal(most, 4);
    }, virtual),
  );

  test(
    "takes function* bodies by their arguments, gives the index, and works on nothing",
    toki(function* () {
      const seen = yield* mapConcurrent(
        ["a", "b"],
        1,
        (item, index) =>
          function* () {
            yield* sleep(1);
            return `${item}${index}`;
          },
      );
      assert.deepEqual(seen, ["a0", "b1"]);
      assert.deepEqual(yield* mapConcurrent([], 5, () => ready(1)), []);
      assert.deepEqual(yield* mapConcurrent([undefined, undefined], 2, (_, i) => ready(i)), [0, 1]);
    }, virtual),
  );

  test(
    "takes an item only when there is room for it",
    toki(function* () {
      let taken = 0;
      let closed = 0;
      function* endless() {
        try {
          for (;;) yield taken++;
        } finally {
          closed++;
        }
      }
      const task = spawn(mapConcurrent(endless(), 3, () => sleep(10)));
      yield* sleep(5);
      assert.equal(taken, 3);
      yield* sleep(10);
      assert.equal(taken, 6);
      task.abort();
      yield* sleep(1);
      assert.equal(closed, 1);
    }, virtual),
  );

  test(
    "the first error cancels what is under way, with its cleanup, and closes the source",
    toki(function* () {
      const log: string[] = [];
      const work = fn(function* work(n: number) {
        try {
          yield* sleep(n === 1 ? 5 : 1000);
          throw new Error(`item ${n}`);
        } finally {
          yield* sleep(1);
          log.push(`end of ${n}`);
        }
      });
      let closed = false;
      async function* items() {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          closed = true;
        }
      }
      try {
        yield* mapConcurrent(items(), 3, work);
        assert.fail("it was to fail");
      } catch (error) {
        assert.equal((error as Error).message, "item 1");
      }
      assert.deepEqual(log.sort(), ["end of 0", "end of 1", "end of 2"]);
      assert.equal(closed, true);
    }),
  );

  test(
    "an error of the source ends it",
    toki(function* () {
      function* items() {
        yield 1;
        throw new Error("no more");
      }
      try {
        yield* mapConcurrent(items(), 2, () => sleep(1000));
        assert.fail("it was to fail");
      } catch (error) {
        assert.equal((error as Error).message, "no more");
      }
    }, virtual),
  );

  test(
    "reads async iterables, a channel's receiver among them",
    toki(function* () {
      const [tx, rx] = mpsc.channel<number>(1);
      spawn(function* () {
        for (let n = 0; n < 10; n++) yield* tx.send(n);
        tx[Symbol.dispose]();
      });
      const doubled = yield* mapConcurrent(rx, 3, (n) => ready(2 * n));
      assert.deepEqual(doubled, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    }),
  );

  test(
    "reads streams, and cancels what it has not read to the end",
    toki(function* () {
      const [tx, rx] = mpsc.unboundedChannel<number>();
      for (let n = 0; n < 5; n++) tx.send(n);
      tx[Symbol.dispose]();
      const odd = stream(rx).filter((n) => n % 2 === 1);
      assert.deepEqual(yield* mapConcurrent(odd, 2, (n) => ready(2 * n)), [2, 6]);
      let ended = false;
      const endless = generate<number>(function* (emit) {
        try {
          for (let n = 0; ; n++) yield* emit(n);
        } finally {
          yield* sleep(1);
          ended = true;
        }
      });
      try {
        yield* mapConcurrent(endless, 2, function* (n: number) {
          yield* sleep(1);
          if (n === 3) throw new Error("three");
        } as never);
        assert.fail("it was to fail");
      } catch (error) {
        assert.equal((error as Error).message, "three");
      }
      assert.equal(ended, true);
    }, virtual),
  );

  test(
    "an item of a stream may be undefined, and its end is asked for once",
    toki(function* () {
      class Numbers extends Stream<number | undefined> {
        #polls = 0;
        pollNext(): number | undefined | typeof Done {
          this.#polls++;
          assert(this.#polls <= 4);
          return this.#polls === 4 ? Done : this.#polls === 2 ? undefined : this.#polls;
        }
      }
      const seen = yield* mapConcurrent(new Numbers(), 2, (item, index) => ready([item, index]));
      assert.deepEqual(seen, [
        [1, 0],
        [undefined, 1],
        [3, 2],
      ]);
    }),
  );

  test(
    "aborted while it closes the source after an error: it waits for that, and keeps the error",
    toki(function* () {
      let isClosed = false;
      const source = generate<number>(function* (emit) {
        try {
          yield* emit(1);
        } finally {
          yield* sleep(50);
          isClosed = true;
        }
      });
      const task = spawn(
        mapConcurrent(source, 1, function* () {
          yield* sleep(5);
          throw new Error("map");
        }),
      );
      yield* sleep(20);
      task.abort();
      try {
        yield* task;
        assert.fail("it was to fail");
      } catch (error) {
        assert.equal((error as { cause?: Error }).cause?.message, "map");
      }
      assert.equal(isClosed, true);
    }, virtual),
  );

  test(
    "an error and a source that fails to close are thrown as one",
    toki(function* () {
      const items = {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: 1 }),
          return(): never {
            throw new Error("close");
          },
        }),
      };
      try {
        yield* mapConcurrent(items, 2, () => {
          throw new Error("map");
        });
        assert.fail("it was to fail");
      } catch (error) {
        const { error: late, suppressed } = error as { error: Error; suppressed: Error };
        assert.deepEqual([late.message, suppressed.message], ["close", "map"]);
      }
    }),
  );

  test("a mapper that returns a promise is refused", async () => {
    const rt = new Runtime({ flavor: "currentThread" });
    await assert.rejects(
      rt.run(mapConcurrent([1], 1, () => Promise.resolve() as never)),
      (error) => error instanceof MisuseError,
    );
    await rt.shutdown();
  });

  test("refuses bad input", () => {
    const bad: [() => unknown, string][] = [
      [() => mapConcurrent(5 as never, 1, () => ready(1)), "items"],
      [() => mapConcurrent([], 0, () => ready(1)), "limit"],
      [() => mapConcurrent([], 1.5, () => ready(1)), "limit"],
    ];
    for (const [call, argument] of bad) {
      const error = assertErr(call);
      assert.ok(error instanceof InvalidArgumentError && error.argument === argument, String(error));
    }
    assert.ok(assertErr(() => mapConcurrent([], 1, 1 as never)) instanceof MisuseError);
  });

  for (const flavor of flavors) {
    test(`same as Promise.all over map, on ${flavor.name}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(5), { maxLength: 12 }),
          fc.integer({ min: 1, max: 5 }),
          async (waits, limit) => {
            const rt = new Runtime(flavor.options);
            let running = 0;
            const results = await rt.run(
              mapConcurrent(waits, limit, function* map(ms: number, index: number) {
                assert.ok(++running <= limit);
                yield* sleep(ms);
                running--;
                return [index, ms];
              } as never),
            );
            assert.deepEqual(
              results,
              waits.map((ms, index) => [index, ms]),
            );
            await rt.shutdown();
          },
        ),
        { numRuns: 10 },
      );
    });
  }

  test("calls of portable functions run on the workers", async () => {
    const rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
    // Which of them is not said: one worker may begin both.
    const threads = await rt.run(mapConcurrent([1, 2], 2, () => whichThread()));
    assert.equal(threads.length, 2);
    assert.ok(!threads.includes(threadId));
    await rt.shutdown();
  });
});
