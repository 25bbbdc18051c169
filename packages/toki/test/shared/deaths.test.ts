/*
 * Threads that die with what they have of shared objects.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, fromPromise, JoinError, type JoinHandle, Runtime, spawn, spawnBlocking } from "toki";
import { Barrier, Mutex, mpsc, Notify, oneshot, RwLock, Semaphore } from "toki/shared";
import { waitsForModule } from "../threads/modules/never-ready.js";
import {
  dieAbove,
  dieArrived,
  dieAtOnce,
  dieBlocked,
  dieDowngraded,
  dieReading,
  dieWaiting,
  dieWith,
} from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 1 } as const;
const options = { timeout: 60_000 };

const died = fn(function* died(task: JoinHandle<unknown>) {
  let error: unknown;
  try {
    yield* task;
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof JoinError && error.isPanic(), String(error));
});

describe("a worker that dies", () => {
  test("gives its permits back, and swallows none as a waiter", options, async () => {
    await using rt = new Runtime(threads);
    const semaphore = new Semaphore(3);
    const up = new Notify();
    await rt.run(function* () {
      const task = spawn(dieWaiting(semaphore, up));
      yield* up.notified();
      // Its wait for 100 has collected two; that task's permit makes three.
      using _all = yield* semaphore.acquireMany(3);
      yield* died(task);
    });
    assert.equal(semaphore.availablePermits, 3);
  });

  test("unlocks with the value from before, closes its channels, drops its senders", options, async () => {
    await using rt = new Runtime(threads);
    const lock = new Mutex(1);
    const [tx, rx] = mpsc.channel<number>(4);
    const [otherTx, otherRx] = mpsc.channel<number>(4);
    const [back, answer] = oneshot<number>();
    await rt.run(function* () {
      const task = spawn(dieWith(lock, tx, otherRx, back));
      tx[Symbol.dispose]();
      assert.equal(yield* rx.recv(), 1);
      yield* otherTx.send(1);
      assert.equal(yield* rx.recv(), undefined);
      yield* otherTx.closed();
      using guard = yield* lock.lock();
      assert.equal(guard.value, 1);
      try {
        yield* answer;
        assert.fail("nobody sent");
      } catch (error) {
        assert.ok(error instanceof oneshot.RecvError, String(error));
      }
      yield* died(task);
    });
  });
});

describe("a worker that dies before a task has begun", () => {
  test("gives up what is in the arguments", options, async () => {
    await using rt = new Runtime(threads);
    const [tx, rx] = mpsc.channel<number>(1);
    await rt.run(function* () {
      const task = spawn(waitsForModule(tx));
      // Its worker takes no other before it has waited for the module in vain.
      yield* died(spawn(dieAtOnce()));
      tx[Symbol.dispose]();
      assert.equal(yield* rx.recv(), undefined);
      yield* died(task);
    });
  });
});

describe("a worker that dies with an RwLock", () => {
  test("gives its shares back, its place in line, and what it wrote with the value from before", options, async () => {
    await using rt = new Runtime(threads);
    const [read, write] = [new RwLock(1), new RwLock(1)];
    const up = new Notify();
    await rt.run(function* () {
      const task = spawn(dieReading(read, write, up));
      yield* up.notified();
      // Behind its readers and its writer.
      using guard = yield* read.write();
      guard.value++;
      assert.equal((yield* write.read()).value, 1);
      yield* died(task);
    });
    assert.equal(read.intoInner(), 2);
    write.tryRead().release();
  });

  test("after a downgrade: one share comes back, and the value is what it wrote", options, async () => {
    await using rt = new Runtime(threads);
    const lock = new RwLock(1, { maxReaders: 5 });
    await rt.run(function* () {
      yield* died(spawn(dieDowngraded(lock)));
      using guard = yield* lock.write();
      assert.equal(guard.value, 13);
    });
    assert.equal(lock.intoInner(), 13);
  });
});

describe("a worker that dies at a Barrier", () => {
  test("has arrived", options, async () => {
    await using rt = new Runtime(threads);
    const barrier = new Barrier(2);
    const up = new Notify();
    await rt.run(function* () {
      const task = spawn(dieArrived(barrier, up));
      yield* up.notified();
      yield* died(task);
      assert.deepEqual(yield* barrier.wait(), { isLeader: true });
    });
  });
});

describe("a thread that ends with the worker that started it", () => {
  for (const below of ["blocking thread", "worker"] as const) {
    test(`gives back what it had: a ${below}`, options, async () => {
      await using rt = new Runtime(threads);
      const semaphore = new Semaphore(1);
      await rt.run(function* () {
        yield* died(spawn(dieAbove(semaphore, new Notify(), below)));
        using _permit = yield* semaphore.acquire();
      });
      assert.equal(semaphore.availablePermits, 1);
    });
  }
});

describe("a blocking thread that is terminated", () => {
  test("gives back what it had", options, async () => {
    await using rt = new Runtime(threads);
    const semaphore = new Semaphore(1);
    const [tx, rx] = mpsc.channel<number>(1);
    await rt.run(function* () {
      const job = spawnBlocking(dieBlocked(semaphore, rx));
      // It is in its recv, or on the way there, once the permit is gone.
      while (semaphore.availablePermits > 0)
        yield* fromPromise(() => new Promise<void>((resolve) => setImmediate(resolve)));
      job.abort({ terminate: true });
      yield* tx.closed();
      using _permit = yield* semaphore.acquire();
    });
    assert.equal(semaphore.availablePermits, 1);
  });
});
