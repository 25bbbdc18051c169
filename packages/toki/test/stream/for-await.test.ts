import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { interval, JoinSet, Runtime, ready, spawn, yieldNow } from "toki";
import { empty, fromIter, generate, once, type Stream, StreamMap, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { flavors } from "../support/flavors.js";
import { fault, item, Script } from "./support.js";

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

for (const { name, options } of flavors) {
  describe(`for await of a stream [${name}]`, () => {
    it("of every kind", async () => {
      await using rt = new Runtime(options);
      using _guard = rt.enter();
      assert.deepEqual(await collect(fromIter([1, undefined, 2]).map((n) => n)), [1, undefined, 2]);
      assert.deepEqual(
        await collect(
          stream(interval(1))
            .map(() => "tick")
            .take(2),
        ),
        ["tick", "tick"],
      );
      assert.deepEqual(await collect(new StreamMap([["a", once(1)]])), [["a", 1]]);
      assert.deepEqual(await collect(stream(new JoinSet([ready(1)]))), [1]);
      assert.deepEqual(
        await collect(
          generate<number>(function* (emit) {
            yield* yieldNow();
            yield* emit(1);
          }),
        ),
        [1],
      );
      async function* numbers() {
        yield 1;
        yield 2;
      }
      assert.deepEqual(await collect(stream(numbers()).filter((n) => n > 1)), [2]);
      const [tx, rx] = mpsc.channel<number>(1);
      rt.spawn(function* () {
        using sender = tx;
        for (let n = 1; n <= 3; n++) yield* sender.send(n);
      });
      assert.deepEqual(await collect(stream(rx)), [1, 2, 3]);
    });

    it("break drops the stream, and its cleanup is awaited", async () => {
      await using rt = new Runtime(options);
      using _guard = rt.enter();
      const log: string[] = [];
      const s = generate<number>(function* (emit) {
        try {
          for (let n = 1; ; n++) yield* emit(n);
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      for await (const n of s) {
        log.push(`item ${n}`);
        if (n === 2) break;
      }
      log.push("after");
      assert.deepEqual(log, ["item 1", "item 2", "cleanup", "after"]);
    });

    it("a throw in the loop drops the stream", async () => {
      await using rt = new Runtime(options);
      using _guard = rt.enter();
      const s = Script.of(1, 2);
      await assert.rejects(
        async () => {
          for await (const _ of s) throw new Error("out");
        },
        { message: "out" },
      );
      assert.deepEqual([s.drops, s.polls], [1, 1]);
    });

    it("an error item ends the loop and drops the stream; results() keeps it going", async () => {
      await using rt = new Runtime(options);
      using _guard = rt.enter();
      const s = new Script([item(1), fault("no"), item(2)]);
      await assert.rejects(collect(s), { message: "no" });
      assert.equal(s.drops, 1);
      const results = new Script([item(1), fault("no"), item(2)]).results();
      assert.deepEqual(
        (await collect(results)).map((r) => r.ok),
        [true, false, true],
      );
    });

    it("a loan is not dropped", async () => {
      await using rt = new Runtime(options);
      using _guard = rt.enter();
      const s = Script.of(1, 2, 3);
      for await (const n of s.byRef()) if (n === 2) break;
      assert.equal(s.isDropped, false);
      assert.deepEqual(await collect(s), [3]);
    });
  });
}

describe("for await outside of the runtime that a stream was made in", () => {
  it("drives it, through every adapter", async () => {
    await using rt = new Runtime();
    const ticks = () =>
      rt.run(function* () {
        return stream(interval(1));
      });
    const chains: ((s: Stream<unknown>) => Stream<unknown>)[] = [
      (s) => s,
      (s) => s.map((tick) => tick).filter(() => true),
      (s) => s.mapAsync(() => ready(1)),
      (s) => s.map(() => ready(1)).buffered(2),
      (s) => s.merge(empty()),
      (s) => empty().merge(s),
      (s) => empty().chain(s),
      (s) => s.chain(empty()),
      (s) => s.byRef(),
    ];
    for (const chain of chains) {
      let count = 0;
      for await (const _ of chain(await ticks())) if (++count === 3) break;
      assert.equal(count, 3);
    }
  });

  it("does without it once it is shut down", async () => {
    const rt = new Runtime();
    const s = await rt.run(function* () {
      return fromIter([1, 2]);
    });
    await rt[Symbol.asyncDispose]();
    assert.deepEqual(await collect(s), [1, 2]);
  });
});

describe("for await of a channel and of its stream", () => {
  it("break leaves what is queued in the channel; the stream owns the receiver, and gives it up", async () => {
    const [tx, rx] = mpsc.channel<number>(4);
    for (const n of [1, 2, 3]) tx.trySend(n);
    for await (const n of rx) {
      assert.equal(n, 1);
      break;
    }
    assert.equal(rx.length, 2);
    for await (const n of stream(rx).byRef()) {
      assert.equal(n, 2);
      break;
    }
    assert.equal(rx.length, 1);
    for await (const n of stream(rx)) {
      assert.equal(n, 3);
      break;
    }
    assert.equal(tx.isClosed, true);
    tx[Symbol.dispose]();
  });

  it("return() while an item is waited for ends the wait", async () => {
    await using rt = new Runtime();
    using _guard = rt.enter();
    const s = Script.open<number>();
    const iterator = s[Symbol.asyncIterator]();
    const next = iterator.next();
    await new Promise<void>((resolve) => setImmediate(resolve));
    assert.deepEqual(await iterator.return!(), { done: true, value: undefined });
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.ok(s.isDropped);
  });

  it("works without a runtime", async () => {
    assert.deepEqual(await collect(fromIter([1, 2, 3]).skip(1)), [2, 3]);
  });

  it("inside of tasks, forEach", async () => {
    await using rt = new Runtime();
    const seen = await rt.run(function* () {
      const [tx, rx] = mpsc.channel<number>(1);
      spawn(function* () {
        using sender = tx;
        for (let n = 0; n < 5; n++) yield* sender.send(n);
      });
      const seen: number[] = [];
      yield* stream(rx).forEach(function* (n) {
        yield* yieldNow();
        seen.push(n);
      });
      return seen;
    });
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  });
});
