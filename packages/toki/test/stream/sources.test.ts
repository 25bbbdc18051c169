import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import {
  consumeBudget,
  type Future,
  fn,
  fromAsyncIterable,
  Instant,
  interval,
  JoinError,
  JoinSet,
  pending,
  ready,
  select,
  sleep,
  yieldNow,
} from "toki";
import { fromIter, repeatWith, type Stream, stream, unfold } from "toki/stream";
import { assertPending, assertReadyEq, test, testTask } from "toki/test";
import { DelayQueue, JoinMap, JoinQueue } from "toki/util";
import { since } from "../support/elapsed.js";
import { Gate } from "../support/gate.js";
import { implementations } from "../sync/implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "../sync/support.js";
import { settle } from "../task/support.js";
import { failsWith, Script } from "./support.js";

const paused = { startPaused: true } as const;

describe("stream(Stream)", () => {
  it("gives it back", () => {
    const s = Script.of(1);
    assert.equal(stream(s), s);
  });
});

describe("fromIter", () => {
  it("iterates when the first item is asked for", () => {
    let opened = 0;
    const iterable = {
      [Symbol.iterator]() {
        opened++;
        return [1, 2][Symbol.iterator]();
      },
    };
    const s = fromIter(iterable);
    assert.equal(opened, 0);
    assert.deepEqual(now(s.collect()), [1, 2]);
    assert.equal(opened, 1);
  });

  it("arrays, sets, maps, text, generators; stream() takes them too", () => {
    assert.deepEqual(now(stream([1, 2]).collect()), [1, 2]);
    assert.deepEqual(now(stream(new Set("abca")).collect()), ["a", "b", "c"]);
    assert.deepEqual(now(stream("hé").collect()), ["h", "é"]);
    assert.deepEqual(
      now(
        stream(
          (function* () {
            yield 1;
            yield 2;
          })(),
        ).collect(),
      ),
      [1, 2],
    );
  });

  it("an array that grows meanwhile, as its iterator would", () => {
    const items = [1];
    const s = fromIter(items);
    assert.equal(now(s.next()), 1);
    items.push(2);
    assert.equal(now(s.next()), 2);
    assert.equal(now(s.next()), undefined);
    items.push(3);
    assert.equal(now(s.next()), undefined);
  });

  it("an array that a callback shortens, or a stream that it drops", () => {
    const items = [1, 2, 3, 4];
    const shortened = fromIter(items).map((n) => {
      if (n === 2) items.length = 2;
      return n;
    });
    assert.deepEqual(now(shortened.collect()), [1, 2]);
    const dropped: Stream<number> = fromIter([1, 2, 3]).map((n) => {
      if (n === 2) dropped[Symbol.dispose]();
      return n;
    });
    assert.deepEqual(now(dropped.collect()), [1, 2]);
  });

  it("calls return() when it is dropped before the end, and not after it", () => {
    const log: string[] = [];
    function* numbers() {
      try {
        yield 1;
        yield 2;
      } finally {
        log.push("returned");
      }
    }
    const s = fromIter(numbers());
    now(s.next());
    s[Symbol.dispose]();
    assert.deepEqual(log, ["returned"]);
    assert.equal(now(s.next()), undefined);
    assert.deepEqual(now(fromIter(numbers()).collect()), [1, 2]);
    assert.deepEqual(log, ["returned", "returned"]);
  });

  it("what the iterable throws is an error item", () => {
    function* failing() {
      yield 1;
      throw new Error("no");
    }
    const s = fromIter(failing());
    assert.equal(now(s.next()), 1);
    failsWith(() => testTask(s.next()).poll(), "no");
    assert.equal(now(s.next()), undefined);
    const broken = fromIter({
      [Symbol.iterator](): Iterator<number> {
        throw new Error("broken");
      },
    });
    failsWith(() => testTask(broken.next()).poll(), "broken");
    assert.equal(now(broken.next()), undefined);
  });

  it("each item takes one unit of budget: a long one lets others run", () => {
    for (const s of [
      fromIter(Array.from({ length: 300 }, (_, i) => i)),
      fromIter(new Set(Array.from({ length: 300 }, (_, i) => i))),
      repeatWith(() => 1).take(300),
    ]) {
      let seen = 0;
      const task = testTask(
        s.forEach(() => {
          seen++;
        }),
      );
      assertPending(task.poll());
      assert.deepEqual([seen, task.isWoken], [128, true]);
      assertPending(task.poll());
      assert.deepEqual([seen, task.isWoken], [256, true]);
      task.poll();
      assert.equal(seen, 300);
    }
  });

  it("without budget it is not asked", () => {
    const s = fromIter([1]);
    const task = testTask(function* () {
      for (let i = 0; i < 128; i++) yield* consumeBudget();
      return yield* s.next();
    });
    assertPending(task.poll());
    assertReadyEq(task.poll(), 1);
  });
});

for (const { name: implementation, module } of implementations) {
  const { mpsc } = module;
  describe(`stream(mpsc receiver) [${implementation}]`, () => {
    it("the messages, then the end once the channel is closed and drained", () => {
      const [tx, rx] = mpsc.channel<number>(4);
      const s = stream(rx);
      tx.trySend(1);
      tx.trySend(2);
      rx.close();
      assert.deepEqual([now(s.next()), now(s.next()), now(s.next())], [1, 2, undefined]);
      tx[Symbol.dispose]();
    });

    it("waits for messages, and for the end of the senders", () => {
      const [tx, rx] = mpsc.unboundedChannel<number>();
      const s = stream(rx);
      let next = waiting(s.next());
      tx.send(1);
      assert.equal(woken(next), 1);
      next = waiting(s.next());
      tx[Symbol.dispose]();
      assert.equal(woken(next), undefined);
    });

    it("a permit keeps it open", () => {
      const [tx, rx] = mpsc.channel<number>(1);
      const s = stream(rx);
      const permit = tx.tryReserve();
      rx.close();
      const next = waiting(s.next());
      permit.send(5);
      assert.equal(woken(next), 5);
      assert.equal(now(s.next()), undefined);
      tx[Symbol.dispose]();
    });

    it("makes room for senders that wait", () => {
      const [tx, rx] = mpsc.channel<number>(1);
      const s = stream(rx);
      tx.trySend(1);
      const send = waiting(tx.send(2));
      assert.equal(now(s.next()), 1);
      woken(send);
      assert.equal(now(s.next()), 2);
      tx[Symbol.dispose]();
    });

    for (const { name, drop } of drops) {
      it(`next() ${name}: the message is still there, for the stream and for rx`, () => {
        const [tx, rx] = mpsc.channel<number>(4);
        const s = stream(rx);
        const next = waiting(s.next());
        drop(next);
        tx.trySend(1);
        assert.equal(next.isWoken, false);
        tx.trySend(2);
        assert.equal(now(s.next()), 1);
        assert.equal(now(rx.recv()), 2);
        tx[Symbol.dispose]();
      });
    }

    it("owns the receiver: dropped, senders fail, and the stream has ended", () => {
      const [tx, rx] = mpsc.channel<number>(1);
      const s = stream(rx).map((n) => n);
      s[Symbol.dispose]();
      assert.equal(tx.isClosed, true);
      assert.equal(now(s.next()), undefined);
      tx[Symbol.dispose]();
    });

    it("refuses a receive beside it", () => {
      const [tx, rx] = mpsc.channel<number>(1);
      const next = waiting(stream(rx).next());
      assert.throws(() => testTask(rx.recv()).poll(), { name: "ConcurrentRecvError" });
      tx.trySend(1);
      assert.equal(woken(next), 1);
      tx[Symbol.dispose]();
    });
  });
}

for (const { name: implementation, module } of implementations) {
  const { broadcast, LaggedError, watch } = module;

  describe(`stream(broadcast receiver) [${implementation}]`, () => {
    it("each value, then the end once the senders are gone", () => {
      const [tx, rx] = broadcast<number>(4);
      const s = stream(rx);
      const next = waiting(s.next());
      tx.send(1);
      assert.equal(woken(next), 1);
      tx.send(2);
      tx[Symbol.dispose]();
      assert.deepEqual([now(s.next()), now(s.next())], [2, undefined]);
    });

    it("a lag is an error item, and the stream goes on", () => {
      const [tx, rx] = broadcast<number>(2);
      const s = stream(rx).map((n) => n);
      for (let n = 1; n <= 5; n++) tx.send(n);
      assert.throws(
        () => testTask(s.next()).poll(),
        (error) => error instanceof LaggedError && error.skipped === 3,
      );
      assert.deepEqual([now(s.next()), now(s.next())], [4, 5]);
      const next = waiting(s.next());
      tx[Symbol.dispose]();
      assert.equal(woken(next), undefined);
    });

    for (const { name, drop } of drops) {
      it(`next() ${name}: the value comes next`, () => {
        const [tx, rx] = broadcast<number>(4);
        const s = stream(rx);
        const next = waiting(s.next());
        drop(next);
        tx.send(1);
        assert.equal(next.isWoken, false);
        assert.equal(now(s.next()), 1);
        tx[Symbol.dispose]();
      });
    }

    it("owns the receiver", () => {
      const [tx, rx] = broadcast<number>(4);
      const s = stream(rx);
      assert.equal(tx.receiverCount, 1);
      s[Symbol.dispose]();
      assert.equal(tx.receiverCount, 0);
      assert.equal(now(s.next()), undefined);
      tx[Symbol.dispose]();
    });
  });

  describe(`stream(watch receiver) [${implementation}]`, () => {
    it("the value there is, then the latest of the changes", () => {
      const [tx, rx] = watch(1);
      const s = stream(rx);
      assert.equal(now(s.next()), 1);
      const next = waiting(s.next());
      tx.send(2);
      tx.send(3);
      assert.equal(woken(next), 3);
      stillWaiting(waiting(s.next()));
      tx[Symbol.dispose]();
    });

    it("initial: false waits for a change", () => {
      const [tx, rx] = watch(1);
      const s = stream(rx, { initial: false });
      const next = waiting(s.next());
      tx.send(2);
      assert.equal(woken(next), 2);
      assert.throws(() => stream(rx, { initial: 1 as never }), { argument: "options.initial" });
      tx[Symbol.dispose]();
    });

    it("ends with the senders; a change before is still seen", () => {
      const [tx, rx] = watch(1);
      const s = stream(rx);
      assert.equal(now(s.next()), 1);
      tx.send(2);
      tx[Symbol.dispose]();
      assert.deepEqual([now(s.next()), now(s.next()), now(s.next())], [2, undefined, undefined]);
    });

    it("the first value, also when the senders are gone", () => {
      const [tx, rx] = watch(1);
      tx[Symbol.dispose]();
      assert.deepEqual(now(stream(rx).collect()), [1]);
    });

    for (const { name, drop } of drops) {
      it(`next() ${name}: the change comes next`, () => {
        const [tx, rx] = watch(1);
        const s = stream(rx, { initial: false });
        const next = waiting(s.next());
        tx.send(2);
        drop(next);
        assert.equal(now(s.next()), 2);
        tx[Symbol.dispose]();
      });
    }

    it("owns the receiver", () => {
      const [tx, rx] = watch(1);
      const s = stream(rx);
      assert.equal(tx.receiverCount, 1);
      s[Symbol.dispose]();
      assert.equal(tx.receiverCount, 0);
      tx[Symbol.dispose]();
    });
  });
}

describe("stream(interval)", () => {
  it(
    "the instants of the ticks, without end",
    test(function* () {
      const start = Instant.now();
      const s = stream(interval(10));
      const ticks = yield* s.byRef().take(3).collect();
      assert.deepEqual(
        ticks.map((tick) => tick.durationSince(start)),
        [0, 10, 20],
      );
      assert.equal(since(start), 20);
      assert.equal(s.describe(), "interval (10 ms)");
    }, paused),
  );

  it(
    "a next() that is dropped loses no tick, and leaves no timer",
    test(function* () {
      const start = Instant.now();
      const s = stream(interval(10));
      yield* s.next();
      yield* select.biased({ tick: s.next(), other: yieldNow() });
      yield* sleep(7);
      assert.equal(since(start), 7);
      assert.equal((yield* s.next())!.durationSince(start), 10);
      s[Symbol.dispose]();
      assert.equal(yield* s.next(), undefined);
    }, paused),
  );
});

describe("stream(JoinSet)", () => {
  it(
    "values in the order the tasks end; what failed is an error item; ends when the set is empty",
    test(function* () {
      const gates = [new Gate<number>(), new Gate<number>(), new Gate<number>()];
      const set = new JoinSet(gates);
      const s = stream(set);
      gates[2]!.open(2);
      assert.equal(yield* s.next(), 2);
      gates[0]!.fail(new Error("no"));
      try {
        yield* s.next();
        assert.fail("an error item was due");
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic());
        assert.equal((error.cause as Error).message, "no");
      }
      gates[1]!.open(1);
      assert.equal(yield* s.next(), 1);
      assert.equal(yield* s.next(), undefined);
      set.spawn(ready(7));
      assert.equal(yield* s.next(), 7);
    }),
  );

  it(
    "dropping it aborts the tasks; cancel awaits their cleanup",
    test(function* () {
      const log: string[] = [];
      const guarded = fn(function* () {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("cleanup");
        }
      });
      const s = stream(new JoinSet<void>([guarded(), guarded()]));
      yield* settle();
      assert.equal(s.describe(), "JoinSet (2 left)");
      yield* s.cancel();
      assert.deepEqual(log, ["cleanup", "cleanup"]);

      const dropped = stream(new JoinSet<void>([guarded()]));
      yield* settle();
      dropped[Symbol.dispose]();
      yield* settle();
      assert.equal(log.length, 3);
    }),
  );
});

describe("stream of what toki/util joins and delays", () => {
  it(
    "JoinQueue: values in the order of the tasks",
    test(function* () {
      const gates = [new Gate<number>(), new Gate<number>()] as const;
      const s: Stream<number> = stream(new JoinQueue(gates));
      gates[1].open(1);
      yield* settle();
      gates[0].fail(new Error("no"));
      try {
        yield* s.next();
        assert.fail("an error item was due");
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic());
      }
      assert.deepEqual(yield* s.collect(), [1]);
    }),
  );

  it(
    "JoinMap: keys and results; dropped, its tasks are aborted",
    test(function* () {
      const map = new JoinMap<string, number>();
      const handle = map.spawn("a", ready(1));
      const s = stream(map);
      assert.deepEqual(yield* s.next(), ["a", { ok: true, id: handle.id, value: 1 }]);
      assert.equal(yield* s.next(), undefined);
      const gate = new Gate<number>();
      map.spawn("b", gate);
      yield* settle();
      s[Symbol.dispose]();
      yield* settle();
      assert.deepEqual([map.size, gate.drops], [0, 1]);
    }),
  );

  it(
    "DelayQueue: what has expired, in order; goes on with what comes later",
    test(function* () {
      const start = Instant.now();
      const queue = new DelayQueue<string>();
      queue.insert("late", 20);
      queue.insert("early", 10);
      const s = stream(queue).map(({ value }) => value);
      assert.deepEqual([yield* s.next(), yield* s.next(), yield* s.next()], ["early", "late", undefined]);
      assert.equal(since(start), 20);
      queue.insert("again", 5);
      assert.equal(yield* s.next(), "again");
    }, paused),
  );
});

describe("stream(a reader)", () => {
  for (const method of ["nextLine", "nextSegment", "nextEntry"] as const) {
    it(method, () => {
      const pieces = ["a", "b"];
      let disposed = 0;
      const reader = {
        [method]: () => ready(pieces.shift()),
        [Symbol.dispose]: () => void disposed++,
      };
      const s = stream(reader as unknown as { nextLine(): Future<string | undefined> });
      assert.deepEqual(now(s.collect()), ["a", "b"]);
      assert.equal(disposed, 1);
    });
  }

  it("an error is an item, and the reader is asked again", () => {
    const outcomes: (string | Error | undefined)[] = ["a", new Error("no"), "b", undefined];
    const s = stream({
      nextLine: fn(function* () {
        const outcome = outcomes.shift();
        if (outcome instanceof Error) throw outcome;
        return outcome;
      }),
    });
    assert.equal(now(s.next()), "a");
    failsWith(() => testTask(s.next()).poll(), "no");
    assert.deepEqual(now(s.collect()), ["b"]);
  });
});

describe("stream(async iterable)", () => {
  it(
    "async generators, Node streams, functions that make one",
    test(function* () {
      async function* letters() {
        yield "a";
        yield "b";
      }
      assert.deepEqual(yield* stream(letters()).collect(), ["a", "b"]);
      assert.deepEqual(yield* stream(Readable.from(["x", "y"])).collect(), ["x", "y"]);
      let given: AbortSignal | undefined;
      const s = stream((signal) => {
        given = signal;
        return letters();
      });
      assert.equal(yield* s.next(), "a");
      yield* s.cancel();
      assert.equal(given?.aborted, true);
    }),
  );

  it(
    "items that are undefined are items",
    test(function* () {
      async function* nothings() {
        yield undefined;
        yield undefined;
      }
      assert.deepEqual(yield* stream(nothings()).collect(), [undefined, undefined]);
    }),
  );

  it(
    "a next() that is dropped loses nothing: the promise under way is kept",
    test(function* () {
      let resolve: (result: IteratorResult<number>) => void = () => {};
      let asked = 0;
      const s = stream<number>({
        [Symbol.asyncIterator]: () => ({
          next() {
            asked++;
            return new Promise<IteratorResult<number>>((done) => {
              resolve = done;
            });
          },
        }),
      });
      yield* select.biased({ item: s.next(), other: yieldNow() });
      yield* select.biased({ item: s.next(), other: yieldNow() });
      assert.equal(asked, 1);
      resolve({ done: false, value: 7 });
      assert.equal(yield* s.next(), 7);
    }),
  );

  it(
    "what it rejects with is an error item; a generator has ended then",
    test(function* () {
      async function* failing() {
        yield 1;
        throw new Error("no");
      }
      const s = stream(failing());
      assert.equal(yield* s.next(), 1);
      try {
        yield* s.next();
        assert.fail("an error item was due");
      } catch (error) {
        assert.equal((error as Error).message, "no");
      }
      assert.equal(yield* s.next(), undefined);
    }),
  );

  it(
    "cancel calls return() and awaits it; so does the end of collect",
    test(function* () {
      const log: string[] = [];
      async function* numbers() {
        try {
          for (let n = 1; ; n++) yield n;
        } finally {
          await new Promise<void>((resolve) => setImmediate(resolve));
          log.push("returned");
        }
      }
      const s = stream(numbers());
      yield* s.next();
      yield* s.cancel();
      assert.deepEqual(log, ["returned"]);
      assert.equal(yield* s.next(), undefined);
      assert.deepEqual(yield* stream(numbers()).take(2).collect(), [1, 2]);
      assert.deepEqual(log, ["returned", "returned"]);
    }),
  );

  it(
    "an error of return() is thrown by cancel",
    test(function* () {
      async function* numbers() {
        try {
          yield 1;
        } finally {
          throw new Error("no");
        }
      }
      const s = stream(numbers());
      yield* s.next();
      try {
        yield* s.cancel();
        assert.fail("an error was due");
      } catch (error) {
        assert.equal((error as Error).message, "no");
      }
      yield* s.cancel();
    }),
  );

  it(
    "takes over what fromAsyncIterable made",
    test(function* () {
      async function* letters() {
        yield "a";
        yield "b";
      }
      const source = fromAsyncIterable(letters());
      assert.equal(yield* source.next(), "a");
      assert.deepEqual(yield* stream(source).collect(), ["b"]);
      assert.ok(source.isEnded);
    }),
  );
});

describe("unfold", () => {
  it("steps until undefined", () => {
    const s = unfold(1, (n) => ready(n > 4 ? undefined : ([n * n, n + 1] as const)));
    assert.deepEqual(now(s.collect()), [1, 4, 9, 16]);
    assert.equal(now(s.next()), undefined);
  });

  it("a next() that is dropped neither stops nor restarts a step", () => {
    const gate = new Gate<readonly [string, number]>();
    let steps = 0;
    const s = unfold(0, () => {
      steps++;
      return gate;
    });
    waiting(s.next())[Symbol.dispose]();
    gate.open(["a", 1]);
    assert.equal(now(s.next()), "a");
    assert.equal(steps, 1);
  });

  it("a step that throws is the last item", () => {
    const s = unfold(0, (): Future<readonly [number, number] | undefined> => {
      throw new Error("no");
    });
    failsWith(() => testTask(s.next()).poll(), "no");
    assert.equal(now(s.next()), undefined);
  });

  it("dropped, the step is cancelled", () => {
    const gate = new Gate<readonly [string, number]>();
    const s = unfold(0, () => gate);
    waiting(s.next())[Symbol.dispose]();
    const task = testTask(s.cancel());
    assert.equal(task.poll(), undefined);
    assert.equal(gate.drops, 1);
    assert.equal(now(s.next()), undefined);
    assert.throws(() => unfold(0, 1 as never), { code: "TOKI_NOT_A_FUTURE" });
  });
});

describe("repeatWith", () => {
  it("calls its function for each item", () => {
    let n = 0;
    assert.deepEqual(
      now(
        repeatWith(() => ++n)
          .take(3)
          .collect(),
      ),
      [1, 2, 3],
    );
    assert.equal(n, 3);
    assert.throws(() => repeatWith(1 as never), { argument: "f" });
  });
});
