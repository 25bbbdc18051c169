import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Future, fn, join, MisuseError, pending, ready, spawn, yieldNow } from "toki";
import type { Mutex, MutexGuard } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { DisposedError, MappedMutexGuard, Mutex, MutexGuard, TryLockError } = module;

  describe(implementation, () => {
    const isLocked = (mutex: Mutex<unknown>) => {
      try {
        mutex.tryLock().release();
        return false;
      } catch (error) {
        assert.ok(error instanceof TryLockError);
        return true;
      }
    };

    describe("Mutex.lock", () => {
      test("does nothing until it is polled", () => {
        const mutex = new Mutex(1);
        const lock = mutex.lock();
        assert.equal(isLocked(mutex), false);
        const guard = now(lock);
        assert.ok(guard instanceof MutexGuard);
        assert.equal(isLocked(mutex), true);
      });

      test(
        "keeps others out across awaits",
        toki(function* () {
          const mutex = new Mutex(0);
          const add = fn(function* () {
            using guard = yield* mutex.lock();
            const before = guard.value;
            yield* yieldNow();
            guard.value = before + 1;
          });
          yield* join(...Array.from({ length: 50 }, add));
          assert.equal(mutex.intoInner(), 50);
        }),
      );

      test("first come, first served", () => {
        const mutex = new Mutex(0);
        const guard = now(mutex.lock());
        const [a, b] = [waiting(mutex.lock()), waiting(mutex.lock())];
        guard.release();
        stillWaiting(b);
        woken(a).release();
        woken(b);
      });

      test("is not re-entrant", () => {
        const mutex = new Mutex(0);
        const task = waiting(
          fn(function* () {
            using _outer = yield* mutex.lock();
            using _inner = yield* mutex.lock();
          })(),
        );
        stillWaiting(task);
        task.cancel();
        assert.equal(isLocked(mutex), false);
      });

      test("is not poisoned by a throw", () => {
        const mutex = new Mutex(1);
        const failing = testTask(
          fn(function* () {
            using guard = yield* mutex.lock();
            guard.value = 2;
            throw new Error("midway");
          })(),
        );
        assertReadyErr(() => failing.poll());
        assert.equal(now(mutex.lock()).value, 2);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, loses its place only`, () => {
          const mutex = new Mutex(0);
          const guard = now(mutex.lock());
          const [a, b] = [waiting(mutex.lock()), waiting(mutex.lock())];
          drop(a);
          guard.release();
          assert.equal(a.isWoken, false);
          woken(b);
        });

        test(`${name} with the lock promised to it, passes it on`, () => {
          const mutex = new Mutex(0);
          const guard = now(mutex.lock());
          const [a, b] = [waiting(mutex.lock()), waiting(mutex.lock())];
          guard.release();
          assert.equal(a.isWoken, true);
          drop(a);
          woken(b);
        });

        test(`${name} with the lock promised to it and nobody behind, unlocks`, () => {
          const mutex = new Mutex(0);
          const guard = now(mutex.lock());
          const a = waiting(mutex.lock());
          guard.release();
          drop(a);
          assert.equal(isLocked(mutex), false);
        });
      }

      test("polled after completion throws", () => {
        const lock = testTask(new Mutex(0).lock());
        assertReady(lock.poll());
        assert.ok(assertReadyErr(() => lock.poll()) instanceof MisuseError);
      });

      test("takes part in the cooperative budget", () => {
        const mutex = new Mutex(0);
        const task = testTask(
          fn(function* () {
            for (let i = 0; i < 200; i++) {
              using guard = yield* mutex.lock();
              guard.value++;
            }
          })(),
        );
        assertPending(task.poll());
        assert.equal(now(mutex.lock()).value, 128);
      });

      test(
        "aborting the holder releases it after its cleanup",
        toki(function* () {
          const mutex = new Mutex<string[]>([]);
          const holder = spawn(function* () {
            using guard = yield* mutex.lock();
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              guard.value.push("cleaned up");
            }
          });
          yield* yieldNow();
          holder.abort();
          assert.deepEqual((yield* mutex.lock()).value, ["cleaned up"]);
        }),
      );
    });

    describe("Mutex.tryLock", () => {
      test("fails while locked", () => {
        const mutex = new Mutex("value");
        const guard = mutex.tryLock();
        assert.equal(guard.value, "value");
        const error = assertErr(() => mutex.tryLock());
        assert.ok(error instanceof TryLockError);
        assert.deepEqual([error.code, error.message], ["TOKI_LOCKED", "operation would block"]);
        guard.release();
        mutex.tryLock();
      });

      test("fails while the lock is promised to a waiter", () => {
        const mutex = new Mutex(0);
        const guard = mutex.tryLock();
        const waits = waiting(mutex.lock());
        guard.release();
        assert.equal(isLocked(mutex), true);
        woken(waits).release();
        assert.equal(isLocked(mutex), false);
      });
    });

    describe("MutexGuard", () => {
      test("value reads and writes what the mutex protects", () => {
        const mutex = new Mutex(1);
        {
          using guard = mutex.tryLock();
          guard.value += 1;
          assert.equal(guard.mutex, mutex);
        }
        assert.equal(mutex.tryLock().value, 2);
      });

      test("use after release throws; a second release does nothing", () => {
        const mutex = new Mutex(1);
        const guard = mutex.tryLock();
        guard.release();
        const next = mutex.tryLock();
        guard.release();
        guard[Symbol.dispose]();
        assert.equal(isLocked(mutex), true);
        for (const call of [
          () => guard.value,
          () => {
            guard.value = 2;
          },
          () => guard.mutex,
          () => guard.map((n) => n),
          () => guard.tryMap((n) => n),
        ]) {
          assert.ok(assertErr(call) instanceof DisposedError);
        }
        assert.equal(next.value, 1);
      });

      test("map narrows to a part and holds the same lock", () => {
        const mutex = new Mutex({ a: 1, list: ["x"] });
        const guard = mutex.tryLock();
        const mapped = guard.map(
          (value) => value.a,
          (value, part) => {
            value.a = part;
          },
        );
        assert.ok(mapped instanceof MappedMutexGuard);
        assert.ok(assertErr(() => guard.value) instanceof DisposedError);
        guard.release(); // over: does not unlock
        assert.equal(isLocked(mutex), true);
        mapped.value++;
        assert.equal(mapped.value, 2);
        mapped.release();
        mapped.release();
        assert.equal(mutex.intoInner().a, 2);
      });

      test("a mapped guard without a setter cannot be assigned", () => {
        const mapped = new Mutex({ a: 1 }).tryLock().map((value) => value.a);
        assert.match(
          (
            assertErr(() => {
              mapped.value = 2;
            }) as Error
          ).message,
          /give map\(\) a second function/,
        );
      });

      test("a mapped guard maps further", () => {
        const mutex = new Mutex({ inner: { n: 1 } });
        const inner = mutex.tryLock().map((value) => value.inner);
        const n = inner.map(
          (value) => value.n,
          (value, part) => {
            value.n = part;
          },
        );
        assert.ok(assertErr(() => inner.value) instanceof DisposedError);
        assert.ok(assertErr(() => inner.map((x) => x)) instanceof DisposedError);
        n.value = 5;
        n[Symbol.dispose]();
        assert.ok(assertErr(() => n.value) instanceof DisposedError);
        assert.equal(mutex.intoInner().inner.n, 5);
      });

      test("tryMap leaves the guard alone when there is no such part", () => {
        const mutex = new Mutex(new Map([["key", { n: 1 }]]));
        const guard = mutex.tryLock();
        assert.equal(
          guard.tryMap((map) => map.get("other")),
          undefined,
        );
        const mapped = guard.tryMap((map) => map.get("key"));
        assert.equal(mapped?.value.n, 1);
        assert.equal(
          mapped?.tryMap(() => undefined),
          undefined,
        );
        using n = mapped?.tryMap((value) => value.n);
        assert.equal(n?.value, 1);
      });

      test("a mapped guard hands the lock on", () => {
        const mutex = new Mutex({ a: 1 });
        const mapped = mutex.tryLock().map((value) => value.a);
        const waits = waiting(mutex.lock());
        mapped[Symbol.dispose]();
        woken(waits);
      });
    });

    describe("Mutex.withLock", () => {
      test("takes a generator function, an fn, a future, or a plain function", () => {
        const mutex = new Mutex(1);
        const double = fn(function* (guard: MutexGuard<number>) {
          guard.value *= 2;
          return guard.value;
        });
        assert.equal(
          now(
            mutex.withLock(function* (guard) {
              guard.value += yield* ready(10);
              return "generator";
            }),
          ),
          "generator",
        );
        assert.equal(now(mutex.withLock(double)), 22);
        assert.equal(now(mutex.withLock(() => ready("future"))), "future");
        assert.equal(now(mutex.withLock((guard) => guard.value++)), 22);
        assert.equal(mutex.intoInner(), 23);
      });

      test("releases on a throw", () => {
        const mutex = new Mutex(1);
        const failing = testTask(
          mutex.withLock(() => {
            throw new Error("midway");
          }),
        );
        assert.match((assertReadyErr(() => failing.poll()) as Error).message, /midway/);
        assert.equal(isLocked(mutex), false);
      });

      test("refuses a promise, and releases", () => {
        const mutex = new Mutex(1);
        const task = testTask(mutex.withLock(() => Promise.resolve(1)));
        const error = assertReadyErr(() => task.poll());
        assert.ok(error instanceof MisuseError);
        assert.match(error.message, /Mutex\.withLock: .*fromPromise/);
        assert.equal(isLocked(mutex), false);
      });

      test("cancelled while waiting, the body never runs", () => {
        const mutex = new Mutex(1);
        const guard = mutex.tryLock();
        const task = waiting(mutex.withLock(() => assert.fail("ran")));
        guard.release();
        assert.equal(task.cancel(), undefined);
        assert.equal(isLocked(mutex), false);
      });

      test("cancelled inside, the lock is released after the body's cleanup", () => {
        const mutex = new Mutex(1);
        const log: string[] = [];
        const task = waiting(
          mutex.withLock(function* () {
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              log.push(isLocked(mutex) ? "still locked" : "unlocked");
            }
          }),
        );
        assertPending(task.cancel());
        assert.equal(task.cancel(), undefined);
        assert.deepEqual(log, ["still locked"]);
        assert.equal(isLocked(mutex), false);
      });

      test("is lazy", () => {
        const mutex = new Mutex(1);
        assert.ok(mutex.withLock(() => assert.fail("ran")) instanceof Future);
      });
    });

    describe("Mutex.intoInner", () => {
      test("gives the value and ends the mutex", () => {
        const mutex = new Mutex("value");
        assert.equal(mutex.intoInner(), "value");
        assert.ok(assertErr(() => mutex.tryLock()) instanceof DisposedError);
        assert.ok(assertErr(() => mutex.intoInner()) instanceof DisposedError);
        assert.ok(assertReadyErr(() => testTask(mutex.lock()).poll()) instanceof DisposedError);
      });

      test("throws while the lock is held or promised", () => {
        const mutex = new Mutex("value");
        const guard = mutex.tryLock();
        assert.ok(assertErr(() => mutex.intoInner()) instanceof TryLockError);
        const waits = waiting(mutex.lock());
        guard.release();
        assert.ok(assertErr(() => mutex.intoInner()) instanceof TryLockError);
        woken(waits).release();
        assert.equal(mutex.intoInner(), "value");
      });
    });
  });
}
