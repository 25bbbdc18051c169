import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Future, fn, isFuture, pending, Runtime, type Suspend, sleep, spawn, yieldNow } from "toki";
import { assertPending, assertReady, testBlockOn, testTask } from "toki/test";

describe("fn(): laziness", () => {
  test("calling runs nothing of the body", () => {
    let started = 0;
    const work = fn(function* work() {
      started++;
    });
    const future = work();
    assert.equal(started, 0);
    testTask(future).poll();
    assert.equal(started, 1);
  });

  test("arguments are evaluated by the call, the body by the await", () => {
    const log: string[] = [];
    const note = (line: string) => {
      log.push(line);
      return line;
    };
    const work = fn(function* work(argument: string) {
      note(`body ${argument}`);
    });
    testBlockOn(function* () {
      const future = work(note("argument"));
      note("created");
      yield* future;
    });
    assert.deepEqual(log, ["argument", "created", "body argument"]);
  });

  test("a future that is never driven does nothing, ever", async () => {
    let started = false;
    const rt = new Runtime();
    await rt.run(function* () {
      fn(function* work() {
        started = true;
      })();
      yield* yieldNow();
    });
    await rt.shutdown();
    assert.equal(started, false);
  });

  test("disposing a future that was never polled has no effect but to end it", () => {
    const work = fn(function* work() {
      assert.fail("it ran");
    });
    const future = work();
    future[Symbol.dispose]();
    future[Symbol.dispose]();
    assert.throws(() => testTask(future).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });

  test("a spawned body does not start before the spawner's next await", () => {
    const log: string[] = [];
    testBlockOn(function* () {
      const task = spawn(function* () {
        log.push("task");
      });
      log.push("spawned");
      yield* task;
    });
    assert.deepEqual(log, ["spawned", "task"]);
  });
});

describe("fn(): the function it makes", () => {
  test("keeps name and length of the body", () => {
    const work = fn(function* fetchUser(_id: number, _name: string) {});
    assert.equal(work.name, "fetchUser");
    assert.equal(work.length, 2);
  });

  test("passes `this` and the arguments on", () => {
    class Client {
      requests = 0;
      call = fn(function* call(this: Client, a: number, ...rest: number[]) {
        this.requests++;
        return [a, ...rest];
      });
    }
    const client = new Client();
    assert.deepEqual(assertReady(testTask(client.call(1, 2, 3)).poll()), [1, 2, 3]);
    assert.equal(client.requests, 1);
  });

  test("makes a new future at each call", () => {
    const count = fn(function* count(n: number) {
      yield* yieldNow();
      return n;
    });
    const [a, b] = [testTask(count(1)), testTask(count(2))];
    assertPending(a.poll());
    assertPending(b.poll());
    assert.equal(assertReady(b.poll()), 2);
    assert.equal(assertReady(a.poll()), 1);
  });

  test("gives something that isFuture() knows, and that is no promise", () => {
    const future = fn(function* () {})();
    assert.ok(future instanceof Future);
    assert.ok(isFuture(future));
    assert.equal("then" in future, false);
  });

  for (const [name, body] of [
    ["a plain function", () => 1],
    ["an async function", async () => 1],
    ["an async generator", async function* () {}],
    ["undefined", undefined],
    ["a generator object", (function* () {})()],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => fn(body as never),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, "TOKI_NOT_A_FUTURE");
          assert.match(
            error.message,
            /^fn: body must be a generator function \(function\* \(\.\.\.\) \{\.\.\.\}\), got /,
          );
          return true;
        },
      );
    });
  }

  test("recursion: through the constant; an inner name of the generator would be the raw generator function", () => {
    const sum = fn(function* (n: number): Generator<Suspend, number, unknown> {
      if (n === 0) return 0;
      yield* yieldNow();
      return n + (yield* sum(n - 1));
    });
    assert.equal(testTask(sum(10)).pollUntilIdle(), 55);
  });
});

describe("fn(): control flow", () => {
  const later = fn(function* later<T>(value: T) {
    yield* yieldNow();
    return value;
  });

  test("values, loops, conditions and destructuring across awaits", () => {
    const work = fn(function* work() {
      let sum = 0;
      for (let i = 0; i < 5; i++) sum += yield* later(i);
      const { a, b } = yield* later({ a: 1, b: 2 });
      const words = [yield* later("x"), ...(yield* later(["y", "z"]))];
      return sum > 5 ? [sum, a + b, words.join("")] : yield* later([]);
    });
    assert.deepEqual(testTask(work()).pollUntilIdle(), [10, 3, "xyz"]);
  });

  test("try, catch and finally across awaits", () => {
    const log: string[] = [];
    const failing = fn(function* failing() {
      yield* yieldNow();
      throw new Error("boom");
    });
    const work = fn(function* work() {
      try {
        yield* failing();
        log.push("not reached");
      } catch (error) {
        log.push(`caught ${(error as Error).message}`);
        yield* yieldNow();
        return "recovered";
      } finally {
        log.push("finally begins");
        yield* yieldNow();
        log.push("finally ends");
      }
      return "not reached";
    });
    assert.equal(testTask(work()).pollUntilIdle(), "recovered");
    assert.deepEqual(log, ["caught boom", "finally begins", "finally ends"]);
  });

  test("return in finally replaces a value and an error, as in any function", () => {
    const work = fn(function* work(fails: boolean) {
      try {
        yield* yieldNow();
        if (fails) throw new Error("boom");
        return "value";
      } finally {
        yield* yieldNow();
        return "override";
      }
    });
    assert.equal(testTask(work(false)).pollUntilIdle(), "override");
    assert.equal(testTask(work(true)).pollUntilIdle(), "override");
  });

  test("using is released at the end of its block, after the awaits in it", () => {
    const log: string[] = [];
    const guard = (name: string) => ({ [Symbol.dispose]: () => void log.push(`${name} released`) });
    const work = fn(function* work() {
      {
        using _lock = guard("lock");
        yield* yieldNow();
        log.push("critical section ends");
      }
      log.push("after");
      yield* yieldNow();
    });
    testTask(work()).pollUntilIdle();
    assert.deepEqual(log, ["critical section ends", "lock released", "after"]);
  });

  test("a value of undefined, null, a symbol or a promise is a value", () => {
    const promise = Promise.resolve(1);
    for (const value of [undefined, null, Symbol("x"), promise, () => 1]) {
      assert.equal(testTask(later<unknown>(value)).pollUntilIdle(), value);
    }
  });

  test("a future kept in a variable is awaited where the program says, once", () => {
    const log: string[] = [];
    const step = fn(function* step(name: string) {
      log.push(name);
      yield* yieldNow();
    });
    testBlockOn(function* () {
      const [first, second] = [step("first"), step("second")];
      yield* second;
      yield* first;
    });
    assert.deepEqual(log, ["second", "first"]);
  });

  test("awaiting passes through plain functions that return futures", () => {
    const wrap = (ms: number) => sleep(ms);
    testBlockOn(function* () {
      yield* wrap(0);
    });
  });

  test("pending() keeps its task waiting, without a wake", () => {
    const task = testTask(
      fn(function* wait() {
        yield* pending();
      })(),
    );
    assertPending(task.poll());
    assertPending(task.poll());
    assert.equal(task.isWoken, false);
  });
});
