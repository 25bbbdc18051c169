import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Context,
  Future,
  fn,
  join,
  Pending,
  type Poll,
  Runtime,
  ready,
  type Suspend,
  spawn,
  Waker,
  yieldNow,
} from "toki";
import { assertPending, assertReady, testTask } from "toki/test";

/** A value that another party supplies: it keeps the waker it is polled with, and wakes it when the value comes. */
class DelayedValue<T> extends Future<T> {
  polls = 0;
  #value: T | undefined;
  #waker: Waker | undefined;

  set(value: T): void {
    this.#value = value;
    this.#waker?.wake();
  }

  poll(cx: Context): Poll<T> {
    this.polls++;
    if (this.#value !== undefined) return this.#value;
    this.#waker = cx.waker;
    return Pending;
  }
}

class CountingWaker extends Waker {
  wakes = 0;

  wake(): void {
    this.wakes++;
  }
}

describe("a hand-written future", () => {
  test("DelayedValue, set by a timer of the host: exactly two polls", async () => {
    const delayed = new DelayedValue<number>();
    const rt = new Runtime();
    const value = await rt.run(function* () {
      setTimeout(() => delayed.set(42), 10);
      return yield* delayed;
    });
    await rt.shutdown();
    assert.equal(value, 42);
    assert.equal(delayed.polls, 2);
  });

  test("DelayedValue, set before it is awaited: exactly one poll", async () => {
    const delayed = new DelayedValue<number>();
    delayed.set(42);
    const rt = new Runtime();
    assert.equal(await rt.run(delayed), 42);
    await rt.shutdown();
    assert.equal(delayed.polls, 1);
  });

  test("DelayedValue, set by another task, ten calls down: two polls", async () => {
    const delayed = new DelayedValue<string>();
    const dive = fn(function* (depth: number): Generator<Suspend, string, unknown> {
      return depth === 0 ? yield* delayed : yield* dive(depth - 1);
    });
    const rt = new Runtime();
    const value = await rt.run(function* () {
      const task = spawn(dive(10));
      yield* yieldNow();
      delayed.set("set");
      return yield* task;
    });
    await rt.shutdown();
    assert.deepEqual([value, delayed.polls], ["set", 2]);
  });

  test("several wakes before the next poll count as one", async () => {
    const delayed = new DelayedValue<string>();
    const rt = new Runtime();
    const value = await rt.run(function* () {
      const task = spawn(delayed);
      yield* yieldNow();
      for (let i = 0; i < 5; i++) delayed.set("set");
      return yield* task;
    });
    await rt.shutdown();
    assert.deepEqual([value, delayed.polls], ["set", 2]);
  });

  test("a wake without a value is one more poll, nothing else", () => {
    const delayed = new DelayedValue<number>();
    const task = testTask(delayed);
    assertPending(task.poll());
    assertPending(task.poll());
    delayed.set(1);
    assert.equal(assertReady(task.poll()), 1);
    assert.equal(delayed.polls, 3);
  });

  test("only the waker of the latest poll has to be woken", () => {
    const delayed = new DelayedValue<number>();
    const [first, second] = [new CountingWaker(), new CountingWaker()];
    delayed.poll(Context.fromWaker(first));
    delayed.poll(Context.fromWaker(second));
    delayed.set(1);
    assert.deepEqual([first.wakes, second.wakes], [0, 1]);
  });

  test("a state machine written by hand passes the same polls as the fn it stands for", () => {
    // The fn: three awaits, one after the other.
    const byFn = fn(function* byFn(steps: readonly Future<number>[]) {
      let sum = 0;
      for (const step of steps) sum += yield* step;
      return sum;
    });
    class ByHand extends Future<number> {
      #at = 0;
      #sum = 0;
      readonly #steps: readonly Future<number>[];

      constructor(steps: readonly Future<number>[]) {
        super();
        this.#steps = steps;
      }

      poll(cx: Context): Poll<number> {
        for (let step = this.#steps[this.#at]; step !== undefined; step = this.#steps[this.#at]) {
          const value = step.poll(cx);
          if (value === Pending) return Pending;
          this.#sum += value as number;
          this.#at++;
        }
        return this.#sum;
      }
    }
    for (const make of [byFn, (steps: readonly Future<number>[]) => new ByHand(steps)]) {
      const steps = [new DelayedValue<number>(), new DelayedValue<number>(), new DelayedValue<number>()];
      const task = testTask(make(steps));
      const woken: boolean[] = [];
      for (const [i, step] of steps.entries()) {
        assertPending(task.poll());
        step.set(i + 1);
        woken.push(task.isWoken);
      }
      assert.equal(assertReady(task.poll()), 6);
      assert.deepEqual(woken, [true, true, true]);
      assert.deepEqual(
        steps.map((step) => step.polls),
        [2, 2, 2],
      );
    }
  });

  test("what poll throws goes to the await", () => {
    class Broken extends Future<never> {
      poll(): never {
        throw new RangeError("broken");
      }
    }
    const task = testTask(function* () {
      try {
        yield* new Broken();
        return "no error";
      } catch (error) {
        return (error as Error).message;
      }
    });
    assert.equal(assertReady(task.poll()), "broken");
  });

  test("describe() is the class name until it is overridden", () => {
    assert.equal(new DelayedValue().describe(), "DelayedValue");
  });
});

describe("Waker", () => {
  test("noop wakes nobody and is one object", () => {
    Waker.noop.wake();
    assert.equal(Waker.noop, Waker.noop);
    const cx = Context.fromWaker(Waker.noop);
    assert.equal(new DelayedValue<number>().poll(cx), Pending);
    assert.equal(ready(42).poll(cx), 42);
  });

  test("from() calls back on every wake", () => {
    let calls = 0;
    const waker = Waker.from(() => calls++);
    waker.wake();
    waker.wake();
    assert.equal(calls, 2);
    assert.throws(
      () => Waker.from(5 as never),
      /^InvalidArgumentError: Waker\.from: callback must be a function, got the number 5$/,
    );
  });

  test("what the callback throws is an uncaught exception, and no error of who wakes", async () => {
    const uncaught: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
    try {
      const error = new Error("broken");
      Waker.from(() => {
        throw error;
      }).wake();
      assert.deepEqual(uncaught, []);
      await Promise.resolve();
      assert.deepEqual(uncaught, [error]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
  });

  test("willWake() is true for the same owner only", () => {
    const [a, b] = [Waker.from(() => {}), Waker.from(() => {})];
    assert.deepEqual([a.willWake(a), a.willWake(b)], [true, false]);
  });

  test("willWake() knows the same task across polls", async () => {
    const wakers: Waker[] = [];
    class Probe extends Future<void> {
      #polls = 0;

      poll(cx: Context): Poll<void> {
        wakers.push(cx.waker);
        if (++this.#polls === 2) return undefined;
        cx.waker.wake();
        return Pending;
      }
    }
    const rt = new Runtime();
    await rt.run(function* () {
      yield* spawn(new Probe());
      yield* spawn(new Probe());
    });
    await rt.shutdown();
    const [first, second, other] = wakers as [Waker, Waker, Waker];
    assert.deepEqual([first.willWake(second), first.willWake(other)], [true, false]);
  });

  test("after completion it does nothing", async () => {
    const delayed = new DelayedValue<number>();
    const rt = new Runtime();
    await rt.run(function* () {
      const task = spawn(delayed);
      yield* yieldNow();
      delayed.set(1);
      yield* task;
      delayed.set(2);
      yield* yieldNow();
    });
    assert.equal(delayed.polls, 2);
    assert.equal(rt.metrics().numAliveTasks, 0);
    await rt.shutdown();
  });

  test("may be called from a microtask, a callback, and another runtime's task", async () => {
    for (const call of [
      (wake: () => void) => void Promise.resolve().then(wake),
      (wake: () => void) => queueMicrotask(wake),
      (wake: () => void) => process.nextTick(wake),
      (wake: () => void) => void setImmediate(wake),
    ]) {
      const delayed = new DelayedValue<string>();
      const rt = new Runtime();
      call(() => delayed.set("woken"));
      assert.equal(await rt.run(delayed), "woken");
      await rt.shutdown();
    }
    const delayed = new DelayedValue<string>();
    const [one, two] = [new Runtime(), new Runtime()];
    const waiting = one.run(delayed);
    await two.run(function* () {
      yield* yieldNow();
      delayed.set("woken");
    });
    assert.equal(await waiting, "woken");
    await Promise.all([one.shutdown(), two.shutdown()]);
  });

  test("a wake during the poll leads to another poll", async () => {
    let polls = 0;
    class Eager extends Future<number> {
      poll(cx: Context): Poll<number> {
        cx.waker.wake();
        return ++polls < 3 ? Pending : polls;
      }
    }
    const rt = new Runtime();
    assert.equal(await rt.run(new Eager()), 3);
    await rt.shutdown();
  });
});

describe("Context", () => {
  test("fromWaker() carries the waker", () => {
    const waker = Waker.from(() => {});
    assert.equal(Context.fromWaker(waker).waker, waker);
  });

  test("fromWaker() refuses anything else", () => {
    assert.throws(
      () => Context.fromWaker((() => {}) as never),
      /^InvalidArgumentError: Context\.fromWaker: waker must be a Waker/,
    );
  });
});

describe("polling an fn by hand", () => {
  test("gives the waker of each poll to the leaf", () => {
    const delayed = new DelayedValue<number>();
    const future = fn(function* work() {
      return yield* delayed;
    })();
    const [first, second] = [new CountingWaker(), new CountingWaker()];
    assert.equal(future.poll(first), Pending);
    assert.equal(future.poll(second), Pending);
    delayed.set(7);
    assert.deepEqual([first.wakes, second.wakes], [0, 1]);
    assert.equal(future.poll(second), 7);
  });

  test("one that was started by hand can be awaited, spawned and joined: it goes on where it stopped", async () => {
    const log: string[] = [];
    const work = fn(function* work(gate: Future<number>) {
      log.push("begins");
      return yield* gate;
    });
    const rt = new Runtime();
    const gates = [1, 2, 3].map(() => new DelayedValue<number>());
    const started = gates.map((gate) => {
      const future = work(gate);
      assert.equal(future.poll(Waker.noop), Pending);
      return future;
    });
    const [a, b, c] = started as [Future<number>, Future<number>, Future<number>];
    const values = await rt.run(function* () {
      const tasks = [
        spawn(function* () {
          return yield* a;
        }),
        spawn(b),
        spawn(join(c)),
      ] as const;
      yield* yieldNow();
      for (const [i, gate] of gates.entries()) gate.set(i);
      return [yield* tasks[0], yield* tasks[1], (yield* tasks[2])[0]];
    });
    await rt.shutdown();
    assert.deepEqual(values, [0, 1, 2]);
    assert.deepEqual(log, ["begins", "begins", "begins"]);
  });
});
