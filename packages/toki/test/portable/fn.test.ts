import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Future,
  fn,
  isFuture,
  JoinError,
  JoinSet,
  join,
  type MisuseError,
  pending,
  pin,
  Runtime,
  ready,
  type Suspend,
  select,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, assertReady, assertReadyErr, testBlockOn, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { callOf, MAX_NATIVE_DEPTH } from "./support.js";

const meta = import.meta;

const later = fn(meta, function* later(value: any) {
  yield* yieldNow();
  return value;
});

/** A call of a portable function that notes in `log` when its parameters are evaluated, starts, and ends. */
const log: string[] = [];
const traced = fn(meta, function* traced(gate: any, _ = log.push("parameters")) {
  log.push("starts");
  try {
    yield* gate as Gate;
  } finally {
    log.push("ends");
  }
});

function logged(): string[] {
  return log.splice(0);
}

describe("fn(import.meta, ...): a future like any other", () => {
  test("the call runs nothing, not even the default values of parameters", () => {
    const task = testTask(traced(ready(undefined)));
    assert.deepEqual(logged(), []);
    assertReady(task.poll());
    assert.deepEqual(logged(), ["parameters", "starts", "ends"]);
  });

  test("arguments are evaluated by the call", () => {
    const order: string[] = [];
    testBlockOn(function* () {
      const future = later(order.push("argument"));
      order.push("created");
      yield* future;
    });
    assert.deepEqual(order, ["argument", "created"]);
  });

  test("it is awaited, ready or suspended, by hand or inside another", () => {
    const twice = fn(meta, function* twice(x: number) {
      return x * 2;
    });
    assert.equal(assertReady(testTask(twice(2)).poll()), 4);
    const task = testTask(later("value"));
    assertPending(task.poll());
    assert.ok(task.isWoken);
    assert.equal(assertReady(task.poll()), "value");
    assert.equal(
      testBlockOn(function* () {
        return (yield* twice(3)) + (yield* later(1));
      }),
      7,
    );
    assert.ok(isFuture(twice(1)) && !("then" in twice(1)));
  });

  test("spawn, join, select, timeout and run take it", async () => {
    await using rt = new Runtime({ flavor: "currentThread" });
    const answer = await rt.run(function* () {
      const handle = spawn(later(1));
      const joined = yield* join(later(2), later(3));
      const won = yield* select({ later: later(4), never: pending() });
      return [yield* handle, ...joined, won.value, yield* timeout(1000, later(5))];
    });
    assert.deepEqual(answer, [1, 2, 3, 4, 5]);
    assert.equal(await rt.run(later(6)), 6);
  });

  test("awaited on this thread, arguments and the result are passed by reference, whatever they are", () => {
    const callback = () => {};
    const argument = { callback, symbol: Symbol("x"), inner: {} };
    assert.equal(
      testBlockOn(function* () {
        return yield* later(argument);
      }),
      argument,
    );
    assert.equal(
      testBlockOn(function* () {
        return yield* spawn(later(argument));
      }),
      argument,
    );
  });

  test("`this` is undefined, also for a method; rest parameters and arguments.length are those of the call", () => {
    const seen = fn(meta, function* seen(...all: number[]) {
      // biome-ignore lint/complexity/noArguments: it is what is tested
      return [this as unknown, arguments.length, ...all];
    });
    const object = { seen };
    assert.deepEqual(assertReady(testTask(object.seen(1, 2, 3)).poll()), [undefined, 3, 1, 2, 3]);
    assert.deepEqual(assertReady(testTask(seen()).poll()), [undefined, 0]);
  });

  test("keeps name and length of the body", () => {
    const counted = fn(meta, function* counted(_a: number, _b: string) {});
    assert.deepEqual([counted.name, counted.length], ["counted", 2]);
  });

  test("recursion through the constant, deeper than native frames go", () => {
    const sum = fn(meta, function* sumUpTo(n: number): Generator<Suspend, number, unknown> {
      if (n === 0) return yield* later(0);
      return n + (yield* sum(n - 1));
    });
    const depth = MAX_NATIVE_DEPTH * 5;
    assert.equal(testTask(sum(depth)).pollUntilIdle(), (depth * (depth + 1)) / 2);
  });
});

describe("fn(import.meta, ...): one future, one use", () => {
  test("awaited twice, and in two tasks", () => {
    const future = later(1);
    testTask(future).pollUntilIdle();
    const again = assertReadyErr(() => testTask(future).poll()) as MisuseError;
    assert.equal(again.code, "TOKI_POLLED_AFTER_COMPLETION");
    assert.match(again.message, /^Cannot poll later after completion/);
    testBlockOn(function* () {
      const owned = later(2);
      const handle = spawn(owned);
      assert.throws(() => spawn(owned), { code: "TOKI_FUTURE_IN_USE" });
      yield* handle;
    });
  });

  test("disposed, aborted or given up before its first poll: nothing of it runs", async () => {
    const disposed = traced(pending());
    disposed[Symbol.dispose]();
    disposed[Symbol.dispose]();
    assert.throws(() => testTask(disposed).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    const forced = callOf(traced(pending()));
    forced.forceCancel();
    assert.throws(() => testTask(forced).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    await using rt = new Runtime({ flavor: "currentThread" });
    await rt.run(function* () {
      const set = new JoinSet<void>();
      set.spawn(traced(pending()));
      set.abortAll();
      const result = yield* set.joinNext();
      assert.ok(result?.ok === false && result.error.isCancelled());
      yield* select({ won: ready(1), lost: traced(pending()) }, { biased: true });
    });
    assert.deepEqual(logged(), []);
  });

  test("cancelled while suspended: its cleanup runs", () => {
    const gate = new Gate("gate");
    const task = testTask(select({ lost: traced(gate), won: later(1) }, { biased: true }));
    assertPending(task.poll());
    assertReady(task.poll());
    assert.deepEqual(logged(), ["parameters", "starts", "ends"]);
  });

  test("lent to a select and awaited afterwards, it goes on", () => {
    const value = testBlockOn(function* () {
      const future = later("kept");
      yield* select({ first: ready(0), lent: pin(future) }, { biased: true });
      return yield* future;
    });
    assert.equal(value, "kept");
  });

  test("await trees and dumps show one that has started, and one that has not", async () => {
    const rt = new Runtime({ flavor: "currentThread" });
    const gate = new Gate("the gate");
    rt.spawn(traced(gate), { name: "parked" });
    await rt.run(yieldNow());
    rt.spawn(traced(gate), { name: "queued" });
    const [parked, queued] = rt.dump().tasks;
    assert.equal(parked?.tree?.name, "traced");
    assert.match(String(parked?.tree?.site), /fn\.test\.[jt]s:\d+:\d+$/);
    assert.deepEqual(
      parked?.tree?.children.map((child) => child.name),
      ["the gate"],
    );
    assert.equal(queued?.state, "queued");
    assert.deepEqual([queued?.tree?.name, queued?.tree?.children], ["traced", []]);
    const fresh = callOf(traced(gate));
    assert.deepEqual([fresh.describe(), [...fresh.awaits()], fresh.isShielded], ["traced", [], false]);
    await rt.shutdown();
    logged();
  });
});

describe("fn(import.meta, ...): errors of the body", () => {
  const failing = fn(meta, function* failing(_: number = boom()) {
    yield* yieldNow();
  });
  function boom(): number {
    throw new RangeError("no default");
  }

  test("a default value that throws fails the await, and no other", () => {
    testBlockOn(function* () {
      const future = failing();
      for (const error of [/no default/, /after completion/]) {
        try {
          yield* future;
          assert.fail("it went on");
        } catch (caught) {
          assert.match(String(caught), error);
        }
      }
      yield* failing(1);
    });
  });

  test("at the root of a task, by hand, and where frames are too deep to start natively", async () => {
    await using rt = new Runtime({ flavor: "currentThread" });
    await assert.rejects(
      async () => await rt.spawn(failing()),
      (error) => error instanceof JoinError && error.cause instanceof RangeError,
    );
    const task = failing();
    assertReadyErr(() => testTask(task).poll());
    assert.throws(() => testTask(task).poll(), { code: "TOKI_POLLED_AFTER_COMPLETION" });
    const deep = fn(function* deep(n: number): Generator<Suspend, void, unknown> {
      yield* n === 0 ? failing() : deep(n - 1);
    });
    for (let depth = MAX_NATIVE_DEPTH - 3; depth < MAX_NATIVE_DEPTH + 3; depth++) {
      assert.throws(() => testTask(deep(depth)).poll(), /no default/);
    }
  });

  test("a default value cannot await the call it belongs to", () => {
    let self: Future<unknown>;
    const knot = fn(meta, function* knot(value: any = testTask(self).poll()) {
      return value;
    });
    for (const drive of [
      (future: Future<unknown>) => void testTask(future).poll(),
      (future: Future<unknown>) =>
        void testBlockOn(function* () {
          yield* future;
        }),
    ]) {
      self = knot();
      assert.throws(() => drive(self), { code: "TOKI_FUTURE_IN_USE" });
    }
  });

  test("the stack of an error names the portable functions it went through", () => {
    const inner = fn(meta, function* inner() {
      yield* yieldNow();
      throw new Error("boom");
    });
    const outer = fn(meta, function* outer() {
      yield* inner();
    });
    const task = testTask(outer());
    assertPending(task.poll());
    const { stack } = assertReadyErr(() => task.poll()) as Error;
    assert.match(String(stack), /at inner .*\n\s+at async outer \(.*fn\.test/);
  });
});
