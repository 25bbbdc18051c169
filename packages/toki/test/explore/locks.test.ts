/*
 * Locks under many schedules: strictly first come, first served, nothing lost when a waiter is aborted at any moment. "Asked" is noted in the same poll
 * that puts the request in line.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, spawn, timeout, yieldNow } from "toki";
import { type ExploreTools, explore } from "toki/test";
import { implementations } from "../sync/implementations.js";
import { abortSome, RUNS, settle } from "./support.js";

for (const { name, module } of implementations) {
  const { Mutex, Notify, Semaphore } = module;

  describe(`${name} under many schedules`, () => {
    test("Mutex: one holder at a time, in the order of requests, whoever is aborted", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const mutex = new Mutex(0);
        const asked: number[] = [];
        const got: number[] = [];
        let inside = 0;
        const use = fn(function* use(id: number) {
          asked.push(id);
          using guard = yield* mutex.lock();
          got.push(id);
          assert.equal(++inside, 1);
          try {
            yield* yieldNow();
            guard.value++;
          } finally {
            inside--;
          }
        });
        const tasks = [0, 1, 2, 3].map((id) => spawn(use(id)));
        yield* abortSome(tasks, choose);
        const finished = yield* settle(tasks);
        assert.deepEqual(
          got.filter((id) => finished[id]),
          asked.filter((id) => finished[id]),
        );
        using guard = mutex.tryLock();
        assert.equal(guard.value >= finished.filter(Boolean).length, true);
      }, RUNS);
    });

    test("Mutex: tryLock never overtakes, and a lock that timed out is nobody's", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const mutex = new Mutex(0);
        let waiting = 0;
        const patient = fn(function* patient() {
          waiting++;
          using _ = yield* mutex.lock();
          waiting--;
          yield* yieldNow();
        });
        const hasty = fn(function* hasty() {
          try {
            using _ = mutex.tryLock();
            assert.equal(waiting, 0, "overtook a waiter");
          } catch (error) {
            assert.equal((error as { code?: string }).code, "TOKI_LOCKED");
          }
        });
        const limited = fn(function* limited() {
          try {
            using _ = yield* timeout(choose(2), mutex.lock());
            yield* yieldNow();
          } catch (error) {
            assert.equal((error as { code?: string }).code, "TOKI_ELAPSED");
          }
        });
        const tasks = [spawn(patient()), spawn(limited()), spawn(hasty()), spawn(patient()), spawn(hasty())];
        for (const task of tasks) yield* task;
        mutex.tryLock()[Symbol.dispose]();
      }, RUNS);
    });

    // With several permits, two that were given theirs in order may be polled in another.
    test("Semaphore: in the order of requests", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const semaphore = new Semaphore(1);
        const asked: number[] = [];
        const got: number[] = [];
        const use = fn(function* use(id: number) {
          asked.push(id);
          using _ = yield* semaphore.acquire();
          got.push(id);
          yield* yieldNow();
        });
        const tasks = [0, 1, 2, 3].map((id) => spawn(use(id)));
        yield* abortSome(tasks, choose);
        const finished = yield* settle(tasks);
        assert.deepEqual(
          got.filter((id) => finished[id]),
          asked.filter((id) => finished[id]),
        );
        assert.equal(semaphore.availablePermits, 1);
      }, RUNS);
    });

    test("Semaphore: never more permits than there are, none lost, nobody passed over", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const semaphore = new Semaphore(3);
        let held = 0;
        const use = fn(function* use(n: number) {
          using _ = yield* semaphore.acquireMany(n);
          held += n;
          assert.equal(held <= 3, true);
          try {
            yield* yieldNow();
          } finally {
            held -= n;
          }
        });
        const tasks = [2, 1, 3, 2].map((n) => spawn(use(n)));
        yield* abortSome(tasks, choose);
        yield* settle(tasks);
        assert.equal(semaphore.availablePermits, 3);
      }, RUNS);
    });

    test("Semaphore: close() ends every wait, and permits come back", async () => {
      await explore(function* () {
        const semaphore = new Semaphore(1);
        const results: string[] = [];
        const use = fn(function* use() {
          try {
            using _ = yield* semaphore.acquire();
            yield* yieldNow();
            results.push("held");
          } catch (error) {
            results.push((error as { code: string }).code);
          }
        });
        const tasks = [spawn(use()), spawn(use()), spawn(use())];
        const closer = spawn(function* () {
          semaphore.close();
        });
        for (const task of tasks) yield* task;
        yield* closer;
        assert.equal(results.length, 3);
        for (const result of results) assert.match(result, /^(held|TOKI_SEMAPHORE_CLOSED)$/);
        assert.equal(semaphore.availablePermits, 1);
      }, RUNS);
    });

    test("Notify: a notification that reaches a waiter who is aborted goes to the next", async () => {
      await explore(function* ({ choose }: ExploreTools) {
        const notify = new Notify();
        let waiting = 0;
        const wait = fn(function* wait() {
          waiting++;
          yield* notify.notified();
        });
        const victim = spawn(wait());
        while (waiting < 1) yield* yieldNow();
        const next = spawn(wait());
        while (waiting < 2) yield* yieldNow();
        const notifier = spawn(function* () {
          for (let i = choose(3); i > 0; i--) yield* yieldNow();
          notify.notifyOne();
        });
        victim.abort();
        const [finished] = yield* settle([victim]);
        if (finished) notify.notifyOne();
        yield* next;
        yield* notifier;
      }, RUNS);
    });

    test("Notify: notifyWaiters wakes all who wait and stores nothing", async () => {
      await explore(function* () {
        const notify = new Notify();
        let waiting = 0;
        let seen = 0;
        const wait = fn(function* wait() {
          const notified = notify.notified();
          waiting++;
          yield* notified;
          seen++;
        });
        const tasks = [spawn(wait()), spawn(wait())];
        while (waiting < 2) yield* yieldNow();
        notify.notifyWaiters();
        for (const task of tasks) yield* task;
        assert.equal(seen, 2);
        const late = spawn(wait());
        yield* yieldNow();
        yield* yieldNow();
        assert.equal(late.isFinished(), false);
        notify.notifyOne();
        yield* late;
      }, RUNS);
    });
  });
}
