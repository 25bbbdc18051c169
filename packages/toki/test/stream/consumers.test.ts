import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Future, fn, Pending, pending, select, yieldNow } from "toki";
import { empty, fromIter, type Stream, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { drops, now, waiting, woken } from "../sync/support.js";
import { fault, item, Script } from "./support.js";

/** What owns the stream and takes it to its end. */
const owners: Record<string, (s: Stream<number>) => Future<unknown>> = {
  collect: (s) => s.collect(),
  fold: (s) => s.fold(0, (sum, n) => sum + n),
  forEach: (s) => s.forEach(() => {}),
};

describe("Stream.collect", () => {
  it("waits for the end", () => {
    const s = Script.open<number>();
    const task = waiting(s.collect());
    s.give(1);
    assert.ok(task.isWoken);
    assertPending(task.poll());
    s.give(2, 3);
    assertPending(task.poll());
    s.end();
    assert.deepEqual(woken(task), [1, 2, 3]);
  });

  it("of nothing", () => {
    assert.deepEqual(now(empty().collect()), []);
  });

  it("keeps items that are undefined", () => {
    assert.deepEqual(now(fromIter([undefined, undefined]).collect()), [undefined, undefined]);
  });

  it("stops at the first error", () => {
    const s = new Script([item(1), fault("first"), item(2), fault("second")]);
    const task = testTask(s.collect());
    assert.throws(() => task.poll(), { message: "first" });
    assert.deepEqual([s.polls, s.drops], [2, 1]);
  });

  it("drains a channel that is closed", () => {
    const [tx, rx] = mpsc.channel<number>(4);
    tx.trySend(1);
    tx.trySend(2);
    rx.close();
    assert.deepEqual(now(stream(rx).collect()), [1, 2]);
  });

  it("says how far it is", () => {
    const s = Script.open<number>();
    const task = waiting(s.collect());
    s.give(1);
    task.poll();
    assert.equal(task.inner.describe(), "script.collect (1 so far)");
  });
});

describe("Stream.fold", () => {
  it("combines from the left", () => {
    assert.equal(now(fromIter(["a", "b"]).fold("", (text, letter) => `${text}${letter}`)), "ab");
    assert.equal(now(empty().fold(7, () => 0)), 7);
  });

  it("an error of the function ends it", () => {
    const s = Script.of(1, 2);
    const task = testTask(
      s.fold(0, () => {
        throw new Error("no");
      }),
    );
    assert.throws(() => task.poll(), { message: "no" });
    assert.deepEqual([s.polls, s.drops], [1, 1]);
  });
});

describe("collect, fold, forEach own the stream", () => {
  for (const [name, run] of Object.entries(owners)) {
    it(`${name}: drops it at the end, and awaits its cleanup`, () => {
      const s = Script.of(1);
      s.cleanup = 1;
      const task = testTask(run(s));
      assertPending(task.poll());
      assert.ok(task.isWoken);
      assertReady(task.poll());
      assert.equal(s.drops, 1);
      assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    });

    it(`${name}: an error is thrown once the cleanup has ended`, () => {
      const s = new Script([fault("no")]);
      s.cleanup = 1;
      const task = testTask(run(s as Script<number>));
      assertPending(task.poll());
      assert.throws(() => task.poll(), { message: "no" });
      assert.equal(s.drops, 1);
    });

    for (const { name: manner, drop } of drops) {
      it(`${name}: ${manner} while it waits, the stream is dropped`, () => {
        const s = Script.open<number>();
        const task = waiting(run(s));
        drop(task);
        assert.ok(s.isDropped);
        assert.throws(() => testTask(task.inner).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
      });

      it(`${name}: ${manner} without a poll, the stream is as it was`, () => {
        const s = Script.of(1);
        drop(testTask(run(s)));
        assert.deepEqual([s.polls, s.isDropped], [0, false]);
        assert.equal(now(s.next()), 1);
      });
    }

    it(`${name}: cancelled, it awaits the cleanup of the stream`, () => {
      const s = Script.open<number>();
      s.cleanup = 2;
      const task = waiting(run(s));
      assertPending(task.cancel());
      assertPending(task.cancel());
      assert.notEqual(task.cancel(), Pending);
      assert.deepEqual([s.cancels, s.drops], [3, 1]);
    });
  }

  it("an error and a failing cleanup are thrown as one", () => {
    const s = new Script<number>([fault("item")]);
    s.pollCancel = () => {
      throw new Error("cleanup");
    };
    assert.throws(
      () => testTask(s.collect()).poll(),
      (error: any) =>
        error.name === "SuppressedError" && error.error.message === "cleanup" && error.suppressed.message === "item",
    );
  });
});

describe("Stream.all, any", () => {
  it("all: true of every item, and of none", () => {
    assert.equal(now(fromIter([2, 4]).all((n) => n % 2 === 0)), true);
    assert.equal(now(empty().all(() => false)), true);
  });

  it("any: false of every item, and of none", () => {
    assert.equal(now(fromIter([1, 3]).any((n) => n % 2 === 0)), false);
    assert.equal(now(empty().any(() => true)), false);
  });

  it("stop at the first item that decides; the others stay in the stream", () => {
    const s = Script.of(1, 2, 3, 4);
    assert.equal(now(s.all((n) => n < 2)), false);
    assert.equal(s.polls, 2);
    assert.equal(now(s.any((n) => n === 3)), true);
    assert.equal(now(s.next()), 4);
    assert.equal(s.isDropped, false);
  });

  it("wait, and are woken", () => {
    const s = Script.open<number>();
    const task = waiting(s.any((n) => n === 2));
    s.give(1);
    assert.ok(task.isWoken);
    assertPending(task.poll());
    s.give(2);
    assert.equal(woken(task), true);
    assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    assert.equal(task.inner.describe(), "script.any");
  });

  it("an error item ends the search, and not the stream", () => {
    const s = new Script([item(1), fault("no"), item(2)]);
    assert.throws(() => testTask(s.all(() => true)).poll(), { message: "no" });
    assert.equal(now(s.next()), 2);
  });

  for (const { name, drop } of drops) {
    it(`${name} while they wait: what comes later stays in the stream`, () => {
      const s = Script.open<number>();
      s.give(1);
      const task = waiting(s.all(() => true));
      drop(task);
      assert.equal(s.stops, 1);
      s.give(2);
      assert.equal(now(s.next()), 2);
    });
  }
});

describe("Stream.forEach", () => {
  it("takes a plain function", () => {
    const seen: number[] = [];
    now(fromIter([1, 2]).forEach((n) => void seen.push(n)));
    assert.deepEqual(seen, [1, 2]);
  });

  it("awaits a function* body, a future, a generator before the next item", () => {
    let gate = new Gate();
    const method = {
      *run() {
        yield* gate;
      },
    };
    const bodies: ((n: number) => unknown)[] = [
      function* () {
        yield* gate;
      },
      fn(function* () {
        yield* gate;
      }),
      () => gate,
      () => method.run(),
    ];
    for (const body of bodies) {
      const s = Script.of(1, 2);
      const task = waiting(s.forEach(body));
      assert.equal(s.polls, 1);
      gate.open();
      assertReady(task.poll());
      assert.equal(s.polls, 3);
      gate = new Gate();
    }
  });

  it("refuses a promise", () => {
    const task = testTask(fromIter([1]).forEach(async () => {}));
    assert.throws(() => task.poll(), { code: "TOKI_NOT_A_FUTURE" });
  });

  it("what the body throws ends it, and the stream is dropped", () => {
    const s = Script.of(1, 2);
    const task = testTask(
      s.forEach(function* (n) {
        throw new Error(`no ${n}`);
      }),
    );
    assert.throws(() => task.poll(), { message: "no 1" });
    assert.equal(s.drops, 1);
  });

  it(
    "cancelled, the body's cleanup is awaited, and the stream's",
    test(function* () {
      const log: string[] = [];
      const s = Script.of(1);
      s.cleanup = 1;
      const each = s.forEach(function* () {
        try {
          yield* pending();
        } finally {
          yield* yieldNow();
          log.push("body");
        }
      });
      yield* select.biased({ each, other: yieldNow() });
      assert.deepEqual(log, ["body"]);
      assert.equal(s.drops, 1);
    }),
  );
});
