import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Future, fn, pending, ready, yieldNow } from "toki";
import { empty, fromIter, generate, notifyClose, once, pendingStream, Stream, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { assertPending, assertReady, assertReadyEq, test, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { now, stillWaiting, waiting, woken } from "../sync/support.js";
import { failsWith, fault, item, Script } from "./support.js";

const numbers = (to: number) => fromIter(Array.from({ length: to }, (_, i) => i + 1));
const next = <T>(s: Stream<T>) => testTask(s.next()).poll();

describe("Stream.map, filter, filterMap", () => {
  it("map applies the function", () => {
    assert.deepEqual(
      now(
        numbers(3)
          .map((n) => `${n}`)
          .collect(),
      ),
      ["1", "2", "3"],
    );
  });

  it("filter keeps what the predicate is true for", () => {
    assert.deepEqual(
      now(
        numbers(6)
          .filter((n) => n % 2 === 0)
          .collect(),
      ),
      [2, 4, 6],
    );
  });

  it("filter narrows the type", () => {
    const mixed: Stream<string | number> = fromIter<string | number>(["a", 1]);
    const texts: Stream<string> = mixed.filter((x) => typeof x === "string");
    assert.deepEqual(now(texts.collect()), ["a"]);
  });

  it("filterMap leaves out undefined, and nothing else", () => {
    const s = fromIter([1, 2, 3]).filterMap((n) => (n === 2 ? undefined : n === 1 ? null : false));
    assert.deepEqual(now(s.collect()), [null, false]);
  });

  it("what a callback throws comes in the item's place, and the stream goes on", () => {
    const throwing = (n: number): never | boolean => {
      if (n === 2) throw new Error("two");
      return true;
    };
    for (const make of [
      (s: Stream<number>) => s.map(throwing),
      (s: Stream<number>) => s.filter(throwing),
      (s: Stream<number>) => s.filterMap(throwing),
      (s: Stream<number>) => s.mapWhile(throwing),
      (s: Stream<number>) => s.takeWhile(throwing),
      (s: Stream<number>) => s.skipWhile((n) => !throwing(n)),
      (s: Stream<number>) => s.mapAsync((n) => ready(throwing(n))),
    ]) {
      const s = make(numbers(3)) as Stream<unknown>;
      const outcomes: unknown[] = [];
      for (const result of now(s.results().collect()))
        outcomes.push(result.ok ? "item" : (result.error as Error).message);
      if (s.describe().endsWith("skipWhile")) assert.deepEqual(outcomes, ["item", "item", "item"]);
      else assert.deepEqual(outcomes, ["item", "two", "item"], s.describe());
    }
  });

  it("skipWhile: a predicate that throws is asked again for the next item", () => {
    const s = numbers(4).skipWhile((n) => {
      if (n === 2) throw new Error("two");
      return n < 4;
    });
    failsWith(() => next(s), "two");
    assertReadyEq(next(s), 4);
  });

  it("error items pass through every adapter, and the items behind them come", () => {
    for (const make of [
      (s: Stream<number>) => s.map((n) => n),
      (s: Stream<number>) => s.mapAsync((n) => ready(n)),
      (s: Stream<number>) => s.filter(() => true),
      (s: Stream<number>) => s.filterMap((n) => n),
      (s: Stream<number>) => s.mapWhile((n) => n),
      (s: Stream<number>) => s.takeWhile(() => true),
      (s: Stream<number>) => s.skipWhile(() => false),
      (s: Stream<number>) => s.take(9),
      (s: Stream<number>) => s.skip(0),
      (s: Stream<number>) => s.fuse(),
      (s: Stream<number>) => s.peekable(),
      (s: Stream<number>) => s.byRef(),
      (s: Stream<number>) => s.throttle(0),
      (s: Stream<number>) => s.merge(empty()),
      (s: Stream<number>) => empty().chain(s),
      (s: Stream<number>) => s.map((n) => ready(n)).buffered(1),
      (s: Stream<number>) => s.map((n) => ready(n)).bufferUnordered(1),
    ]) {
      const s = make(new Script([item(1), fault("a"), fault("b"), item(2)]));
      assertReadyEq(next(s), 1, s.describe());
      failsWith(() => next(s), "a");
      failsWith(() => next(s), "b");
      assertReadyEq(next(s), 2);
      assertReadyEq(next(s), undefined);
    }
  });
});

describe("Stream.mapWhile", () => {
  it("ends at the first undefined, drops the source there and never asks it again", () => {
    const s = Script.of(1, 2, 3, 4);
    const mapped = s.mapWhile((n) => (n < 3 ? n * 10 : undefined));
    assertReadyEq(next(mapped), 10);
    assertReadyEq(next(mapped), 20);
    assert.equal(s.drops, 0);
    assertReadyEq(next(mapped), undefined);
    assert.deepEqual([s.drops, s.polls], [1, 3]);
    assertReadyEq(next(mapped), undefined);
    assert.equal(s.polls, 3);
  });

  it("awaits the cleanup of the source before the end", () => {
    const s = Script.of(1);
    s.cleanup = 2;
    const end = testTask(s.mapWhile(() => undefined).next());
    assertPending(end.poll());
    assertPending(end.poll());
    assertReadyEq(end.poll(), undefined);
    assert.deepEqual([s.cancels, s.drops], [3, 1]);
  });
});

describe("Stream.take, takeWhile, skip, skipWhile", () => {
  it("take never asks for an item more, and drops the source at the end", () => {
    const s = Script.of(1, 2, 3);
    const taken = s.take(2);
    assertReadyEq(next(taken), 1);
    assertReadyEq(next(taken), 2);
    assertReadyEq(next(taken), undefined);
    assertReadyEq(next(taken), undefined);
    assert.deepEqual([s.polls, s.isDropped], [2, true]);
  });

  it("take(0) asks for none", () => {
    const s = Script.of(1);
    assert.deepEqual(now(s.take(0).collect()), []);
    assert.equal(s.polls, 0);
  });

  it("take of more than there are", () => {
    const s = Script.of(1, 2);
    const taken = s.take(5);
    assert.deepEqual([next(taken), next(taken), next(taken), next(taken)], [1, 2, undefined, undefined]);
  });

  it("take counts error items", () => {
    const taken = new Script([fault("no"), item(1), item(2)]).take(2);
    failsWith(() => next(taken), "no");
    assertReadyEq(next(taken), 1);
    assertReadyEq(next(taken), undefined);
  });

  it("takeWhile discards the item that failed, and ends", () => {
    const s = Script.of(1, 2, 3, 1);
    assert.deepEqual(
      now(
        s
          .byRef()
          .takeWhile((n) => n < 3)
          .collect(),
      ),
      [1, 2],
    );
    assert.deepEqual(now(s.collect()), [1]);
  });

  it("skip leaves out the first items; an error among them counts, and is thrown", () => {
    assert.deepEqual(now(numbers(4).skip(2).collect()), [3, 4]);
    assert.deepEqual(now(numbers(2).skip(5).collect()), []);
    const s = new Script([item(1), fault("no"), item(3)]).skip(2);
    failsWith(() => next(s), "no");
    assertReadyEq(next(s), 3);
  });

  it("skip goes on where a pending poll stopped", () => {
    const s = new Script([item(1), "pending", item(2), "pending", item(3)]).skip(2);
    const task = testTask(s.next());
    assertPending(task.poll());
    assertPending(task.poll());
    assertReadyEq(task.poll(), 3);
  });

  it("skipWhile asks its predicate no more after the first item that is kept", () => {
    let asked = 0;
    const s = fromIter([1, 5, 1]).skipWhile((n) => {
      asked++;
      return n < 3;
    });
    assert.deepEqual(now(s.collect()), [5, 1]);
    assert.equal(asked, 2);
  });
});

describe("Stream.merge", () => {
  it("alternates which one is asked first", () => {
    const s = fromIter([0, 2, 4, 6]).merge(fromIter([1, 3, 5]));
    assert.deepEqual(now(s.collect()), [0, 1, 2, 3, 4, 5, 6]);
  });

  it("is woken by either, and ends when both have", () => {
    const a = Script.open<number>();
    const b = Script.open<number>();
    const merged = a.merge(b);
    let task = waiting(merged.next());
    a.give(1);
    assert.equal(woken(task), 1);
    task = waiting(merged.next());
    b.give(2);
    assert.equal(woken(task), 2);
    task = waiting(merged.next());
    a.end();
    assert.ok(task.isWoken);
    assertPending(task.poll());
    b.give(3);
    assert.equal(woken(task), 3);
    task = waiting(merged.next());
    b.end();
    assert.equal(woken(task), undefined);
    assert.equal(now(merged.next()), undefined);
  });

  it("one that always has an item does not starve the other", () => {
    const endless = generate<string>(function* (emit) {
      for (;;) yield* emit("endless");
    });
    const merged = endless.merge(fromIter(["a", "b"])).take(5);
    assert.deepEqual(
      now(merged.collect()).filter((x) => x !== "endless"),
      ["a", "b"],
    );
  });

  it("drops the one that has ended while the other goes on", () => {
    const a = Script.of(1);
    const b = Script.open<number>();
    const merged = a.merge(b);
    now(merged.next());
    waiting(merged.next());
    assert.equal(a.drops, 1);
    assert.equal(b.isDropped, false);
  });

  it("the errors of both cleanups are thrown as one", () => {
    class Failing extends Stream<never> {
      readonly message: string;
      constructor(message: string) {
        super();
        this.message = message;
      }
      pollNext() {
        return pendingStream().pollNext(undefined as never);
      }
      override [Symbol.dispose](): void {
        throw new Error(this.message);
      }
    }
    const task = testTask(new Failing("a").merge(new Failing("b")).cancel());
    assert.throws(
      () => task.poll(),
      (error: any) =>
        error.name === "SuppressedError" && error.error.message === "b" && error.suppressed.message === "a",
    );
  });
});

describe("Stream.chain", () => {
  it("asks the second one only when the first has ended and is dropped", () => {
    const a = Script.open<number>();
    const b = Script.of(2);
    const chained = a.chain(b);
    const task = waiting(chained.next());
    assert.equal(b.polls, 0);
    a.end();
    assert.equal(woken(task), 2);
    assert.deepEqual([a.drops, a.polls], [1, 2]);
    assert.equal(now(chained.next()), undefined);
  });

  it("awaits the cleanup of the first", () => {
    const a = Script.of<number>();
    a.cleanup = 1;
    const task = testTask(a.chain(once(2)).next());
    assertPending(task.poll());
    assertReadyEq(task.poll(), 2);
  });
});

describe("Stream.fuse", () => {
  /** Has an item at every other poll, and its end in between. */
  class Flickering extends Stream<number> {
    #n = 0;
    pollNext() {
      return this.#n++ % 2 === 0 ? this.#n : empty().pollNext(undefined as never);
    }
  }

  it("stays at the end", () => {
    const bare = new Flickering();
    assert.deepEqual([next(bare), next(bare), next(bare)], [1, undefined, 3]);
    const fused = new Flickering().fuse();
    assert.deepEqual([next(fused), next(fused), next(fused), next(fused)], [1, undefined, undefined, undefined]);
  });

  it("drops the source when it ends", () => {
    const s = Script.of(1);
    const fused = s.fuse();
    now(fused.next());
    assert.equal(s.isDropped, false);
    now(fused.next());
    assert.equal(s.drops, 1);
  });
});

describe("Stream.peekable", () => {
  it("peek leaves the item", () => {
    const s = numbers(2).peekable();
    assert.equal(now(s.peek()), 1);
    assert.equal(now(s.peek()), 1);
    assert.equal(now(s.next()), 1);
    assert.equal(now(s.next()), 2);
    assert.equal(now(s.peek()), undefined);
    assert.equal(now(s.next()), undefined);
    assert.equal(now(s.peek()), undefined);
  });

  it("peek keeps an item that is undefined", () => {
    const s = fromIter([undefined, 1]).peekable();
    assert.equal(now(s.peek()), undefined);
    assert.deepEqual(now(s.collect()), [undefined, 1]);
  });

  it("an error item is thrown by every peek, and by the next that takes it", () => {
    const s = new Script([fault("no"), item(1)]).peekable();
    failsWith(() => testTask(s.peek()).poll(), "no");
    failsWith(() => testTask(s.peek()).poll(), "no");
    failsWith(() => next(s), "no");
    assert.equal(now(s.peek()), 1);
    assert.equal(now(s.next()), 1);
  });

  it("a peek that waits is woken, and refuses polls after it is done", () => {
    const source = Script.open<number>();
    const s = source.peekable();
    const task = waiting(s.peek());
    stillWaiting(task);
    source.give(5);
    assert.equal(woken(task), 5);
    assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    assert.equal(task.inner.describe(), "peek of script.peekable");
  });
});

describe("Stream.mapAsync", () => {
  it("one at a time, in order", () => {
    const gates = [new Gate<string>("a"), new Gate<string>("b")];
    const s = Script.of(0, 1);
    const mapped = s.mapAsync((n) => gates[n]!);
    const task = waiting(mapped.next());
    assert.equal(s.polls, 1);
    gates[1]!.open("b");
    stillWaiting(task);
    gates[0]!.open("a");
    assert.equal(woken(task), "a");
    assert.equal(s.polls, 1);
    assert.equal(now(mapped.next()), "b");
    assert.equal(now(mapped.next()), undefined);
  });

  it("takes a function* body, a method's generator, an fn", () => {
    const double = fn(function* (n: number) {
      yield* ready(0);
      return n * 2;
    });
    assert.deepEqual(now(numbers(2).mapAsync(double).collect()), [2, 4]);
    assert.deepEqual(
      now(
        numbers(2)
          .mapAsync(function* (n) {
            return (yield* double(n)) + 1;
          })
          .collect(),
      ),
      [3, 5],
    );
  });

  it("a next() that is dropped neither stops nor restarts what is under way", () => {
    const gate = new Gate<string>();
    let calls = 0;
    const mapped = Script.of(1, 2).mapAsync(() => {
      calls++;
      return gate;
    });
    waiting(mapped.next())[Symbol.dispose]();
    assert.deepEqual([calls, gate.drops], [1, 0]);
    gate.open("done");
    assert.equal(now(mapped.next()), "done");
    assert.equal(calls, 1);
  });

  it("the failure of a future is an error item", () => {
    const mapped = numbers(3).mapAsync(function* (n) {
      if (n === 2) throw new Error("two");
      return n;
    });
    assertReadyEq(next(mapped), 1);
    failsWith(() => next(mapped), "two");
    assertReadyEq(next(mapped), 3);
  });

  it("a function that returns no future is refused, in the item's place", () => {
    const mapped = numbers(1).mapAsync((() => Promise.resolve(1)) as never);
    assert.throws(() => next(mapped), { code: "TOKI_NOT_A_FUTURE" });
  });

  it(
    "dropping the stream cancels what is under way, and awaits its cleanup with that of the source",
    test(function* () {
      const log: string[] = [];
      const source = Script.of(1);
      source.cleanup = 1;
      const mapped = source.mapAsync(function* () {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      const task = testTask(mapped.next());
      assertPending(task.poll());
      task[Symbol.dispose]();
      yield* mapped.cancel();
      assert.deepEqual(log, ["cleanup"]);
      assert.equal(source.drops, 1);
    }),
  );
});

describe("Stream.buffered, bufferUnordered", () => {
  const opened = <T>(value: T) => {
    const gate = new Gate<T>();
    gate.open(value);
    return gate;
  };

  it("buffered: in the order of the items, up to n at a time", () => {
    const gates = Array.from({ length: 4 }, () => new Gate<number>());
    const source = fromIter(gates);
    const s = source.buffered(2);
    let task = waiting(s.next());
    assert.deepEqual(
      gates.map((gate) => gate.isWaitedFor),
      [true, true, false, false],
    );
    gates[1]!.open(1);
    assert.ok(task.isWoken);
    assertPending(task.poll());
    assert.equal(gates[2]!.isWaitedFor, false, "a value that was not taken counts");
    gates[0]!.open(0);
    assert.equal(woken(task), 0);
    assert.equal(now(s.next()), 1);
    task = waiting(s.next());
    gates[3]!.open(3);
    assert.ok(task.isWoken);
    assertPending(task.poll());
    gates[2]!.open(2);
    assert.equal(woken(task), 2);
    assert.equal(now(s.next()), 3);
    assert.equal(now(s.next()), undefined);
    assert.equal(now(s.next()), undefined);
  });

  it("bufferUnordered: in the order they are done", () => {
    const gates = Array.from({ length: 3 }, () => new Gate<number>());
    const s = fromIter(gates).bufferUnordered(3);
    const task = waiting(s.next());
    gates[2]!.open(2);
    assert.equal(woken(task), 2);
    gates[1]!.open(1);
    assert.equal(now(s.next()), 1);
    gates[0]!.open(0);
    assert.equal(now(s.next()), 0);
    assert.equal(now(s.next()), undefined);
  });

  for (const [name, n] of [
    ["few", 4],
    ["many", 100],
  ] as const) {
    it(`${name} at a time: each is polled when it was woken, all come out`, () => {
      const gates = Array.from({ length: 250 }, () => new Gate<number>());
      const s = fromIter(gates).bufferUnordered(n);
      const got: number[] = [];
      const order = gates.map((_, i) => (i * 7) % 250);
      const open = new Set<number>();
      let task = testTask(s.next());
      let poll = task.poll();
      while (poll !== undefined) {
        if (typeof poll === "number") {
          got.push(poll);
          task = testTask(s.next());
        } else {
          const i = order.find((i) => !open.has(i) && gates[i]!.isWaitedFor) as number;
          open.add(i);
          gates[i]!.open(i);
          assert.ok(task.isWoken);
        }
        poll = task.poll();
      }
      assert.deepEqual(
        got.toSorted((a, b) => a - b),
        gates.map((_, i) => i),
      );
      if (name === "many")
        assert.ok(
          gates.every((gate) => gate.polls <= 2),
          "polled without a wake",
        );
    });
  }

  for (const ordered of [true, false]) {
    const name = ordered ? "buffered" : "bufferUnordered";
    const make = (s: Stream<Future<number>>, n: number) => (ordered ? s.buffered(n) : s.bufferUnordered(n));

    it(`${name}: failures of futures and error items of the source come in their places`, () => {
      const bad = new Gate<number>();
      bad.fail(new Error("future"));
      const s = make(new Script([item(opened(1)), fault("source"), item(bad), item(opened(4))]), 2);
      const outcomes = now(s.results().collect()).map((r) => (r.ok ? r.value : (r.error as Error).message));
      if (ordered) assert.deepEqual(outcomes, [1, "source", "future", 4]);
      else assert.deepEqual(outcomes.toSorted(), [1, 4, "future", "source"]);
    });

    it(`${name}: an item that is no future is an error item`, () => {
      const s = make(fromIter([1 as never, opened(2)]), 1);
      assert.throws(() => next(s), { code: "TOKI_NOT_A_FUTURE" });
      assertReadyEq(next(s), 2);
    });

    it(`${name}: takes function* bodies; n of 1 is one at a time`, () => {
      let running = 0;
      const body = (n: number) =>
        function* () {
          assert.equal(++running, 1);
          yield* yieldNow();
          running--;
          return n;
        };
      const s = fromIter([1, 2, 3].map(body));
      const task = testTask((ordered ? s.buffered(1) : s.bufferUnordered(1)).collect());
      assertReadyEq(task.pollUntilIdle(), [1, 2, 3]);
    });

    it(`${name}: a next() that is dropped loses nothing`, () => {
      const gates = [new Gate<number>(), new Gate<number>()];
      const s = make(fromIter(gates), 2);
      const task = waiting(s.next());
      gates[1]!.open(1);
      gates[0]!.open(0);
      task[Symbol.dispose]();
      assert.deepEqual(now(s.collect()).toSorted(), [0, 1]);
      assert.equal(gates[0]!.drops + gates[1]!.drops, 0);
    });

    it(
      `${name}: dropping the stream cancels all that is under way, and awaits its cleanup`,
      test(function* () {
        const log: number[] = [];
        const body = (n: number) =>
          Future.from(function* () {
            try {
              yield* pending();
            } finally {
              for (let i = 0; i < n; i++) yield* yieldNow();
              log.push(n);
            }
            return n;
          });
        const source = Script.of(body(2), body(1), body(0));
        const s = make(source, 2);
        const task = testTask(s.next());
        assertPending(task.poll());
        yield* s.cancel();
        assert.deepEqual(log.toSorted(), [1, 2]);
        assert.equal(source.drops, 1);
      }),
    );

    it(`${name}: describes what is under way`, () => {
      const s = make(fromIter([new Gate<number>(), new Gate<number>()]), 2);
      waiting(s.next());
      assert.equal(s.describe(), `fromIter.${name} (2 under way)`);
    });
  }
});

describe("Stream.results", () => {
  it("makes values of error items", () => {
    const s = new Script([item(1), fault("no"), item(undefined)]).results();
    const results = now(s.collect());
    assert.deepEqual(
      results.map((r) => (r.ok ? [r.value] : (r.error as Error).message)),
      [[1], "no", [undefined]],
    );
  });
});

describe("notifyClose", () => {
  it("gives one undefined before the end, once the source is dropped", () => {
    const source = Script.of(1);
    source.cleanup = 1;
    const s = notifyClose(source).results();
    assertReadyEq(next(s), { ok: true, value: 1 });
    const end = testTask(s.next());
    assertPending(end.poll());
    assertReadyEq(end.poll(), { ok: true, value: undefined });
    assert.equal(source.drops, 1);
    assertReadyEq(next(s), undefined);
    assertReadyEq(next(s), undefined);
  });

  it("wants a stream", () => {
    assert.throws(() => notifyClose([] as never), { code: "TOKI_INVALID_ARGUMENT", argument: "source" });
  });
});

describe("a chain of adapters over a channel", () => {
  it("hears of its messages and its end", () => {
    const [tx, rx] = mpsc.channel<number>(4);
    const s = stream(rx)
      .filter((n) => n % 2 === 1)
      .map((n) => n * 10)
      .chain(once(0));
    let task = waiting(s.next());
    tx.trySend(2);
    assert.ok(task.isWoken);
    assertPending(task.poll());
    tx.trySend(3);
    assert.equal(woken(task), 30);
    task = waiting(s.next());
    tx[Symbol.dispose]();
    assert.equal(woken(task), 0);
    assert.equal(assertReady(testTask(s.next()).poll()), undefined);
  });
});
