/* Streams under many schedules: no item is lost or comes twice, whoever reads, and whoever of the readers is aborted. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, spawn, yieldNow } from "toki";
import { generate, type Stream, StreamMap, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { type ExploreTools, explore } from "toki/test";
import { abortSome, RUNS, settle } from "./support.js";

/** Items 10, 11, 12 of the first sender, 20, 21, 22 of the second, and so on. */
const produce = fn(function* produce(sender: mpsc.Sender<number>, id: number, count: number) {
  using tx = sender;
  for (let i = 0; i < count; i++) yield* tx.send(id * 10 + i);
});

const read = fn(function* read(s: Stream<number>, got: number[]) {
  for (let n = yield* s.next(); n !== undefined; n = yield* s.next()) got.push(n);
});

/** Each sender's items once, and in order. */
function assertWhole(got: readonly number[], senders: number, count: number): void {
  for (let id = 1; id <= senders; id++) {
    assert.deepEqual(
      got.filter((n) => Math.floor(n / 10) === id),
      Array.from({ length: count }, (_, i) => id * 10 + i),
    );
  }
}

/** Two channels, as one stream. */
const chains: Record<string, (a: Stream<number>, b: Stream<number>) => Stream<number>> = {
  merge: (a, b) => a.merge(b),
  "chain of what is peeked": (a, b) => a.peekable().chain(b.fuse()),
  StreamMap: (a, b) =>
    new StreamMap([
      ["a", a],
      ["b", b],
    ]).map(([, n]) => n),
  mapAsync: (a, b) =>
    a.merge(b).mapAsync(function* (n) {
      yield* yieldNow();
      return n;
    }),
  "buffered tasks": (a, b) =>
    a
      .merge(b)
      .map((n) =>
        spawn(function* () {
          for (let i = n % 3; i > 0; i--) yield* yieldNow();
          return n;
        }),
      )
      .buffered(3),
};

describe("streams under many schedules", () => {
  for (const [name, chain] of Object.entries(chains)) {
    test(`${name}: a reader that is aborted leaves the rest to the next`, async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const [tx1, rx1] = mpsc.channel<number>(1);
        const [tx2, rx2] = mpsc.channel<number>(2);
        const senders = [spawn(produce(tx1, 1, 3)), spawn(produce(tx2, 2, 3))];
        const s = chain(stream(rx1), stream(rx2));
        const got: number[] = [];
        const first = spawn(read(s, got));
        yield* abortSome([first], choose);
        yield* settle([first]);
        yield* read(s, got);
        yield* settle(senders);
        assertWhole(got, 2, 3);
      }, RUNS);
    });
  }

  test("chunksTimeout: a reader that is aborted leaves its batch to the next", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const [tx, rx] = mpsc.channel<number>(1);
      const sender = spawn(produce(tx, 1, 5));
      const batches = stream(rx).chunksTimeout(2, 1000);
      const got: number[] = [];
      const first = spawn(function* () {
        for (let i = 0; i < 3; i++) got.push(...((yield* batches.next()) ?? []));
      });
      yield* abortSome([first], choose);
      yield* settle([first]);
      for (let batch = yield* batches.next(); batch !== undefined; batch = yield* batches.next()) got.push(...batch);
      yield* settle([sender]);
      assertWhole(got, 1, 5);
    }, RUNS);
  });

  test("StreamMap: streams that come and go while a task reads", async () => {
    await explore(function* () {
      const map = new StreamMap<number, number>();
      const got: number[] = [];
      const [hold, held] = mpsc.channel<number>(1);
      map.insert(0, stream(held));
      const reader = spawn(
        read(
          map.map(([, n]) => n),
          got,
        ),
      );
      const changes = spawn(function* () {
        for (let id = 1; id <= 3; id++) {
          const [tx, rx] = mpsc.channel<number>(1);
          spawn(produce(tx, id, 2));
          map.insert(id, stream(rx));
          yield* yieldNow();
          if (id !== 2) continue;
          // Out and in again: what it has sent meanwhile is not lost.
          const taken = map.remove(id);
          yield* yieldNow();
          if (taken !== undefined) map.insert(id, taken);
        }
        hold[Symbol.dispose]();
      });
      yield* settle([changes, reader]);
      assertWhole(got, 3, 2);
    }, RUNS);
  });

  test("generate: emits of several tasks reach the reader once each, whoever is aborted", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const done: number[] = [];
      const s = generate<number>(function* (emit) {
        const emitters = [1, 2].map((id) =>
          spawn(function* () {
            for (let i = 0; i < 2; i++) {
              yield* emit(id * 10 + i);
              done.push(id * 10 + i);
            }
          }),
        );
        yield* abortSome(emitters, choose);
        yield* settle(emitters);
      });
      const got: number[] = [];
      yield* read(s, got);
      assert.equal(new Set(got).size, got.length, "came twice");
      for (const n of done) assert.ok(got.includes(n), `${n} was taken, and is not there`);
    }, RUNS);
  });
});
