import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Pending, Runtime, select, spawn, yieldNow } from "toki";
import { empty, fromIter, generate, notifyClose, once, pendingStream, Stream, StreamMap, stream } from "toki/stream";
import { mpsc } from "toki/sync";
import { assertPending, assertReadyEq, test, testTask } from "toki/test";
import { drops, now, stillWaiting, waiting, woken } from "../sync/support.js";
import { failsWith, fault, item, Script } from "./support.js";

const seeded = { flavor: "currentThread", rngSeed: 7 } as const;

describe("StreamMap", () => {
  it("gives items with their keys", () => {
    const [tx1, rx1] = mpsc.channel<string>(4);
    const [tx2, rx2] = mpsc.channel<string>(4);
    const map = new StreamMap<string, string>();
    map.insert("one", stream(rx1));
    map.insert("two", stream(rx2));
    let task = waiting(map.next());
    tx1.trySend("a");
    assert.deepEqual(woken(task), ["one", "a"]);
    task = waiting(map.next());
    tx2.trySend("b");
    assert.deepEqual(woken(task), ["two", "b"]);
    stillWaiting(waiting(map.next()));
    tx1[Symbol.dispose]();
    tx2[Symbol.dispose]();
  });

  it("ends when it is empty, and goes on when it is filled again", () => {
    const map = new StreamMap<number, string>();
    assert.equal(now(map.next()), undefined);
    map.insert(1, once("a"));
    assert.deepEqual(now(map.next()), [1, "a"]);
    assert.equal(map.size, 1);
    assert.equal(now(map.next()), undefined);
    assert.equal(map.size, 0);
    assert.ok(map.isEmpty());
    map.insert(2, once("b"));
    assert.deepEqual(now(map.collect()), [[2, "b"]]);
  });

  it("takes out a stream that has ended", () => {
    const map = new StreamMap<string, number>([
      ["a", fromIter([1])],
      ["b", pendingStream()],
    ]);
    assert.deepEqual(now(map.next()), ["a", 1]);
    assertPending(testTask(map.next()).poll());
    assert.deepEqual([...map.keys()], ["b"]);
    assert.equal(map.containsKey("a"), false);
  });

  it("insert gives back the stream it replaces, as it is", () => {
    const first = Script.of(1, 2);
    const map = new StreamMap([["k", first as Stream<number>]]);
    now(map.next());
    assert.equal(map.insert("k", once(9)), first);
    assert.equal(map.size, 1);
    assert.equal(first.isDropped, false);
    assert.equal(now(first.next()), 2);
    assert.deepEqual(now(map.next()), ["k", 9]);
    assert.equal(map.insert("other", empty()), undefined);
  });

  it("remove gives the stream back", () => {
    const a = Script.of(1);
    const map = new StreamMap<string, number>([
      ["a", a],
      ["b", once(2)],
    ]);
    assert.equal(map.remove("a"), a);
    assert.equal(map.remove("a"), undefined);
    assert.equal(a.isDropped, false);
    assert.deepEqual([...map.keys()], ["b"]);
    assert.deepEqual(now(map.collect()), [["b", 2]]);
  });

  it("keys, values, entries, get, containsKey", () => {
    const [a, b] = [once(1), once(2)];
    const key = {};
    const map = new StreamMap<object | number, number>([
      [key, a],
      [Number.NaN, b],
    ]);
    assert.deepEqual([...map.keys()], [key, Number.NaN]);
    assert.deepEqual([...map.values()], [a, b]);
    assert.deepEqual(
      [...map.entries()],
      [
        [key, a],
        [Number.NaN, b],
      ],
    );
    assert.deepEqual([map.get(key), map.get({}), map.containsKey(Number.NaN)], [a, undefined, true]);
  });

  it("wants streams", () => {
    const map = new StreamMap<string, number>();
    assert.throws(() => map.insert("a", [1] as never), { code: "TOKI_INVALID_ARGUMENT", argument: "stream" });
    assert.equal(map.size, 0);
  });

  it("asks every stream once a round: when several end in one, those moved into their places too", () => {
    for (let seed = 0; seed < 40; seed++) {
      const rt = new Runtime({ flavor: "currentThread", rngSeed: seed });
      const scripts = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? Script.of<number>() : Script.open<number>()));
      const map = new StreamMap(scripts.map((s, i) => [i, s as Stream<number>] as const));
      const task = testTask(map.next(), { runtime: rt });
      assertPending(task.poll());
      assert.deepEqual(
        scripts.map((s) => s.polls),
        [1, 1, 1, 1, 1, 1],
        `seed ${seed}`,
      );
      assert.deepEqual([...map.keys()].toSorted(), [1, 3, 5]);
      scripts[3]!.give(33);
      assert.ok(task.isWoken);
      assertReadyEq(task.poll(), [3, 33]);
    }
  });

  it(
    "begins at random: none of those that always have an item starves the others",
    test(function* () {
      const endless = (name: string) =>
        generate<string>(function* (emit) {
          for (;;) yield* emit(name);
        });
      const map = new StreamMap<string, string>();
      for (const name of ["a", "b", "c"]) map.insert(name, endless(name));
      const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
      for (let i = 0; i < 300; i++) counts[(yield* map.next())![0]]!++;
      for (const [name, count] of Object.entries(counts)) assert.ok(count > 50, `${name}: ${count}`);
    }, seeded),
  );

  it("the seed decides the order", async () => {
    const run = async (rngSeed: number) => {
      await using rt = new Runtime({ flavor: "currentThread", rngSeed });
      return await rt.run(function* () {
        const map = new StreamMap([0, 1, 2, 3].map((i) => [i, fromIter([1, 2, 3, 4])] as const));
        return (yield* map.collect()).map(([key]) => key).join("");
      });
    };
    assert.equal(await run(1), await run(1));
    assert.notEqual(await run(1), await run(2));
  });

  it("insert wakes whoever waits; so does taking out the last stream", () => {
    const map = new StreamMap<string, number>([["a", pendingStream()]]);
    let task = waiting(map.next());
    map.insert("b", once(1));
    assert.deepEqual(woken(task), ["b", 1]);
    task = testTask(map.next());
    assertPending(task.poll());
    map.remove("b");
    map.remove("a");
    assert.equal(woken(task), undefined);
    map.insert("c", pendingStream());
    task = waiting(map.next());
    map.clear();
    assert.equal(woken(task), undefined);
  });

  it("an error item is thrown as it is, and ends nothing", () => {
    const map = new StreamMap<string, number>([["a", new Script([fault("no"), item(1)])]]);
    failsWith(() => testTask(map.next()).poll(), "no");
    assert.deepEqual(now(map.next()), ["a", 1]);
    const results = new StreamMap([["a", new Script([fault("no"), item(1)]).results()]]);
    const [key, first] = now(results.next())!;
    assert.deepEqual([key, first.ok], ["a", false]);
  });

  it("notifyClose tells which stream has ended", () => {
    const map = new StreamMap<string, number | undefined>([["a", notifyClose(fromIter([1]))]]);
    assert.deepEqual(now(map.collect()), [
      ["a", 1],
      ["a", undefined],
    ]);
  });

  describe("callbacks that change the map", () => {
    it("a stream that takes itself out", () => {
      const map = new StreamMap<string, number>();
      map.insert(
        "a",
        fromIter([1, 2]).filter(() => {
          map.remove("a");
          return false;
        }),
      );
      map.insert("b", pendingStream());
      const task = testTask(map.next());
      assertPending(task.poll());
      assert.deepEqual([...map.keys()], ["b"]);
    });

    it("a stream that puts in another, which is asked too", () => {
      const map = new StreamMap<string, number>();
      let once_ = true;
      map.insert(
        "a",
        pendingStream().merge(
          fromIter([1]).filter(() => {
            if (once_) map.insert("new", once(7));
            once_ = false;
            return false;
          }),
        ),
      );
      const task = testTask(map.next());
      assertReadyEq(task.pollUntilIdle(), ["new", 7]);
    });

    it("a stream that clears the map", () => {
      const map = new StreamMap<string, number>();
      const other = Script.open<number>();
      map.insert("b", other);
      map.insert(
        "a",
        fromIter([1]).filter(() => {
          map.clear();
          return false;
        }),
      );
      assert.equal(testTask(map.next()).pollUntilIdle(), undefined);
      assert.ok(other.isDropped);
    });
  });

  describe("nextMany", () => {
    it("limit 0 gives none at once; otherwise none means that the map is empty", () => {
      const map = new StreamMap<string, number>([["a", pendingStream()]]);
      assert.deepEqual(now(map.nextMany(0)), []);
      const task = waiting(map.nextMany(5));
      map.clear();
      assert.deepEqual(woken(task), []);
      assert.deepEqual(now(map.nextMany(5)), []);
    });

    it("takes what is there, up to the limit, in rounds", () => {
      const map = new StreamMap<string, number>([
        ["a", fromIter([1, 2, 3])],
        ["b", fromIter([1, 2, 3])],
      ]);
      const four = now(map.nextMany(4));
      assert.equal(four.length, 4);
      assert.deepEqual(
        four.map(([, n]) => n),
        [1, 1, 2, 2],
      );
      assert.equal(now(map.nextMany(10)).length, 2);
      assert.deepEqual(now(map.nextMany(10)), []);
    });

    it("waits for the first, and is woken", () => {
      const s = Script.open<number>();
      const map = new StreamMap([["a", s as Stream<number>]]);
      const task = waiting(map.nextMany(10));
      s.give(1, 2);
      assert.deepEqual(woken(task), [
        ["a", 1],
        ["a", 2],
      ]);
      assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
      assert.equal(task.inner.describe(), "nextMany of StreamMap (1 stream)");
    });

    it("an error item comes after the items before it", () => {
      const map = new StreamMap<string, number>([["a", new Script([item(1), fault("no"), item(2)])]]);
      assert.deepEqual(now(map.nextMany(5)), [["a", 1]]);
      failsWith(() => testTask(map.nextMany(5)).poll(), "no");
      assert.deepEqual(now(map.nextMany(5)), [["a", 2]]);
    });

    it("so it does for a next() that follows", () => {
      const map = new StreamMap<string, number>([["a", new Script([item(1), fault("no"), item(2)])]]);
      assert.deepEqual(now(map.nextMany(5)), [["a", 1]]);
      failsWith(() => testTask(map.next()).poll(), "no");
      assert.deepEqual(now(map.next()), ["a", 2]);
    });

    it("wants a whole number", () => {
      assert.throws(() => new StreamMap().nextMany(-1), { code: "TOKI_INVALID_ARGUMENT", argument: "limit" });
    });

    for (const { name, drop } of drops) {
      it(`${name} while it waits: nothing is lost`, () => {
        const s = Script.open<number>();
        const map = new StreamMap([["a", s as Stream<number>]]);
        const task = waiting(map.nextMany(3));
        s.give(1);
        drop(task);
        assert.deepEqual(now(map.nextMany(3)), [["a", 1]]);
      });
    }
  });

  describe("dropping", () => {
    it("drops all streams; their cleanup runs at the same time and is awaited", () => {
      const scripts = [Script.open<number>(), Script.open<number>()];
      scripts[0]!.cleanup = 2;
      scripts[1]!.cleanup = 1;
      const map = new StreamMap(scripts.map((s, i) => [i, s as Stream<number>] as const));
      const task = testTask(map.cancel());
      assertPending(task.poll());
      assertPending(task.poll());
      assert.notEqual(task.poll(), Pending);
      assert.deepEqual(
        scripts.map((s) => [s.cancels, s.drops]),
        [
          [3, 1],
          [2, 1],
        ],
      );
      assert.ok(map.isEmpty());
    });

    it("clear drops all, also when one throws", () => {
      class Failing extends Stream<number> {
        pollNext() {
          return pendingStream().pollNext(undefined as never);
        }
        override [Symbol.dispose](): void {
          throw new Error("no");
        }
      }
      const last = Script.open<number>();
      const map = new StreamMap<number, number>([
        [1, new Failing()],
        [2, last],
      ]);
      assert.throws(() => map.clear(), { message: "no" });
      assert.ok(last.isDropped);
      assert.ok(map.isEmpty());
    });

    it("clear drops an error item that was to come, too", () => {
      const failing = fromIter([1, 2]).map((n) => {
        if (n === 2) throw new Error("no");
        return n;
      });
      const map = new StreamMap<string, number>([["a", failing]]);
      assert.deepEqual(now(map.nextMany(5)), [["a", 1]]);
      map.clear();
      assert.equal(now(map.next()), undefined);
    });

    it(
      "using",
      test(function* () {
        const s = Script.open<number>();
        {
          using map = new StreamMap([["a", s as Stream<number>]]);
          yield* select.biased({ item: map.next(), other: yieldNow() });
        }
        assert.ok(s.isDropped);
      }),
    );
  });

  it(
    "streams that come and go while a task reads",
    test(function* () {
      const map = new StreamMap<number, number>();
      map.insert(-1, pendingStream());
      const seen: number[] = [];
      const reader = spawn(function* () {
        for (;;) {
          const [key, n] = (yield* map.next())!;
          if (key === 99) return;
          seen.push(n);
        }
      });
      for (let key = 0; key < 20; key++) {
        map.insert(key, fromIter([key, key + 100]));
        if (key % 3 === 0) yield* yieldNow();
      }
      yield* yieldNow();
      map.insert(99, once(0));
      yield* reader;
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => i).concat(Array.from({ length: 20 }, (_, i) => i + 100)),
      );
    }),
  );
});
