import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Runtime, spawn, spawnBlocking, yieldNow } from "toki";
import { AtomicCell, Barrier, Mutex, Notify, RwLock, Semaphore, TryLockError } from "toki/shared";
import {
  answer,
  increment,
  march,
  marchBlocking,
  readAndWrite,
  readAndWriteBlocking,
  takePermits,
} from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };

function isOpen(lock: RwLock<unknown>): boolean {
  try {
    lock.tryRead().release();
    return true;
  } catch {
    return false;
  }
}

describe("locks between threads", () => {
  test("Semaphore: permits come back from every worker", options, async () => {
    await using rt = new Runtime(threads);
    const semaphore = new Semaphore(3);
    const done = await rt.run(function* () {
      const tasks = [1, 2, 3, 2].map((n) => spawn(takePermits(semaphore, 300, n)));
      let sum = yield* takePermits(semaphore, 300, 3);
      for (const task of tasks) sum += yield* task;
      return sum;
    });
    assert.equal(done, 1500);
    assert.equal(semaphore.availablePermits, 3);
  });

  test("Mutex: no update is lost", options, async () => {
    await using rt = new Runtime(threads);
    const total = new Mutex({ n: 0 });
    await rt.run(function* () {
      const tasks = [1, 2, 3].map(() => spawn(increment(total, 400)));
      yield* increment(total, 400);
      for (const task of tasks) yield* task;
    });
    assert.deepEqual(total.intoInner(), { n: 1600 });
  });

  test("RwLock: no write is lost, no reader sees half of one, and none comes into a downgrade", options, async () => {
    await using rt = new Runtime(threads);
    const lock = new RwLock({ a: 0, b: 0 });
    await rt.run(function* () {
      const tasks = [1, 2, 3].map(() => spawn(readAndWrite(lock, 200)));
      const job = spawnBlocking(readAndWriteBlocking(lock, 200));
      yield* readAndWrite(lock, 200);
      for (const task of tasks) yield* task;
      yield* job;
    });
    assert.deepEqual(lock.intoInner(), { a: 1000, b: 1000 });
  });

  test("RwLock: readers on several threads at once, as many as may", options, async () => {
    await using rt = new Runtime(threads);
    const lock = new RwLock({ a: 0, b: 0 }, { maxReaders: 2 });
    const [one, two] = [lock.tryRead(), lock.tryRead()];
    await rt.run(function* () {
      const task = spawn(readAndWrite(lock, 10));
      one.release();
      two.release();
      yield* task;
    });
    assert.deepEqual(lock.intoInner(), { a: 10, b: 10 });
  });

  test("RwLock: a writer who waits on one thread keeps readers of another out", options, async () => {
    await using rt = new Runtime(threads);
    const lock = new RwLock({ a: 0, b: 0 });
    const reading = lock.tryRead();
    await rt.run(function* () {
      const task = spawn(readAndWrite(lock, 1));
      // Its read enters beside ours, then its write waits.
      while (isOpen(lock)) yield* yieldNow();
      assert.throws(() => lock.tryRead(), TryLockError);
      reading.release();
      yield* task;
    });
    assert.deepEqual(lock.tryRead().value, { a: 1, b: 1 });
  });

  test("Barrier: tasks and blocking threads in step, with one leader each time", options, async () => {
    await using rt = new Runtime(threads);
    const [barrier, counts] = [new Barrier(4), new AtomicCell(0)];
    const leads = await rt.run(function* () {
      const marchers = [
        spawn(march(barrier, counts, 4, 100)),
        spawn(march(barrier, counts, 4, 100)),
        spawnBlocking(marchBlocking(barrier, counts, 4, 100)),
      ];
      let leads = yield* march(barrier, counts, 4, 100);
      for (const each of marchers) leads += yield* each;
      return leads;
    });
    assert.equal(leads, 100);
    assert.equal(counts.load(), 400);
  });

  test("Notify: each question is answered", options, async () => {
    await using rt = new Runtime(threads);
    const [ask, reply] = [new Notify(), new Notify()];
    await rt.run(function* () {
      const task = spawn(answer(ask, reply, 500));
      for (let i = 0; i < 500; i++) {
        ask.notifyOne();
        yield* reply.notified();
      }
      yield* task;
    });
  });
});
