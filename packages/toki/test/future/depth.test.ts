import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Context, Future, fn, Pending, type Poll, Runtime, type Suspend, spawn, yieldNow } from "toki";
import { assertPending, assertReady, testTask } from "toki/test";

/** Pending at every poll but the last of `rounds`. */
class Rounds extends Future<string> {
  polls = 0;
  readonly #rounds: number;

  constructor(rounds: number) {
    super();
    this.#rounds = rounds;
  }

  poll(cx: Context): Poll<string> {
    if (++this.polls >= this.#rounds) return "done";
    cx.waker.wake();
    return Pending;
  }
}

const dive = fn(function* (depth: number, leaf: Future<string>): Generator<Suspend, string, unknown> {
  return depth === 0 ? yield* leaf : yield* dive(depth - 1, leaf);
});

const generatorPrototype = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as Generator;

/** How many generators are resumed, natively delegated ones included, while `callback` runs. */
function resumptions(callback: () => void): number {
  const { next } = generatorPrototype;
  let count = 0;
  generatorPrototype.next = function (this: Generator, ...args: [] | [unknown]) {
    count++;
    return Reflect.apply(next, this, args) as IteratorResult<unknown>;
  };
  try {
    callback();
  } finally {
    generatorPrototype.next = next;
  }
  return count;
}

describe("a resume", () => {
  for (const depth of [0, 1, 10, 100, 10_000]) {
    test(`${depth} calls deep costs one poll of the leaf and one generator`, () => {
      const leaf = new Rounds(100);
      const task = testTask(dive(depth, leaf));
      assertPending(task.poll());
      assert.equal(leaf.polls, 1);
      for (let round = 2; round < 10; round++) {
        assert.equal(
          resumptions(() => assertPending(task.poll())),
          1,
        );
        assert.equal(leaf.polls, round);
      }
      task[Symbol.dispose]();
    });
  }

  test("after the inner call has ended costs the frames that go on, not those above them", () => {
    const leaf = new Rounds(2);
    const inner = fn(function* inner() {
      yield* leaf;
    });
    const body = fn(function* (depth: number): Generator<Suspend, void, unknown> {
      if (depth > 0) return yield* body(depth - 1);
      yield* inner();
      yield* new Rounds(2);
    });
    const task = testTask(body(1000));
    assertPending(task.poll());
    assert.equal(
      resumptions(() => assertPending(task.poll())),
      2,
    );
  });
});

describe("depth", () => {
  test("a chain of 100,000 calls suspends and returns its value", () => {
    const leaf = new Rounds(3);
    const task = testTask(dive(100_000, leaf));
    assertPending(task.poll());
    assertPending(task.poll());
    assert.equal(assertReady(task.poll()), "done");
    assert.equal(leaf.polls, 3);
  });

  test("a chain of 100,000 calls that never suspends at its leaf", () => {
    assert.equal(assertReady(testTask(dive(100_000, new Rounds(1))).poll()), "done");
  });

  test("an error crosses 100,000 calls, and every finally on the way", () => {
    let cleaned = 0;
    const fall = fn(function* (depth: number): Generator<Suspend, void, unknown> {
      try {
        if (depth > 0) yield* fall(depth - 1);
        else {
          yield* yieldNow();
          throw new Error("from the bottom");
        }
      } finally {
        cleaned++;
      }
    });
    const task = testTask(fall(100_000));
    assertPending(task.poll());
    assert.throws(() => task.poll(), /from the bottom/);
    assert.equal(cleaned, 100_001);
  });

  test("a recursion 10,000 deep that awaits at every level", () => {
    const sum = fn(function* (n: number): Generator<Suspend, number, unknown> {
      if (n === 0) return 0;
      yield* yieldNow();
      return n + (yield* sum(n - 1));
    });
    const task = testTask(sum(10_000));
    for (let i = 0; i < 10_000; i++) assertPending(task.poll());
    assert.equal(assertReady(task.poll()), 50_005_000);
  });

  test("a recursion 10,000 deep on the way back: each level awaits after its inner call", () => {
    const sum = fn(function* (n: number): Generator<Suspend, number, unknown> {
      if (n === 0) return 0;
      const below = yield* sum(n - 1);
      yield* yieldNow();
      return n + below;
    });
    const task = testTask(sum(10_000));
    for (let i = 0; i < 10_000; i++) assertPending(task.poll());
    assert.equal(assertReady(task.poll()), 50_005_000);
  });

  test("a chain of 20,000 tasks, each of which spawns and joins the next", async () => {
    const chain = fn(function* (n: number): Generator<Suspend, number, unknown> {
      return n === 0 ? 0 : 1 + (yield* spawn(chain(n - 1)));
    });
    const rt = new Runtime();
    assert.equal(await rt.run(chain(20_000)), 20_000);
    await rt.shutdown();
  });

  test("many calls in a row leave nothing behind: 200,000 suspensions in one body", () => {
    const step = fn(function* step(n: number) {
      yield* new Rounds(2);
      return n;
    });
    const task = testTask(function* () {
      let sum = 0;
      for (let i = 0; i < 200_000; i++) sum += yield* step(i);
      return sum;
    });
    let polls = 0;
    let value: Poll<number>;
    do {
      value = task.poll();
      polls++;
    } while (value === Pending);
    assert.deepEqual([value, polls], [19_999_900_000, 200_001]);
  });
});
