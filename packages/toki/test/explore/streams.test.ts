/* Streams under many schedules: items in order, none lost or doubled, whatever is dropped on the way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, select, sleep, spawn, yieldNow } from "toki";
import { fromIter, generate, StreamMap, stream } from "toki/stream";
import { mpsc, watch } from "toki/sync";
import { type ExploreTools, explore, mockStream } from "toki/test";
import { abortSome, RUNS, settle } from "./support.js";

/** Sends numbers, with waits in between that are explored. */
const produce = fn(function* produce(tx: mpsc.Sender<number>, from: number, choose: (count: number) => number) {
  using sender = tx;
  for (let i = from; i < from + 3; i++) {
    if (choose(2) === 1) yield* sleep(1);
    yield* sender.send(i);
  }
});

describe("toki/stream under many schedules", () => {
  test("of a channel: a next() that loses a select takes no item", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const [tx, rx] = mpsc.channel<number>(1);
      const producer = spawn(produce(tx, 0, choose));
      using items = stream(rx).map((n) => n * 10);
      const seen: number[] = [];
      for (;;) {
        const { key, value } = yield* select({ item: items.next(), tick: sleep(1) });
        if (key === "tick") continue;
        if (value === undefined) break;
        seen.push(value);
      }
      yield* producer;
      assert.deepEqual(seen, [0, 10, 20]);
    }, RUNS);
  });

  test("merge: all items of both, each side in order, and the end after both", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const [left, fromLeft] = mpsc.channel<number>(1);
      const [right, fromRight] = mpsc.channel<number>(2);
      const producers = [spawn(produce(left, 0, choose)), spawn(produce(right, 10, choose))];
      const seen = yield* stream(fromLeft).merge(stream(fromRight)).collect();
      for (const producer of producers) yield* producer;
      assert.deepEqual(
        seen.filter((n) => n < 10),
        [0, 1, 2],
      );
      assert.deepEqual(
        seen.filter((n) => n >= 10),
        [10, 11, 12],
      );
    }, RUNS);
  });

  test("StreamMap: every item comes with its key, whichever stream ends first", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const map = new StreamMap<string, number>();
      const producers = ["a", "b"].map((key, i) => {
        const [tx, rx] = mpsc.channel<number>(1);
        map.insert(key, stream(rx));
        return spawn(produce(tx, i * 10, choose));
      });
      const seen: Record<string, number[]> = { a: [], b: [] };
      for (let entry = yield* map.next(); entry !== undefined; entry = yield* map.next())
        seen[entry[0]]!.push(entry[1]);
      for (const producer of producers) yield* producer;
      assert.deepEqual(seen, { a: [0, 1, 2], b: [10, 11, 12] });
    }, RUNS);
  });

  test("buffered and bufferUnordered: no more at once than allowed, nothing left behind by an abort", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const isOrdered = choose(2) === 0;
      let running = 0;
      const work = fn(function* work(n: number) {
        assert.equal(++running <= 2, true);
        try {
          for (let i = choose(3); i > 0; i--) yield* yieldNow();
          return n;
        } finally {
          running--;
        }
      });
      const futures = fromIter([1, 2, 3, 4]).map((n) => work(n));
      const task = spawn(
        fn(function* collect() {
          return yield* (isOrdered ? futures.buffered(2) : futures.bufferUnordered(2)).collect();
        })(),
      );
      yield* abortSome([task], choose);
      const [finished] = yield* settle([task]);
      assert.equal(running, 0);
      if (!finished) return;
      const values = yield* task;
      assert.deepEqual(isOrdered ? values : values.toSorted(), [1, 2, 3, 4]);
    }, RUNS);
  });

  test("generate: the body's cleanup has ended when the stream was cancelled", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      let isOpen = false;
      const numbers = generate<number>(function* (emit) {
        isOpen = true;
        try {
          for (let n = 0; n < 3; n++) {
            yield* yieldNow();
            yield* emit(n);
          }
        } finally {
          try {
            yield* yieldNow();
          } finally {
            isOpen = false;
          }
        }
      });
      const seen: (number | undefined)[] = [];
      for (let i = choose(5); i > 0; i--) {
        const { key, value } = yield* select({ item: numbers.next(), other: yieldNow() });
        if (key === "item") seen.push(value);
      }
      assert.deepEqual(seen, [0, 1, 2, undefined].slice(0, seen.length).concat(seen.slice(4)));
      yield* numbers.cancel();
      assert.equal(isOpen, false);
    }, RUNS);
  });

  test("of a watch channel: rising values, the last one before the end", async () => {
    await explore(function* () {
      const [tx, rx] = watch(0);
      const sender = spawn(function* () {
        using _ = tx;
        for (let i = 1; i <= 3; i++) {
          tx.send(i);
          yield* yieldNow();
        }
      });
      const seen = yield* stream(rx).collect();
      yield* sender;
      assert.deepEqual(seen, [...new Set(seen)].toSorted());
      assert.equal(seen.at(-1), 3);
    }, RUNS);
  });

  test("chunksTimeout and throttle: every item, in order", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const script = mockStream<number>();
      for (let n = 0; n < 5; n++) script.wait(choose(3)).next(n);
      const chunks = yield* script.build().chunksTimeout(2, 2).collect();
      assert.deepEqual(chunks.flat(), [0, 1, 2, 3, 4]);
      for (const chunk of chunks) assert.equal(chunk.length >= 1 && chunk.length <= 2, true);
      assert.deepEqual(yield* script.build().throttle(1).collect(), [0, 1, 2, 3, 4]);
    }, RUNS);
  });
});
