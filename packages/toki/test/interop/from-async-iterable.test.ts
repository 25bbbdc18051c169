import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { setTimeout as delay, setInterval } from "node:timers/promises";
import {
  type AsyncSource,
  fn,
  fromAsyncIterable,
  fromPromise,
  Instant,
  InvalidArgumentError,
  MisuseError,
  Runtime,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { since } from "../support/elapsed.js";
import { flavors } from "../support/flavors.js";
import { outcomeOf, settle, turn } from "../task/support.js";

/** An async iterator whose results are given by hand. */
class Script<T> implements AsyncIterable<T>, AsyncIterator<T> {
  opened = 0;
  pulls = 0;
  returns = 0;
  onReturn: () => unknown = () => {};
  #resolve: ((result: IteratorResult<T>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  [Symbol.asyncIterator](): this {
    this.opened++;
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    assert.equal(this.#resolve, undefined, "next() must not be called while one is under way");
    this.pulls++;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  async return(): Promise<IteratorResult<T>> {
    this.returns++;
    await this.onReturn();
    return { done: true, value: undefined };
  }

  get isPulled(): boolean {
    return this.#resolve !== undefined;
  }

  give(value: T): Promise<void> {
    return this.#settle(() => this.#resolve?.({ done: false, value }));
  }

  end(): Promise<void> {
    return this.#settle(() => this.#resolve?.({ done: true, value: undefined }));
  }

  fail(error: unknown): Promise<void> {
    return this.#settle(() => this.#reject?.(error));
  }

  #settle(settle: () => void): Promise<void> {
    assert(this.isPulled);
    settle();
    this.#resolve = undefined;
    this.#reject = undefined;
    return turn();
  }
}

const collect = fn(function* collect<T>(source: AsyncSource<T>) {
  const items: T[] = [];
  for (;;) {
    const item = yield* source.next();
    if (item === undefined) return items;
    items.push(item);
  }
});

async function* count(to: number, log: string[] = []) {
  try {
    for (let n = 1; n <= to; n++) yield n;
    log.push("ended");
  } finally {
    log.push("released");
  }
}

describe("fromAsyncIterable by hand", () => {
  it("is lazy: opened by the first poll, pulled once for each item", async () => {
    const script = new Script<string>();
    const source = fromAsyncIterable(script);
    const first = source.next();
    assert.deepEqual([script.opened, script.pulls], [0, 0]);
    const task = testTask(first);
    assertPending(task.poll());
    assertPending(task.poll());
    assert.deepEqual([script.opened, script.pulls], [1, 1]);
    await script.give("one");
    assert(task.isWoken);
    assert.equal(assertReady(task.poll()), "one");
    assert.equal(script.pulls, 1, "nothing is pulled ahead");
    const second = testTask(source.next());
    assertPending(second.poll());
    await script.end();
    assert.equal(assertReady(second.poll()), undefined);
    assert(source.isEnded);
    assert.equal(assertReady(testTask(source.next()).poll()), undefined);
    assert.deepEqual([script.opened, script.pulls, script.returns], [1, 2, 0]);
  });

  it("is cancel safe: an item that comes after its future was dropped is given to the next", async () => {
    const script = new Script<string>();
    const source = fromAsyncIterable(script);
    const lost = testTask(source.next());
    assertPending(lost.poll());
    lost.cancel();
    assert.equal(script.returns, 0, "the source goes on");
    const waiting = testTask(source.next());
    assertPending(waiting.poll());
    assert.equal(script.pulls, 1);
    await script.give("kept");
    assert(!lost.isWoken && waiting.isWoken);
    waiting.cancel();
    assert.equal(assertReady(testTask(source.next()).poll()), "kept");
  });

  it("an error is thrown once, to whoever asks next, and is no unhandled rejection", async () => {
    const seen: unknown[] = [];
    const note = (error: unknown) => seen.push(error);
    process.on("unhandledRejection", note);
    const script = new Script<string>();
    const source = fromAsyncIterable(script);
    const lost = testTask(source.next());
    assertPending(lost.poll());
    lost.cancel();
    await script.fail(new Error("broken"));
    assert.throws(() => testTask(source.next()).poll(), /broken/);
    assert(!source.isEnded);
    const again = testTask(source.next());
    assertPending(again.poll());
    await script.give("recovered");
    assert.equal(assertReady(again.poll()), "recovered");
    process.off("unhandledRejection", note);
    assert.deepEqual(seen, []);
  });

  it("what the iterator throws synchronously is thrown; a result that is no object is an error", async () => {
    const throwing = fromAsyncIterable({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw new Error("next throws");
        },
      }),
    });
    assert.throws(() => testTask(throwing.next()).poll(), /next throws/);
    const broken = fromAsyncIterable({
      [Symbol.asyncIterator]: () => {
        throw new Error("open throws");
      },
    });
    assert.throws(() => testTask(broken.next()).poll(), /open throws/);
    assert(broken.isEnded);
    const wrong = fromAsyncIterable({ [Symbol.asyncIterator]: () => ({ next: async () => 5 as never }) });
    const task = testTask(wrong.next());
    assertPending(task.poll());
    await turn();
    assert.throws(() => task.poll(), /next\(\) resolved with 5, which is not an object/);
  });

  it("one task at a time waits for it", async () => {
    const source = fromAsyncIterable(new Script<string>());
    const first = testTask(source.next());
    assertPending(first.poll());
    assert.throws(
      () => testTask(source.next()).poll(),
      (error) => error instanceof MisuseError && error.code === "TOKI_FUTURE_IN_USE",
    );
    first.cancel();
    assertPending(testTask(source.next()).poll());
  });

  it("dispose calls return() once, wakes who waits, and what comes later is ignored", async () => {
    const script = new Script<string>();
    const source = fromAsyncIterable(script);
    const waiting = testTask(source.next());
    assertPending(waiting.poll());
    source[Symbol.dispose]();
    source[Symbol.dispose]();
    assert(waiting.isWoken && source.isEnded);
    assert.equal(assertReady(waiting.poll()), undefined);
    await script.give("late");
    assert.equal(assertReady(testTask(source.next()).poll()), undefined);
    assert.equal(script.returns, 1);
  });

  it("dispose of a source that was never polled, or has ended, calls nothing", async () => {
    const unopened = new Script<string>();
    fromAsyncIterable(unopened)[Symbol.dispose]();
    assert.deepEqual([unopened.opened, unopened.returns], [0, 0]);
    const ended = new Script<string>();
    const source = fromAsyncIterable(ended);
    const task = testTask(source.next());
    assertPending(task.poll());
    await ended.end();
    source[Symbol.dispose]();
    assert.equal(ended.returns, 0);
    assert.equal(task.poll(), undefined);
  });

  it("an error of return() is ignored by dispose and thrown by close", async () => {
    const make = () => {
      const script = new Script<string>();
      script.onReturn = () => {
        throw new Error("return throws");
      };
      const source = fromAsyncIterable(script);
      testTask(source.next()).poll();
      return source;
    };
    make()[Symbol.dispose]();
    await turn();
    await using rt = new Runtime();
    assert.equal(await rt.run(outcomeOf(make().close())), "threw return throws");
    const without = fromAsyncIterable({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) });
    testTask(without.next()).poll();
    await rt.run(without.close());
  });

  it("takes an async iterable, or a function that makes one", async () => {
    for (const wrong of [undefined, 5, [1, 2], ready(), Promise.resolve(1)]) {
      assert.throws(
        () => fromAsyncIterable(wrong as never),
        (error) => error instanceof InvalidArgumentError && /iterable must be an async iterable/.test(error.message),
      );
    }
    const source = fromAsyncIterable((() => 5) as never);
    assert.throws(() => testTask(source.next()).poll(), /must be an async iterable or a function/);
  });

  it("says what it waits for", () => {
    assert.equal(fromAsyncIterable(count(1)).next().describe(), "next of an async iterable");
  });
});

for (const { name, options } of flavors) {
  describe(`fromAsyncIterable in tasks [${name}]`, () => {
    it(
      "gives every item of an async generator, then undefined",
      test(function* () {
        const log: string[] = [];
        assert.deepEqual(yield* collect(fromAsyncIterable(count(3, log))), [1, 2, 3]);
        assert.deepEqual(log, ["ended", "released"]);
      }, options),
    );

    it(
      "works with streams and events",
      test(function* () {
        assert.deepEqual(yield* collect(fromAsyncIterable<string>(Readable.from(["a", "b"]))), ["a", "b"]);
        const web = new ReadableStream<number>({
          start(controller) {
            controller.enqueue(1);
            controller.enqueue(2);
            controller.close();
          },
        });
        assert.deepEqual(yield* collect(fromAsyncIterable<number>(web as never)), [1, 2]);
        const emitter = new EventEmitter();
        using events = fromAsyncIterable<unknown[]>((signal) => on(emitter, "data", { signal }));
        const next = spawn(events.next());
        yield* settle();
        emitter.emit("data", "event");
        assert.deepEqual(yield* next, ["event"]);
      }, options),
    );

    it(
      "close awaits the release; a generator's finally runs",
      test(function* () {
        const log: string[] = [];
        const source = fromAsyncIterable(
          (async function* () {
            try {
              yield 1;
              yield 2;
            } finally {
              await delay(1);
              log.push("released");
            }
          })(),
        );
        assert.equal(yield* source.next(), 1);
        yield* source.close();
        assert.deepEqual(log, ["released"]);
        yield* source.close();
        assert.equal(yield* source.next(), undefined);
      }, options),
    );

    it(
      "closing aborts the signal, which gets a generator out of its await",
      test(function* () {
        const log: string[] = [];
        const source = fromAsyncIterable(async function* (signal) {
          try {
            for await (const _ of setInterval(1, undefined, { signal })) yield "tick";
          } finally {
            log.push(`released, aborted: ${signal.aborted}`);
          }
        });
        assert.equal(yield* source.next(), "tick");
        const { key } = yield* select.biased({ next: source.next(), other: yieldNow() });
        assert.equal(key, "other");
        yield* outcomeOf(source.close());
        assert.deepEqual(log, ["released, aborted: true"]);
      }, options),
    );

    it(
      "a using block releases it on abort",
      test(function* () {
        const log: string[] = [];
        const task = spawn(function* () {
          using source = fromAsyncIterable(count(100, log));
          assert.equal(yield* source.next(), 1);
          yield* sleep(60_000);
        });
        yield* fromPromise(turn);
        yield* settle();
        task.abort();
        yield* outcomeOf(task);
        yield* fromPromise(turn);
        assert.deepEqual(log, ["released"]);
      }, options),
    );

    it(
      "loses nothing however often a timeout takes the wait away",
      test(function* () {
        const items: number[] = [];
        using source = fromAsyncIterable(
          (async function* () {
            for (let n = 0; n < 20; n++) {
              await delay(1);
              yield n;
            }
          })(),
        );
        for (;;) {
          const winner = yield* select({ item: source.next(), tick: fromPromise(turn) });
          if (winner.key === "tick") continue;
          if (winner.value === undefined) break;
          items.push(winner.value as number);
        }
        assert.deepEqual(
          items,
          Array.from({ length: 20 }, (_, n) => n),
        );
      }, options),
    );
  });
}

describe("fromAsyncIterable and the paused clock", () => {
  it("does not advance by itself while somebody waits for an item that has work under way", async () => {
    await using rt = new Runtime({ startPaused: true });
    await rt.run(function* () {
      using source = fromAsyncIterable(
        (async function* () {
          for (;;) {
            await stat(".");
            yield "read";
          }
        })(),
      );
      const start = Instant.now();
      for (let i = 0; i < 5; i++) assert.equal(yield* timeout(10_000, source.next()), "read");
      assert.equal(since(start), 0);
      // Nobody waits now: time moves, although the iterator is at work.
      const { key } = yield* select.biased({ next: source.next(), other: yieldNow() });
      assert.equal(key, "other");
      yield* sleep(10_000);
      assert.equal(since(start), 10_000);
    });
  });
});

function ready() {
  return { next: () => ({ done: true }) };
}

it("a result that throws when it is read is an error of the source", async () => {
  for (const result of [
    { get: "done", done: false },
    { get: "value", done: false },
  ]) {
    Object.defineProperty(result, result.get, { get: () => assert.fail("read") });
    const source = fromAsyncIterable({ [Symbol.asyncIterator]: () => ({ next: async () => result as never }) });
    const task = testTask(source.next());
    assertPending(task.poll());
    await turn();
    assert.throws(() => task.poll(), /read/);
    source[Symbol.dispose]();
  }
});
