import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Context,
  Future,
  fn,
  join,
  MisuseError,
  Pending,
  type Poll,
  pending,
  Runtime,
  ready,
  type Suspend,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertErr, assertPending, assertReadyErr, testBlockOn, testTask } from "toki/test";
import { outcomeOf, pause } from "../cancellation/scene.js";
import { Gate } from "../support/gate.js";

type AnyBody = () => Generator<Suspend, unknown, unknown>;

/** The MisuseError that a body fails with at its first poll. */
function misuseOf(body: AnyBody): MisuseError {
  const task = testTask(body);
  const error = assertReadyErr(() => task.poll());
  assert.ok(error instanceof MisuseError, String(error));
  assert.ok(error instanceof TypeError);
  assert.equal(error.name, "MisuseError");
  return error;
}

describe("yield without the star", () => {
  test("of a future: says to write yield*", () => {
    const error = misuseOf(function* () {
      yield sleepless() as never;
    });
    assert.equal(error.code, "TOKI_BARE_YIELD");
    assert.match(
      error.message,
      /^Cannot `yield` an instance of FnFuture: write `yield\*` \(with the star\) to await a future$/,
    );
  });

  test("of a promise: says how it enters", () => {
    const error = misuseOf(function* () {
      yield Promise.resolve(1) as never;
    });
    assert.equal(error.code, "TOKI_BARE_YIELD");
    assert.match(
      error.message,
      /^Cannot yield an instance of Promise: a promise is already running .* fromPromise\(\(signal\) => /,
    );
  });

  for (const value of [undefined, null, 1, "text", {}, () => 1]) {
    test(`of ${typeof value} ${String(value)}`, () => {
      const error = misuseOf(function* () {
        yield value as never;
      });
      assert.equal(error.code, "TOKI_BARE_YIELD");
    });
  }

  test("points at the line of the yield", () => {
    const error = misuseOf(function* culprit() {
      yield 1 as never;
    });
    assert.match(String(error.stack), /misuse\.test\.js/);
  });

  test("is thrown at the yield, and can be caught there; the body goes on", () => {
    const value = testTask(function* () {
      let caught = 0;
      for (let i = 0; i < 3; i++) {
        try {
          yield i as never;
        } catch {
          caught++;
        }
      }
      return `${caught} caught, ${yield* ready("went on")}`;
    }).poll();
    assert.equal(value, "3 caught, went on");
  });

  test("after an await, and in a call that was resumed", () => {
    const inner = fn(function* inner(): Generator<Suspend, void, unknown> {
      yield* pause();
      yield 1 as never;
    });
    const task = testTask(inner());
    assertPending(task.poll());
    assert.throws(() => task.poll(), { code: "TOKI_BARE_YIELD" });
  });

  test("of a fresh object that looks like a suspension", () => {
    const error = misuseOf(function* () {
      yield Object.freeze({}) as never;
    });
    assert.equal(error.code, "TOKI_BARE_YIELD");
  });
});

describe("something that is no future where one belongs", () => {
  const promise = Promise.resolve(1) as never;
  const places: [string, () => unknown][] = [
    ["spawn", () => spawn(promise)],
    ["join: argument 1", () => join(ready(1), promise)],
    ["select: branch b", () => select({ a: ready(1), b: promise })],
    ["timeout", () => timeout(1, promise)],
    ["Future.from", () => Future.from(promise)],
  ];
  for (const [place, call] of places) {
    test(`a promise in ${place}: names the place and fromPromise`, () => {
      testBlockOn(function* () {
        const error = assertErr(call);
        assert.ok(error instanceof MisuseError);
        assert.equal(error.code, "TOKI_NOT_A_FUTURE");
        assert.ok(error.message.startsWith(`${place}: expected a future, got an instance of Promise: `), error.message);
        assert.match(error.message, /fromPromise\(\(signal\) => /);
      });
    });
  }

  test("rt.run and rt.spawn name themselves", async () => {
    const rt = new Runtime();
    assert.throws(() => rt.spawn(promise), { code: "TOKI_NOT_A_FUTURE", message: /^Runtime\.spawn: / });
    assert.throws(() => void rt.run(promise), { code: "TOKI_NOT_A_FUTURE", message: /^Runtime\.run: / });
    await rt.shutdown();
  });

  test("a plain function: says to pass a function* or to call it", () => {
    testBlockOn(function* () {
      assert.throws(() => spawn((() => ready(1)) as never), {
        code: "TOKI_NOT_A_FUTURE",
        message: /pass a `function\*` body, or call it if it returns a future$/,
      });
    });
  });

  test("yield* of a promise: the language's own TypeError, in the body", () => {
    const task = testTask(function* () {
      yield* Promise.resolve(1) as unknown as Future<number>;
    });
    assert.throws(() => task.poll(), TypeError);
  });

  test("nothing was started by a call that was refused", () => {
    testBlockOn(function* () {
      let started = false;
      const body = function* () {
        started = true;
      };
      assert.throws(() => join(body, promise));
      yield* yieldNow();
      assert.equal(started, false);
    });
  });
});

describe("a future polled after it gave its value", () => {
  test("an fn awaited twice", () => {
    const once = sleepless();
    const error = misuseOf(function* () {
      yield* once;
      yield* once;
    });
    assert.equal(error.code, "TOKI_POLLED_AFTER_COMPLETION");
    assert.match(error.message, /^Cannot poll sleepless after completion: a future gives its value once; /);
  });

  test("an fn that suspended, awaited twice", () => {
    const task = testTask(function* () {
      const once = suspends();
      yield* once;
      yield* once;
    });
    assertPending(task.poll());
    assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });

  test("an fn that threw, awaited again", () => {
    const failing = fn(function* failing() {
      throw new Error("boom");
    });
    const error = misuseOf(function* () {
      const once = failing();
      try {
        yield* once;
      } catch {}
      yield* once;
    });
    assert.equal(error.code, "TOKI_POLLED_AFTER_COMPLETION");
  });

  test("an fn spawned after it was awaited: refused by spawn itself", () => {
    testBlockOn(function* () {
      const once = sleepless();
      yield* once;
      assert.throws(() => spawn(once), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    });
  });

  test("a join and a select, polled by hand", () => {
    for (const future of [join(ready(1)), select({ a: ready(1) })]) {
      const task = testTask<unknown>(future);
      task.poll();
      assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    }
  });

  test("a timeout", () => {
    testBlockOn(function* () {
      const limited = timeout(1000, ready(1));
      yield* limited;
      const task = testTask(limited);
      assert.throws(() => task.poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    });
  });

  test("one fn in two branches of a join", () => {
    const task = testTask(function* () {
      const once = suspends();
      yield* join(once, once);
    });
    assert.throws(() => task.pollUntilIdle(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
  });
});

describe("a future driven by two tasks", () => {
  /** Runs a body on a fresh runtime; a hang fails instead of ending the process. */
  async function outcomesOf(body: AnyBody): Promise<unknown> {
    const rt = new Runtime({ startPaused: true });
    let watchdog: NodeJS.Timeout | undefined;
    const hung = new Promise<never>((_, reject) => {
      watchdog = setTimeout(() => reject(new Error(`It hangs:\n${rt.dump()}`)), 5000);
    });
    try {
      return await Promise.race([rt.run(body), hung]);
    } finally {
      clearTimeout(watchdog);
      rt.shutdownBackground();
    }
  }

  function* awaiting(future: Future<unknown>) {
    return yield* future;
  }

  test("an fn awaited by two tasks: the second is told, the first gets the value", async () => {
    const gate = new Gate<string>();
    const outcomes = await outcomesOf(function* () {
      const shared = waitFor(gate);
      const tasks = [1, 2].map(() => spawn(Future.from(awaiting(shared))));
      yield* yieldNow();
      gate.open("value");
      const outcomes: string[] = [];
      for (const task of tasks) outcomes.push(yield* outcomeOf(task));
      return outcomes;
    });
    assert.deepEqual(outcomes, ["value value", "panic: TOKI_FUTURE_IN_USE"]);
  });

  test("the message says what to do instead", () => {
    const shared = waitFor(pending());
    const first = testTask(Future.from(awaiting(shared)));
    assertPending(first.poll());
    const second = testTask(Future.from(awaiting(shared)));
    const error = assertReadyErr(() => second.poll()) as MisuseError;
    assert.equal(
      error.message,
      "Cannot await waitFor here: another task or await is already driving it; create one future for each, or spawn it once and share the JoinHandle",
    );
  });

  test("an fn that is spawned twice: refused by the second spawn, the first task gets the value", async () => {
    for (const polled of [false, true]) {
      const gate = new Gate<string>();
      const outcome = await outcomesOf(function* () {
        const shared = waitFor(gate);
        const first = spawn(shared);
        if (polled) yield* yieldNow();
        assert.throws(() => spawn(shared), { code: "TOKI_FUTURE_IN_USE" });
        gate.open("value");
        return yield* outcomeOf(first);
      });
      assert.equal(outcome, "value value");
    }
  });

  test("an fn that is spawned, and awaited by another task: that one is told, the first gets the value", async () => {
    for (const polled of [false, true]) {
      const gate = new Gate<string>();
      const outcomes = await outcomesOf(function* () {
        const shared = waitFor(gate);
        const first = spawn(shared);
        if (polled) yield* yieldNow();
        const second = yield* outcomeOf(spawn(Future.from(awaiting(shared))));
        gate.open("value");
        return [yield* outcomeOf(first), second];
      });
      assert.deepEqual(outcomes, ["value value", "panic: TOKI_FUTURE_IN_USE"]);
    }
  });

  for (const [name, combine] of [
    ["select", (shared: Future<unknown>) => select({ shared })],
    ["join", (shared: Future<unknown>) => join(shared)],
    ["timeout", (shared: Future<unknown>) => timeout(60_000, shared)],
  ] as const) {
    test(`an fn that is spawned, and given to ${name} by another task: that one is told`, async () => {
      const gate = new Gate<string>();
      const outcomes = await outcomesOf(function* () {
        const shared = waitFor(gate);
        const first = spawn(shared);
        yield* yieldNow();
        const second = spawn(combine(shared) as Future<unknown>);
        yield* yieldNow();
        if (!second.isFinished()) return "it waits, and the first is not woken any more";
        const told = yield* outcomeOf(second);
        gate.open("value");
        return [told, yield* outcomeOf(first)];
      });
      assert.deepEqual(outcomes, ["panic: TOKI_FUTURE_IN_USE", "value value"]);
    });
  }

  test("an fn that awaits itself", () => {
    let self: Future<void> | undefined;
    const ouroboros = fn(function* ouroboros(): Generator<Suspend, void, unknown> {
      yield* self as Future<void>;
    });
    self = ouroboros();
    const task = testTask(self);
    assert.throws(() => task.poll(), { code: "TOKI_FUTURE_IN_USE" });
  });

  test("an fn that awaits its caller", () => {
    let caller: Future<void> | undefined;
    const inner = fn(function* inner() {
      yield* pause();
      yield* caller as Future<void>;
    });
    caller = fn(function* caller() {
      yield* inner();
    })();
    const task = testTask(caller);
    assertPending(task.poll());
    assert.throws(() => task.poll(), { code: "TOKI_FUTURE_IN_USE" });
  });

  test("polling an fn by hand that somebody awaits", () => {
    const shared = waitFor(pending());
    assertPending(testTask(Future.from(awaiting(shared))).poll());
    const second = testTask(shared);
    assert.throws(() => second.poll(), { code: "TOKI_FUTURE_IN_USE" });
    assert.throws(() => second.cancel(), { code: "TOKI_FUTURE_IN_USE" });
  });

  test("a sleep awaited by two tasks: the second is told", async () => {
    const outcomes = await outcomesOf(function* () {
      const shared = sleep(60_000);
      const tasks = [1, 2].map(() => spawn(Future.from(awaiting(shared))));
      const outcomes: string[] = [];
      for (const task of tasks) outcomes.push(yield* outcomeOf(task));
      return outcomes;
    });
    assert.deepEqual(outcomes, ["value undefined", "panic: TOKI_FUTURE_IN_USE"]);
  });

  test("a join awaited by two tasks: the second is told", async () => {
    const gate = new Gate<string>();
    const outcomes = await outcomesOf(function* () {
      const shared = join(gate);
      const tasks = [1, 2].map(() => spawn(Future.from(awaiting(shared))));
      yield* yieldNow();
      gate.open("value");
      const outcomes: string[] = [];
      for (const task of tasks) outcomes.push(yield* outcomeOf(task));
      return outcomes;
    });
    assert.deepEqual(outcomes, ["value value", "panic: TOKI_FUTURE_IN_USE"]);
  });

  test("a JoinHandle is the way to share: every task that awaits it gets the value", async () => {
    const gate = new Gate<string>();
    const outcomes = await outcomesOf(function* () {
      const shared = spawn(gate);
      const tasks = [1, 2, 3].map(() => spawn(Future.from(awaiting(shared))));
      yield* yieldNow();
      gate.open("value");
      const outcomes: string[] = [];
      for (const task of tasks) outcomes.push(yield* outcomeOf(task));
      return outcomes;
    });
    assert.deepEqual(outcomes, ["value value", "value value", "value value"]);
  });

  test("a shared JoinHandle that one task stops waiting for still wakes the others", async () => {
    const gate = new Gate<string>();
    const outcomes = await outcomesOf(function* () {
      const shared = spawn(gate);
      const tasks = [1, 2, 3].map(() => spawn(Future.from(awaiting(shared))));
      yield* yieldNow();
      tasks[1]?.abort();
      yield* yieldNow();
      gate.open("value");
      const outcomes: string[] = [];
      for (const task of tasks) outcomes.push(yield* outcomeOf(task));
      return outcomes;
    });
    assert.deepEqual(outcomes, ["value value", "cancelled", "value value"]);
  });
});

describe("a generator driven by hand", () => {
  test("next() on the generator of a body: says what to run it with", () => {
    const body = function* () {
      yield* sleepless();
    };
    assert.throws(() => body().next(), {
      code: "TOKI_OUTSIDE_RUNTIME",
      message:
        /^Cannot await sleepless here: nothing is polling; run the generator with main\(\), spawn\(\) or rt\.run\(\)/,
    });
  });

  test("for-of over a future", () => {
    assert.throws(() => [...(sleepless() as unknown as Iterable<unknown>)], { code: "TOKI_OUTSIDE_RUNTIME" });
  });

  test("of a hand-written future", () => {
    class Leaf extends Future<number> {
      poll(_cx: Context): Poll<number> {
        return Pending;
      }
    }
    const iterator = new Leaf()[Symbol.iterator]();
    assert.throws(() => iterator.next(), { code: "TOKI_OUTSIDE_RUNTIME", message: /^Cannot await Leaf here/ });
  });
});

const sleepless = fn(function* sleepless() {
  return 1;
});

const suspends = fn(function* suspends() {
  yield* pause();
  return 1;
});

const waitFor = fn(function* waitFor(future: Future<unknown>) {
  return yield* future;
});
