import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Future, MisuseError, Pending, type Poll, pending, Runtime, select, spawn, yieldNow } from "toki";
import { Done, empty, fromIter, once, pendingStream, Stream, stream } from "toki/stream";
import { assertPending, assertReady, assertReadyEq, test, testTask } from "toki/test";
import { drops, now, stillWaiting, waiting, woken } from "../sync/support.js";
import { Script } from "./support.js";

describe("Stream.next", () => {
  it("gives the items in order, then undefined", () => {
    const s = Script.of(1, 2);
    assert.equal(now(s.next()), 1);
    assert.equal(now(s.next()), 2);
    assert.equal(now(s.next()), undefined);
  });

  it("waits, and is woken by an item", () => {
    const s = Script.open<number>();
    const next = waiting(s.next());
    stillWaiting(next);
    s.give(1);
    assert.equal(woken(next), 1);
  });

  it("is lazy", () => {
    const s = Script.of(1);
    s.next();
    assert.equal(s.polls, 0);
  });

  it("throws an error item, and goes on behind it", () => {
    const s = Script.open<number>();
    s.fail("first");
    s.give(1);
    assert.throws(() => testTask(s.next()).poll(), { message: "first" });
    assert.equal(now(s.next()), 1);
    s.fail("second");
    assert.throws(() => testTask(s.tryNext()).poll(), { message: "second" });
    s.end();
    assert.equal(now(s.tryNext()), undefined);
  });

  it("gives an item that is undefined", () => {
    const s = fromIter([undefined, 1]);
    assert.equal(now(s.next()), undefined);
    assert.equal(now(s.next()), 1);
  });

  it("cannot be polled after completion", () => {
    const s = Script.of(1, 2);
    const next = s.next();
    assert.equal(now(next), 1);
    assert.throws(() => testTask(next).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    assert.equal(now(s.next()), 2);
  });

  it("cannot be polled after an error", () => {
    const s = Script.open<number>();
    s.fail("no");
    const next = s.next();
    assert.throws(() => testTask(next).poll(), { message: "no" });
    assert.throws(() => testTask(next).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });

  it("many awaits use one future", () => {
    const s = fromIter([1, 2]);
    const first = s.next();
    now(first);
    assert.equal(s.next(), first);
    assert.notEqual(s.next(), first);
  });

  for (const { name, drop } of drops) {
    it(`${name} while it waits: no item is lost, and the source is told that nobody waits`, () => {
      const s = Script.open<number>();
      const next = waiting(s.next());
      drop(next);
      assert.equal(s.stops, 1);
      assert.equal(s.isDropped, false);
      s.give(1);
      assert.equal(next.isWoken, false);
      assert.equal(now(s.next()), 1);
    });

    it(`${name} without a poll: nothing happens`, () => {
      const s = Script.of(1);
      drop(testTask(s.next()));
      assert.deepEqual([s.polls, s.stops], [0, 0]);
      assert.equal(now(s.next()), 1);
    });
  }

  it("refuses a second task while one waits, which then gets its item", () => {
    const s = Script.open<number>();
    const rt = new Runtime();
    const guard = rt.enter();
    try {
      const first = waiting(s.next());
      const second = testTask(s.next());
      assert.throws(
        () => second.poll(),
        (error) => error instanceof MisuseError && error.code === "TOKI_FUTURE_IN_USE",
      );
      s.give(1);
      assert.equal(woken(first), 1);
    } finally {
      guard[Symbol.dispose]();
    }
  });

  it(
    "may wait in another task once the first has let go",
    test(function* () {
      const s = Script.open<number>();
      const first = spawn(function* () {
        yield* select.biased({ item: s.next(), other: yieldNow() });
      });
      yield* first;
      const second = spawn(function* () {
        return yield* s.next();
      });
      yield* yieldNow();
      s.give(7);
      assert.equal(yield* second, 7);
    }),
  );

  it("describes what it waits for", () => {
    const s = fromIter([1])
      .map((n) => n)
      .filter(() => true);
    assert.equal(s.next().describe(), "next of fromIter.map.filter");
  });
});

describe("Stream: dropping", () => {
  it("dispose and cancel reach the source through every adapter", () => {
    const chains: ((s: Stream<number>) => Stream<unknown>)[] = [
      (s) => s.map((n) => n),
      (s) => s.mapAsync(() => pending()),
      (s) => s.filter(() => true),
      (s) => s.filterMap((n) => n),
      (s) => s.mapWhile((n) => n),
      (s) => s.merge(pendingStream()),
      (s) => empty().merge(s),
      (s) => s.chain(empty()),
      (s) => pendingStream().chain(s),
      (s) => s.take(3),
      (s) => s.takeWhile(() => true),
      (s) => s.skip(3),
      (s) => s.skipWhile(() => false),
      (s) => s.fuse(),
      (s) => s.peekable(),
      (s) => s.results(),
      (s) => s.throttle(0),
      (s) => s.chunksTimeout(3, 10),
      (s) => s.map(() => pending()).buffered(2),
      (s) => s.map(() => pending()).bufferUnordered(2),
    ];
    const rt = new Runtime({ startPaused: true });
    for (const chain of chains) {
      for (const polled of [false, true]) {
        const disposed = Script.open<number>();
        const a = chain(disposed);
        if (polled) assertPending(testTask(a.next(), { runtime: rt }).poll());
        {
          using _guard = rt.enter();
          a[Symbol.dispose]();
        }
        assert.equal(disposed.isDropped, true, `${a.describe()} disposed`);

        const cancelled = Script.open<number>();
        cancelled.cleanup = 1;
        const b = chain(cancelled);
        const task = testTask(b.cancel(), { runtime: rt });
        assertPending(task.poll());
        assert.ok(task.isWoken);
        assertReady(task.poll());
        assert.equal(cancelled.drops, 1, `${b.describe()} cancelled`);
      }
    }
  });

  it("a wait that ends reaches the source through every adapter", () => {
    const rt = new Runtime({ startPaused: true });
    const chains: ((s: Stream<number>) => Stream<unknown>)[] = [
      (s) => s.map((n) => n),
      (s) => s.mapAsync(() => pending()),
      (s) => s.merge(pendingStream()),
      (s) => s.chain(empty()),
      (s) => s.fuse().peekable().results(),
      (s) => s.throttle(5),
      (s) => s.chunksTimeout(3, 10),
      (s) => s.map(() => pending()).buffered(2),
      (s) => s.byRef(),
    ];
    for (const chain of chains) {
      const s = Script.open<number>();
      const next = testTask(chain(s).next(), { runtime: rt });
      assertPending(next.poll());
      next[Symbol.dispose]();
      assert.equal(s.stops, 1, chain(s).describe());
      assert.equal(s.isDropped, false);
    }
  });

  it("cancel() that was never polled does nothing; dropped later, the cleanup goes on", () => {
    const s = Script.of(1);
    s.cleanup = 2;
    testTask(s.cancel())[Symbol.dispose]();
    assert.equal(s.cancels, 0);
    const task = testTask(s.cancel());
    assertPending(task.poll());
    assertPending(task.cancel());
    assert.notEqual(task.cancel(), Pending);
    assert.deepEqual([s.cancels, s.drops], [3, 1]);
  });

  it(
    "dispose inside a runtime: cleanup that awaits goes on as a task",
    test(function* () {
      const log: string[] = [];
      const s = fromIter([1]).mapAsync(function* () {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      {
        using dropped = s;
        assert.equal((yield* select.biased({ item: dropped.next(), other: yieldNow() })).key, "other");
      }
      assert.deepEqual(log, []);
      for (let i = 0; i < 4; i++) yield* yieldNow();
      assert.deepEqual(log, ["cleanup"]);
    }),
  );

  it("the default pollCancel disposes", () => {
    let disposed = 0;
    class Plain extends Stream<number> {
      pollNext(): Poll<number | typeof Done> {
        return Done;
      }
      override [Symbol.dispose](): void {
        disposed++;
      }
    }
    now(new Plain().cancel());
    assert.equal(disposed, 1);
    assert.equal(new Plain().describe(), "Plain");
  });
});

describe("Stream: arguments", () => {
  const s = () => fromIter([1]);
  const rows: [string, string, () => unknown][] = [
    ["map", "f", () => s().map(1 as never)],
    ["filter", "predicate", () => s().filter(undefined as never)],
    ["filterMap", "f", () => s().filterMap({} as never)],
    ["mapWhile", "f", () => s().mapWhile("f" as never)],
    ["takeWhile", "predicate", () => s().takeWhile(null as never)],
    ["skipWhile", "predicate", () => s().skipWhile(1 as never)],
    ["take", "n", () => s().take(-1)],
    ["skip", "n", () => s().skip(1.5)],
    ["merge", "other", () => s().merge([1] as never)],
    ["chain", "other", () => s().chain(undefined as never)],
    [
      "buffered",
      "n",
      () =>
        s()
          .map(() => pending())
          .buffered(0),
    ],
    [
      "bufferUnordered",
      "n",
      () =>
        s()
          .map(() => pending())
          .bufferUnordered(Number.NaN),
    ],
    ["chunksTimeout", "size", () => s().chunksTimeout(0, 10)],
    ["chunksTimeout", "duration", () => s().chunksTimeout(1, -1)],
    ["throttle", "duration", () => s().throttle("1s" as never)],
    ["timeout", "duration", () => s().timeout(-1)],
    ["timeoutRepeating", "interval", () => s().timeoutRepeating(10 as never)],
    ["fold", "f", () => s().fold(0, 1 as never)],
    ["all", "predicate", () => s().all(1 as never)],
    ["any", "predicate", () => s().any(1 as never)],
    ["forEach", "body", () => s().forEach(1 as never)],
  ];
  for (const [method, argument, call] of rows) {
    it(`Stream.${method}: ${argument}`, () => {
      assert.throws(call, (error: unknown) => {
        assert.equal((error as { code?: string }).code, "TOKI_INVALID_ARGUMENT");
        assert.equal((error as { argument?: string }).argument, argument);
        assert.ok((error as Error).message.startsWith(`Stream.${method}: `), (error as Error).message);
        return true;
      });
    });
  }

  it("Stream.mapAsync: a body", () => {
    assert.throws(() => s().mapAsync(1 as never), { code: "TOKI_NOT_A_FUTURE" });
  });

  it("stream: a source", () => {
    for (const source of [1, undefined, null, {}, Promise.resolve(1), pending() as Future<unknown>]) {
      assert.throws(() => stream(source as never), { code: "TOKI_INVALID_ARGUMENT", argument: "source" });
    }
  });

  it("fromIter: an iterable, and no future", () => {
    for (const source of [1, undefined, {}, pending()]) {
      assert.throws(() => fromIter(source as never), { code: "TOKI_INVALID_ARGUMENT", argument: "iterable" });
    }
  });
});

describe("simple streams", () => {
  it("once", () => {
    const s = once(1);
    assert.equal(now(s.next()), 1);
    assert.equal(now(s.next()), undefined);
    assert.equal(now(s.next()), undefined);
    const dropped = once(1);
    dropped[Symbol.dispose]();
    assert.equal(now(dropped.next()), undefined);
  });

  it("empty", () => {
    assert.equal(now(empty().next()), undefined);
    assert.deepEqual(now(empty().collect()), []);
  });

  it("pendingStream", () => {
    const next = waiting(pendingStream().next());
    stillWaiting(next);
  });

  it("byRef: a loan that is dropped drops nothing", () => {
    const s = Script.of(1, 2, 3, 4);
    assert.deepEqual(now(s.byRef().take(2).collect()), [1, 2]);
    s.byRef()[Symbol.dispose]();
    now(s.byRef().cancel());
    assert.equal(s.isDropped, false);
    assert.deepEqual(now(s.byRef().collect()), [3, 4]);
    assert.equal(s.isDropped, false);
  });

  it("a plain value of pollNext reaches who polls by hand", () => {
    const task = testTask(pending());
    const s = fromIter([1]);
    assertReadyEq(
      task.enter((cx) => s.pollNext(cx)),
      1,
    );
    assert.equal(
      task.enter((cx) => s.pollNext(cx)),
      Done,
    );
  });
});
