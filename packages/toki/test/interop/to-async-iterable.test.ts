import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fn,
  fromAsyncIterable,
  fromPromise,
  InvalidArgumentError,
  interval,
  pending,
  Runtime,
  RuntimeShutdownError,
  ready,
  type Suspend,
  sleep,
  toAsyncIterable,
  yieldNow,
} from "toki";
import { test } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { settle, turn } from "../task/support.js";

/** Items from 1 to `to`, each after an await. */
class Counter {
  n = 0;
  readonly to: number;

  constructor(to: number) {
    this.to = to;
  }

  next = fn(function* next(this: Counter) {
    yield* yieldNow();
    return this.n < this.to ? ++this.n : undefined;
  });
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

for (const { name, options } of flavors) {
  describe(`toAsyncIterable [${name}]`, () => {
    it("takes an object with next(), a function that makes a future, a function* body", async () => {
      await using rt = new Runtime(options);
      const on = rt.handle;
      assert.deepEqual(await collect(toAsyncIterable(new Counter(3), { on })), [1, 2, 3]);
      const counter = new Counter(2);
      assert.deepEqual(await collect(toAsyncIterable(() => counter.next(), { on })), [1, 2]);
      let n = 0;
      const body = function* () {
        yield* sleep(1);
        return n < 2 ? ++n : undefined;
      };
      assert.deepEqual(await collect(toAsyncIterable(body, { on })), [1, 2]);
    });

    it("drives the runtime while the loop waits, and not in between", async () => {
      await using rt = new Runtime(options);
      let ticks = 0;
      rt.spawn(function* () {
        for (;;) {
          yield* yieldNow();
          ticks++;
        }
      });
      for await (const n of toAsyncIterable(new Counter(2), { on: rt.handle })) {
        const before = ticks;
        await turn();
        await turn();
        assert.equal(ticks, before, `after item ${n}`);
      }
      assert(ticks > 0);
    });

    it("leaving the loop runs close once, and pulls nothing more", async () => {
      await using rt = new Runtime(options);
      for (const leave of ["break", "throw"] as const) {
        const log: string[] = [];
        const counter = new Counter(10);
        const close = () => void log.push("closed");
        try {
          for await (const n of toAsyncIterable(counter, { on: rt.handle, close })) {
            if (n < 2) continue;
            if (leave === "break") break;
            throw new Error("left");
          }
        } catch (error) {
          assert.equal((error as Error).message, "left");
        }
        assert.deepEqual([log, counter.n], [["closed"], 2]);
      }
    });

    it("close runs at the end, and after an error too; a future it returns is awaited", async () => {
      await using rt = new Runtime(options);
      const log: string[] = [];
      const slowClose = fn(function* slowClose() {
        yield* sleep(1);
        log.push("closed");
      });
      await collect(toAsyncIterable(new Counter(1), { on: rt.handle, close: slowClose }));
      assert.deepEqual(log.splice(0), ["closed"]);
      const broken = toAsyncIterable(
        fn(function* (): Generator<Suspend, number, unknown> {
          throw new RangeError("broken");
        }),
        { on: rt.handle, close: slowClose },
      );
      await assert.rejects(collect(broken), (error) => error instanceof RangeError);
      assert.deepEqual(log, ["closed"]);
    });

    it("return() during a next() cancels the future, awaits its cleanup, then closes", async () => {
      await using rt = new Runtime(options);
      const log: string[] = [];
      const iterator = toAsyncIterable(
        function* () {
          try {
            return yield* pending();
          } finally {
            yield* yieldNow();
            log.push("cleaned");
          }
        },
        { on: rt.handle, close: () => void log.push("closed") },
      )[Symbol.asyncIterator]();
      const next = iterator.next();
      await turn();
      const end = iterator.return?.();
      assert.deepEqual(await next, { done: true, value: undefined });
      assert.deepEqual(await end, { done: true, value: undefined });
      assert.deepEqual(log, ["cleaned", "closed"]);
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
      await iterator.return?.();
      assert.deepEqual(log, ["cleaned", "closed"]);
    });

    it("calls of next() take turns", async () => {
      await using rt = new Runtime(options);
      const iterator = toAsyncIterable(new Counter(3), { on: rt.handle })[Symbol.asyncIterator]();
      const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
      assert.deepEqual(
        results.map((result) => result.value),
        [1, 2, 3, undefined],
      );
    });

    it(
      "works in async code that a task waits for, on the task's runtime",
      test(function* () {
        const iterable = toAsyncIterable(new Counter(3));
        assert.deepEqual(yield* fromPromise(() => collect(iterable)), [1, 2, 3]);
      }, options),
    );

    it(
      "there and back again",
      test(function* () {
        using source = fromAsyncIterable(toAsyncIterable(new Counter(2)));
        assert.deepEqual([yield* source.next(), yield* source.next(), yield* source.next()], [1, 2, undefined]);
        const back = toAsyncIterable(fromAsyncIterable(collectable([5, 6])));
        assert.deepEqual(yield* fromPromise(() => collect(back)), [5, 6]);
      }, options),
    );
  });
}

describe("toAsyncIterable", () => {
  it("is lazy: nothing is called before the loop begins, and close not without it", async () => {
    const calls: string[] = [];
    const iterable = toAsyncIterable(
      () => {
        calls.push("next");
        return ready(undefined);
      },
      { close: () => void calls.push("close") },
    );
    const iterator = iterable[Symbol.asyncIterator]();
    assert.deepEqual(calls, []);
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    assert.deepEqual(calls, ["next", "close"]);
  });

  it("without a runtime it polls by itself: enough for what is woken from anywhere", async () => {
    const gates = [new Gate<string>(), new Gate<string>()];
    let at = 0;
    const items = collect(toAsyncIterable(() => gates[at++] ?? ready<string | undefined>(undefined)));
    await turn();
    gates[0]?.open("one");
    await turn();
    gates[1]?.open("two");
    assert.deepEqual(await items, ["one", "two"]);
  });

  it("without a runtime: errors and cancellation as with one", async () => {
    const gate = new Gate<string>();
    const failing = collect(toAsyncIterable(() => gate));
    await turn();
    gate.fail(new Error("failed"));
    await assert.rejects(failing, /failed/);
    const waiting = new Gate<string>();
    const iterator = toAsyncIterable(() => waiting)[Symbol.asyncIterator]();
    const next = iterator.next();
    await turn();
    await iterator.return?.();
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.equal(waiting.drops, 1);
  });

  it("a loop whose runtime is shut down is told so", async () => {
    const rt = new Runtime();
    const loop = collect(toAsyncIterable(() => pending(), { on: rt.handle }));
    await turn();
    const down = rt.shutdown();
    await assert.rejects(loop, RuntimeShutdownError);
    await down;
    await assert.rejects(collect(toAsyncIterable(() => ready(1), { on: rt.handle })), RuntimeShutdownError);
  });

  it("an interval as an async iterable", async () => {
    await using rt = new Runtime();
    let count = 0;
    using _guard = rt.enter();
    const ticks = interval(1);
    for await (const tick of toAsyncIterable(() => ticks.tick(), { on: rt.handle })) {
      assert(tick !== undefined);
      if (++count === 3) break;
    }
    assert.equal(count, 3);
  });

  it("tells what is wrong with an argument", async () => {
    for (const wrong of [undefined, 5, {}, Promise.resolve(1)]) {
      assert.throws(
        () => toAsyncIterable(wrong as never),
        (error) => error instanceof InvalidArgumentError && /^toAsyncIterable: source must be/.test(error.message),
      );
    }
    assert.throws(() => toAsyncIterable(new Counter(1), { close: 5 as never }), /options\.close must be a function/);
    assert.throws(() => toAsyncIterable(new Counter(1), { on: 5 as never }), /options\.on must be a Handle/);
    await assert.rejects(collect(toAsyncIterable((() => 5) as never)), /toAsyncIterable: expected a future/);
    await assert.rejects(collect(toAsyncIterable((async () => 5) as never)), /fromPromise/);
  });

  it("leaves nothing behind: a process with a finished loop has no task", async () => {
    await using rt = new Runtime();
    await collect(toAsyncIterable(new Counter(5), { on: rt.handle }));
    await rt.run(settle());
    assert.equal(rt.metrics().numAliveTasks, 0);
  });
});

async function* collectable<T>(items: readonly T[]) {
  yield* items;
}

it("an error of an item is kept when close() fails, too", async () => {
  await using rt = new Runtime();
  const items = toAsyncIterable((): never => assert.fail("item"), {
    on: rt.handle,
    close: () => assert.fail("close"),
  });
  await assert.rejects(collect(items), (error: { error?: Error; suppressed?: Error }) => {
    return error.error?.message === "close" && error.suppressed?.message === "item";
  });
});
