import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Future, fn, JoinError, MisuseError, pending, pin, ready, select, spawn, yieldNow } from "toki";
import { fromIter, type Stream, StreamMap } from "toki/stream";
import { test } from "toki/test";
import { Script } from "./support.js";

/** Two tasks that want the same thing: the second is refused, the first goes on. */
const leaves: Record<string, () => { first: Future<unknown>; second: Future<unknown>; finish: () => void }> = {};

function leaf(name: string, make: (s: Script<number>) => Future<unknown>): void {
  const finish = (s: Script<number>) => () => {
    s.give(1);
    s.end();
  };
  leaves[`${name}, one future`] = () => {
    const s = Script.open<number>();
    const future = make(s);
    return { first: future, second: future, finish: finish(s) };
  };
}

leaf("next", (s) => s.next());
leaf("all", (s) => s.all(() => true));
leaf("any", (s) => s.any(() => true));
leaf("collect", (s) => s.collect());
leaf("fold", (s) => s.fold(0, (a, b) => a + b));
leaf("forEach", (s) => s.forEach(() => {}));
leaf("peek", (s) => s.peekable().peek());
leaf("nextMany", (s) => new StreamMap([["a", s]]).nextMany(1));

leaves["next and next of one stream"] = () => {
  const s = Script.open<number>();
  return { first: s.next(), second: s.next(), finish: () => s.give(1) };
};
leaves["next and any of one stream"] = () => {
  const s = Script.open<number>();
  return { first: s.next(), second: s.any(() => true), finish: () => s.give(1) };
};
leaves["peek and next of one stream"] = () => {
  const source = Script.open<number>();
  const s = source.peekable();
  return { first: s.peek(), second: s.next(), finish: () => source.give(1) };
};
leaves["next and nextMany of one map"] = () => {
  const source = Script.open<number>();
  const map = new StreamMap([["a", source]]);
  return { first: map.next(), second: map.nextMany(2), finish: () => source.give(1) };
};

/** What a second task makes of a stream. */
const others: Record<string, (s: Stream<number>) => unknown> = {
  map: (s) => s.map((n) => n),
  mapAsync: (s) => s.mapAsync(ready),
  byRef: (s) => s.byRef(),
  take: (s) => s.take(1),
  peekable: (s) => s.peekable(),
  merge: (s) => fromIter([1]).merge(s),
  chain: (s) => fromIter([1]).chain(s),
  timeout: (s) => s.timeout(1),
  "insert into a map": (s) => new StreamMap<string, number>().insert("s", s),
};
for (const [name, make] of Object.entries(others)) {
  leaves[`next and ${name} of one stream`] = () => {
    const s = Script.open<number>();
    return {
      first: s.next(),
      second: fn(function* () {
        make(s);
      })(),
      finish: () => s.give(1),
    };
  };
}
for (const [name, make] of Object.entries({
  collect: (s: Stream<number>) => s.collect(),
  fold: (s: Stream<number>) => s.fold(0, (a, b) => a + b),
  forEach: (s: Stream<number>) => s.forEach(() => {}),
})) {
  leaves[`next in a select and ${name} of one stream`] = () => {
    const s = Script.open<number>();
    return { first: select({ item: s.next(), never: pending() }), second: make(s), finish: () => s.give(1) };
  };
}

describe("a stream that its own task has asked, or one that is over", () => {
  it(
    "may be handed over",
    test(function* () {
      const s = Script.open<number>();
      const waits = pin(s.next());
      const { key } = yield* select.biased({ item: waits, other: yieldNow() });
      assert.equal(key, "other");
      const taken = s.byRef().take(1).collect();
      s.give(1);
      assert.deepEqual(yield* taken, [1]);
      const left = spawn(function* () {
        yield* select.biased({ item: waits, other: yieldNow() });
      });
      yield* left;
      s.give(2);
      s.end();
      assert.deepEqual(yield* s.map((n) => n * 2).collect(), [4], "by a task that is over");
    }),
  );
});

describe("two tasks at one stream", () => {
  for (const [name, make] of Object.entries(leaves)) {
    it(
      name,
      test(function* () {
        const { first, second, finish } = make();
        const one = spawn(function* () {
          return yield* first;
        });
        yield* yieldNow();
        const two = spawn(function* () {
          return yield* second;
        });
        try {
          yield* two;
          assert.fail("the second was to be refused");
        } catch (error) {
          assert.ok(error instanceof JoinError && error.cause instanceof MisuseError, String(error));
          assert.equal(error.cause.code, "TOKI_FUTURE_IN_USE");
        }
        finish();
        yield* one;
      }),
    );
  }
});
