import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JoinError, MisuseError, NotSendError, Runtime, ready, spawn, spawnBlocking, yieldNow } from "toki";
import { AtomicCell, OnceCell, SetError, SetOnce, SetOnceError, watch } from "toki/shared";
import { assertErr, assertReadyErr, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { now, waiting, woken } from "../sync/support.js";
import {
  ask,
  askAgain,
  awaitOnce,
  awaitOnceBlocking,
  churn,
  dieInitializing,
  dieInLine,
  failWithValue,
  setOnce,
} from "./watch.functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };

describe("OnceCell between threads", () => {
  test("one initializer runs, all get its value", options, async () => {
    await using rt = new Runtime(threads);
    const cell = new OnceCell<string>();
    const runs = new AtomicCell(0);
    const values = await rt.run(function* () {
      const tasks = ["a", "b", "c", "d"].map((name) => spawn(ask(cell, runs, name)));
      const got = [yield* ask(cell, runs, "here")];
      for (const task of tasks) got.push(yield* task);
      return got;
    });
    assert.equal(runs.load(), 1);
    assert.deepEqual(new Set(values), new Set([cell.get()]));
  });

  test("initializers that fail let the next one run its own, wherever it is", options, async () => {
    await using rt = new Runtime(threads);
    const cell = new OnceCell<number>();
    const runs = new AtomicCell(0);
    const values = await rt.run(function* () {
      const tasks = [1, 2, 3, 4].map(() => spawn(askAgain(cell, runs, 20)));
      const got = [yield* askAgain(cell, runs, 20)];
      for (const task of tasks) got.push(yield* task);
      return got;
    });
    assert.deepEqual(new Set(values), new Set([20]));
    assert.equal(runs.load(), 21);
  });

  test("never two initializers at once, under cancellations, takes and sets of many threads", options, async () => {
    await using rt = new Runtime(threads);
    const cell = new OnceCell<number>();
    const running = new AtomicCell(0);
    await rt.run(function* () {
      const tasks = [1, 2, 3].map((n) => spawn(churn(cell, running, 300, [n, 5, 0, 2])));
      assert.equal(yield* churn(cell, running, 300, [1, 0, 4]), 0);
      for (const task of tasks) assert.equal(yield* task, 0);
    });
    assert.equal(running.load(), 0);
    cell.take();
    assert.equal(now(cell.getOrInit(() => ready(7))), 7);
  });
});

describe("values of a shared OnceCell", () => {
  test("are copies; the one who made the value has the original", () => {
    const cell = new OnceCell<{ n: number }>();
    const made = { n: 1 };
    assert.equal(now(cell.getOrInit(() => ready(made))), made);
    made.n = 2;
    assert.deepEqual([cell.get(), now(cell.getOrInit(() => ready({ n: 3 })))], [{ n: 1 }, { n: 1 }]);
  });

  test("one that cannot be sent is a failed initializer", () => {
    const cell = new OnceCell<unknown>();
    const gate = new Gate<unknown>();
    const first = waiting(cell.getOrInit(() => gate));
    const second = waiting(cell.getOrInit(() => ready(2)));
    gate.open(() => {});
    assert.ok(assertReadyErr(() => first.poll()) instanceof NotSendError);
    assert.equal(woken(second), 2);
    assert.ok(assertErr(() => new OnceCell<unknown>().set(() => {})) instanceof NotSendError);
    assert.ok(assertErr(() => new OnceCell<unknown>(() => {})) instanceof NotSendError);
  });

  test("a handle that is disposed while its initializer runs", () => {
    const cell = new OnceCell<number>();
    const other = cell.clone();
    for (const keepsOther of [true, false]) {
      const handle = keepsOther ? cell.clone() : cell;
      const gate = new Gate<number>();
      const task = waiting(handle.getOrInit(() => gate));
      handle[Symbol.dispose]();
      if (!keepsOther) other[Symbol.dispose]();
      gate.open(5);
      assert.equal(woken(task), 5);
      if (keepsOther) assert.equal(other.take(), 5);
    }
  });
});

describe("SetOnce between threads", () => {
  test("set here, awaited by tasks and blocking threads; early and late", options, async () => {
    await using rt = new Runtime(threads);
    const once = new SetOnce<{ port: number }>();
    const ports = await rt.run(function* () {
      const tasks = [spawn(awaitOnce(once)), spawn(awaitOnce(once))];
      const jobs = [spawnBlocking(awaitOnceBlocking(once)), spawnBlocking(awaitOnceBlocking(once))];
      once.set({ port: 8080 });
      const got = [yield* spawn(awaitOnce(once)), (yield* once.wait()).port];
      for (const each of [...tasks, ...jobs]) got.push(yield* each);
      return got;
    });
    assert.deepEqual(ports, [8080, 8080, 8080, 8080, 8080, 8080]);
  });

  test("set on a worker", options, async () => {
    await using rt = new Runtime(threads);
    const once = new SetOnce<{ port: number }>();
    const port = await rt.run(function* () {
      spawn(setOnce(once, 443));
      return (yield* once.wait()).port;
    });
    assert.equal(port, 443);
    assert.deepEqual(once.get(), { port: 443 });
  });

  test("blocking in a task is refused, elsewhere fine", options, async () => {
    await using rt = new Runtime();
    const once = new SetOnce(1);
    assert.equal(once.blockingWait(), 1);
    await rt.run(function* () {
      const error = assertErr(() => once.blockingWait());
      assert.ok(error instanceof MisuseError && error.code === "TOKI_BLOCKING_IN_TASK", String(error));
    });
  });

  test("a value that cannot be sent is refused, and nothing is set", () => {
    const once = new SetOnce<unknown>();
    assert.ok(assertErr(() => once.set(() => {})) instanceof NotSendError);
    assert.equal(once.initialized, false);
    assert.ok(assertErr(() => new SetOnce<unknown>(() => {})) instanceof NotSendError);
    const task = testTask(once.wait());
    once.set(1);
    assert.equal(task.poll(), 1);
  });
});

describe("a thread that dies", () => {
  test("in its initializer: the next in line runs its own", options, async () => {
    await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
    const cell = new OnceCell<string>();
    const up = new SetOnce<true>();
    await rt.run(function* () {
      const task = spawn(dieInitializing(cell, up));
      yield* up.wait();
      assert.equal(yield* cell.getOrInit(() => ready("here")), "here");
      try {
        yield* task;
        assert.fail("it was to die");
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic(), String(error));
      }
    });
    assert.equal(cell.get(), "here");
  });

  test("in line: it swallows no turn", options, async () => {
    await using rt = new Runtime({ flavor: "multiThread", workerThreads: 1 });
    const cell = new OnceCell<string>();
    const up = new SetOnce<true>();
    await rt.run(function* () {
      const gate = new Gate<string>();
      const first = spawn(cell.getOrInit(() => gate));
      while (!gate.isWaitedFor) yield* yieldNow();
      const task = spawn(dieInLine(cell, up));
      yield* up.wait();
      const last = spawn(cell.getOrInit(() => ready("last")));
      gate.fail(new Error("the first fails"));
      assert.equal(yield* last, "last");
      for (const each of [first, task]) {
        try {
          yield* each;
          assert.fail("it was to fail");
        } catch (error) {
          assert.ok(error instanceof JoinError && error.isPanic(), String(error));
        }
      }
    });
  });
});

test(
  "the errors of watch and of the cells are of their class on another thread, and bring the value back",
  options,
  async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = watch<number[]>([]);
    rx[Symbol.dispose]();
    const cases = [
      [tx, watch.SendError],
      [new OnceCell([3]), SetError],
      [new SetOnce([3]), SetOnceError],
    ] as const;
    await rt.run(function* () {
      for (const [what, ErrorClass] of cases) {
        try {
          yield* spawn(failWithValue(what));
          assert.fail("it was to fail");
        } catch (error) {
          assert.ok(error instanceof JoinError);
          const { cause } = error;
          assert.ok(cause instanceof ErrorClass, String(cause));
          assert.deepEqual(cause.value, [1, 2]);
        }
      }
    });
  },
);
