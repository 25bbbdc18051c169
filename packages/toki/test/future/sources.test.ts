import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Future, fn, isFuture, Pending, pending, pin, pollFn, ready, spawn, timeout, Waker, yieldNow } from "toki";
import { assertPending, assertReady, testBlockOn, testTask } from "toki/test";
import { Gate } from "../support/gate.js";

describe("ready()", () => {
  test("gives its value at the first poll, and at every other", () => {
    const future = ready(42);
    assert.equal(future.poll(Waker.noop), 42);
    assert.equal(future.poll(Waker.noop), 42);
  });

  test("may be awaited many times", () => {
    const value = testBlockOn(function* () {
      const one = ready(1);
      return (yield* one) + (yield* one);
    });
    assert.equal(value, 2);
  });
});

describe("pending()", () => {
  test("is never ready, and wakes nobody", () => {
    const task = testTask(pending());
    for (let i = 0; i < 3; i++) assertPending(task.poll());
    assert.equal(task.isWoken, false);
  });
});

describe("pollFn()", () => {
  test("asks the function at each poll", () => {
    let polls = 0;
    const task = testTask(pollFn<number>(() => (++polls === 3 ? polls : Pending)));
    assertPending(task.poll());
    assertPending(task.poll());
    assert.equal(assertReady(task.poll()), 3);
  });

  test("gives it the context", () => {
    const task = testTask(
      pollFn<void>((cx) => {
        cx.waker.wake();
        return Pending;
      }),
    );
    task.poll();
    assert.equal(task.isWoken, true);
  });

  test("calls it without `this`", () => {
    let self: unknown = "none";
    testTask(
      pollFn(function (this: unknown) {
        self = this;
        return 1;
      }),
    ).poll();
    assert.equal(self, undefined);
  });

  test("says its name in reports", () => {
    assert.equal(
      pollFn(function fetchRow() {
        return 1;
      }).describe(),
      "pollFn fetchRow",
    );
  });

  test("refuses what is no function", () => {
    assert.throws(
      () => pollFn(1 as never),
      /^InvalidArgumentError: pollFn: callback must be a function, got the number 1$/,
    );
  });
});

describe("Future.from()", () => {
  test("gives a future back as it is", () => {
    const future = ready(1);
    assert.equal(Future.from(future), future);
  });

  test("wraps a function* body, which runs when it is awaited", () => {
    let started = false;
    const future = Future.from(function* () {
      started = true;
      return yield* ready("value");
    });
    assert.equal(started, false);
    assert.equal(assertReady(testTask(future).poll()), "value");
  });

  test("wraps a generator object, as of a private generator method", () => {
    class Client {
      readonly factor = 2;
      *#call(x: number) {
        yield* yieldNow();
        return x * this.factor;
      }
      call(x: number): Future<number> {
        return Future.from(this.#call(x));
      }
    }
    assert.equal(testTask(new Client().call(21)).pollUntilIdle(), 42);
  });

  test("takes a JoinHandle", () => {
    const value = testBlockOn(function* () {
      const task = spawn(ready("joined"));
      return yield* Future.from(task);
    });
    assert.equal(value, "joined");
  });

  test("knows a future of another copy of the package by its mark", () => {
    const foreign = { [Symbol.for("toki.Future")]: true, poll: () => 42 } as unknown as Future<number>;
    assert.ok(isFuture(foreign));
    assert.equal(Future.from(foreign), foreign);
  });

  for (const value of [undefined, null, 1, "text", {}, [], () => 1, Promise.resolve(1)]) {
    test(`refuses ${Object.prototype.toString.call(value)}`, () => {
      assert.throws(() => Future.from(value as never), {
        name: "MisuseError",
        code: "TOKI_NOT_A_FUTURE",
        message: /^Future\.from: expected a future, got /,
      });
      assert.equal(isFuture(value), false);
    });
  }
});

describe("pin()", () => {
  test("polls the future it was lent", () => {
    const gate = new Gate<number>();
    const task = testTask(pin(gate));
    assertPending(task.poll());
    gate.open(1);
    assert.equal(task.isWoken, true);
    assert.equal(assertReady(task.poll()), 1);
    assert.equal(gate.polls, 2);
  });

  test("dropped, leaves the future where it stopped", () => {
    const gate = new Gate<string>();
    const work = fn(function* work() {
      try {
        return yield* gate;
      } finally {
        log.push("finally");
      }
    })();
    const log: string[] = [];
    for (let i = 0; i < 3; i++) {
      using loan = testTask(pin(work));
      assertPending(loan.poll());
      assert.equal(loan.cancel(), undefined);
    }
    assert.deepEqual([log, gate.drops], [[], 0]);
    gate.open("value");
    assert.equal(assertReady(testTask(work).poll()), "value");
    assert.deepEqual(log, ["finally"]);
  });

  test("is described as what it lends", () => {
    assert.equal(pin(new Gate("a gate")).describe(), "a gate");
  });

  test("works with timeout", () => {
    const value = testBlockOn(function* () {
      const gate = new Gate<string>();
      try {
        yield* timeout(1, pin(gate));
      } catch {
        gate.open("later");
      }
      return `${yield* gate}, drops: ${gate.drops}`;
    });
    assert.equal(value, "later, drops: 0");
  });

  test("refuses what is not a future", () => {
    assert.throws(() => pin(5 as never), { code: "TOKI_NOT_A_FUTURE", message: /^pin: expected a future/ });
  });
});
