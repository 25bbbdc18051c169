/*
 * Threads that die with what they have of shared objects.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromPromise, JoinError, Runtime, spawn, spawnBlocking } from "toki";
import { Mutex, mpsc, Notify, oneshot, Semaphore } from "toki/shared";
import { dieBlocked, dieWaiting, dieWith } from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 1 } as const;
const options = { timeout: 60_000 };

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
      try {
        yield* task;
        assert.fail("it was to die");
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic(), String(error));
      }
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
      try {
        yield* task;
      } catch (error) {
        assert.ok(error instanceof JoinError && error.isPanic(), String(error));
      }
    });
  });
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
