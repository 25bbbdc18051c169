import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Runtime, spawn } from "toki";
import { Mutex, Notify, Semaphore } from "toki/shared";
import { answer, increment, takePermits } from "./functions.js";

const threads = { flavor: "multiThread", workerThreads: 2 } as const;
const options = { timeout: 60_000 };

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
