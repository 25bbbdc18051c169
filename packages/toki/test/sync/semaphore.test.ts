import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, InvalidArgumentError, join, MisuseError, sleep, spawn } from "toki";
import type { Semaphore, SemaphorePermit, TryAcquireError } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module, isShared } of implementations) {
  const { AcquireError, Semaphore, SemaphorePermit, TryAcquireError } = module;

  describe(implementation, () => {
    const tryKind = (semaphore: Semaphore, n?: number) => {
      const error = assertErr(() => semaphore.tryAcquire(n));
      assert.ok(error instanceof TryAcquireError);
      return error.kind;
    };

    const badNumbers = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Semaphore.MAX_PERMITS + 1, "1", undefined];

    describe("new Semaphore", () => {
      test("takes 0 to MAX_PERMITS, and nothing else", () => {
        assert.equal(Semaphore.MAX_PERMITS, isShared ? 2 ** 30 - 1 : Math.floor(Number.MAX_SAFE_INTEGER / 8));
        assert.equal(new Semaphore(0).availablePermits, 0);
        assert.equal(new Semaphore(Semaphore.MAX_PERMITS).availablePermits, Semaphore.MAX_PERMITS);
        for (const bad of badNumbers) {
          const error = assertErr(() => new Semaphore(bad as number));
          assert.ok(error instanceof InvalidArgumentError);
          assert.match(error.message, /new Semaphore: permits must be/);
        }
      });

      test(
        "never lets more in than it has permits",
        toki(
          function* () {
            const semaphore = new Semaphore(10);
            let inside = 0;
            let most = 0;
            const work = fn(function* () {
              using _permit = yield* semaphore.acquire();
              most = Math.max(most, ++inside);
              yield* sleep(10);
              inside--;
            });
            yield* join(...Array.from({ length: 100 }, work));
            assert.deepEqual([most, inside, semaphore.availablePermits], [10, 0, 10]);
          },
          { startPaused: true },
        ),
      );
    });

    describe("Semaphore.acquire", () => {
      test("does nothing until it is polled", () => {
        const semaphore = new Semaphore(1);
        const acquire = semaphore.acquire();
        assert.equal(semaphore.availablePermits, 1);
        assert.ok(now(acquire) instanceof SemaphorePermit);
        assert.equal(semaphore.availablePermits, 0);
      });

      test("first come, first served", () => {
        const semaphore = new Semaphore(1);
        const permit = now(semaphore.acquire());
        const [a, b] = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
        permit.release();
        stillWaiting(b);
        const second = woken(a);
        stillWaiting(b);
        second.release();
        woken(b);
      });

      test("a waiter that is polled by another task is woken there", () => {
        const semaphore = new Semaphore(0);
        const acquire = semaphore.acquire();
        const [first, second] = [waiting(acquire), waiting(acquire)];
        semaphore.addPermits(1);
        assert.equal(first.isWoken, false);
        woken(second);
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, loses its place only`, () => {
          const semaphore = new Semaphore(0);
          const [a, b, c] = [waiting(semaphore.acquire()), waiting(semaphore.acquire()), waiting(semaphore.acquire())];
          drop(b);
          semaphore.addPermits(2);
          assert.equal(b.isWoken, false);
          woken(a);
          woken(c);
          assert.equal(semaphore.availablePermits, 0);
        });

        test(`${name} with a permit handed to it, passes it on`, () => {
          const semaphore = new Semaphore(0);
          const [a, b] = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
          semaphore.addPermits(1);
          assert.equal(a.isWoken, true);
          drop(a);
          woken(b);
          assert.equal(semaphore.availablePermits, 0);
        });

        test(`${name} unpolled, or finished, does nothing`, () => {
          const semaphore = new Semaphore(1);
          const unpolled = testTask(semaphore.acquire());
          drop(unpolled);
          assert.equal(semaphore.availablePermits, 1);
          const finished = testTask(semaphore.acquire());
          assertReady(finished.poll());
          finished.inner[Symbol.dispose]();
          assert.equal(semaphore.availablePermits, 0);
        });
      }

      test("polled after completion throws", () => {
        const acquire = testTask(new Semaphore(1).acquire());
        assertReady(acquire.poll());
        assert.ok(assertReadyErr(() => acquire.poll()) instanceof MisuseError);
      });

      test("takes part in the cooperative budget", () => {
        const semaphore = new Semaphore(1);
        let rounds = 0;
        const task = testTask(
          fn(function* () {
            for (; rounds < 200; rounds++) (yield* semaphore.acquire()).release();
          })(),
        );
        assertPending(task.poll());
        assert.equal(rounds, 128);
        assert.equal(task.isWoken, true);
        assertReady(task.poll());
      });
    });

    describe("Semaphore.acquireMany", () => {
      test("collects what becomes free; availablePermits is 0 and smaller requests wait", () => {
        const semaphore = new Semaphore(2);
        const many = waiting(semaphore.acquireMany(5));
        assert.equal(semaphore.availablePermits, 0);
        const one = waiting(semaphore.acquire());
        assert.equal(tryKind(semaphore), "noPermits");
        semaphore.addPermits(2);
        assert.equal(semaphore.availablePermits, 0);
        stillWaiting(many);
        stillWaiting(one);
        semaphore.addPermits(1);
        assert.equal(woken(many).numPermits, 5);
        stillWaiting(one);
        semaphore.addPermits(1);
        woken(one);
      });

      test("one release serves several waiters, and keeps the rest", () => {
        const semaphore = new Semaphore(0);
        const [a, b, c] = [2, 3, 1].map((n) => waiting(semaphore.acquireMany(n))) as never as [
          ReturnType<typeof waiting<SemaphorePermit>>,
          ReturnType<typeof waiting<SemaphorePermit>>,
          ReturnType<typeof waiting<SemaphorePermit>>,
        ];
        semaphore.addPermits(10);
        assert.deepEqual([woken(a).numPermits, woken(b).numPermits, woken(c).numPermits], [2, 3, 1]);
        assert.equal(semaphore.availablePermits, 4);
      });

      test("0 is granted at once, also behind waiters", () => {
        const semaphore = new Semaphore(0);
        waiting(semaphore.acquire());
        const permit = now(semaphore.acquireMany(0));
        permit.release();
        assert.deepEqual([permit.numPermits, semaphore.availablePermits], [0, 0]);
      });

      test("refuses what is no number of permits", () => {
        const semaphore = new Semaphore(1);
        for (const bad of badNumbers) {
          assert.ok(assertErr(() => semaphore.acquireMany(bad as number)) instanceof InvalidArgumentError);
        }
      });

      for (const { name, drop } of drops) {
        test(`${name} while waiting, gives back what it had collected, to those behind it first`, () => {
          const semaphore = new Semaphore(3);
          const many = waiting(semaphore.acquireMany(5));
          const one = waiting(semaphore.acquire());
          drop(many);
          woken(one);
          assert.equal(semaphore.availablePermits, 2);
        });
      }
    });

    describe("Semaphore.tryAcquire", () => {
      test("noPermits, then closed", () => {
        const semaphore = new Semaphore(2);
        semaphore.tryAcquire();
        assert.equal(tryKind(semaphore, 2), "noPermits");
        semaphore.tryAcquireMany(1);
        assert.equal(tryKind(semaphore), "noPermits");
        semaphore.close();
        assert.equal(tryKind(semaphore), "closed");
        const error = assertErr(() => semaphore.tryAcquire()) as TryAcquireError;
        assert.deepEqual([error.code, error.message], ["TOKI_SEMAPHORE_CLOSED", "semaphore closed"]);
      });

      test("does not overtake those who wait", () => {
        const semaphore = new Semaphore(0);
        const many = waiting(semaphore.acquireMany(2));
        semaphore.addPermits(1);
        assert.equal(tryKind(semaphore), "noPermits");
        semaphore.addPermits(1);
        assert.equal(tryKind(semaphore), "noPermits"); // promised, not fetched yet
        woken(many);
        assert.equal(tryKind(semaphore, 1), "noPermits");
      });

      test("refuses what is no number of permits", () => {
        const semaphore = new Semaphore(1);
        assert.ok(assertErr(() => semaphore.tryAcquire(-1)) instanceof InvalidArgumentError);
        assert.ok(assertErr(() => semaphore.tryAcquire(0.5)) instanceof InvalidArgumentError);
      });
    });

    describe("SemaphorePermit", () => {
      test("release wakes the first waiter, once", () => {
        const semaphore = new Semaphore(1);
        const permit = semaphore.tryAcquire();
        const [a, b] = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
        permit.release();
        permit.release();
        permit[Symbol.dispose]();
        woken(a);
        stillWaiting(b);
      });

      test("using releases it, also on a throw", () => {
        const semaphore = new Semaphore(1);
        assertErr(() => {
          using _permit = semaphore.tryAcquire();
          throw new Error("on the way out");
        });
        assert.equal(semaphore.availablePermits, 1);
      });

      test("forget shrinks the semaphore for good", () => {
        const semaphore = new Semaphore(3);
        const permit = semaphore.tryAcquire(2);
        permit.forget();
        permit.release();
        assert.deepEqual([permit.numPermits, semaphore.availablePermits], [0, 1]);
      });

      test("semaphore, numPermits", () => {
        const semaphore = new Semaphore(3);
        const permit = semaphore.tryAcquire(2);
        assert.equal(permit.semaphore, semaphore);
        assert.equal(permit.numPermits, 2);
      });

      test("merge takes over, and refuses strangers", () => {
        const semaphore = new Semaphore(5);
        const [a, b] = [semaphore.tryAcquire(2), semaphore.tryAcquire(3)];
        a.merge(b);
        assert.deepEqual([a.numPermits, b.numPermits], [5, 0]);
        b.release();
        assert.equal(semaphore.availablePermits, 0);
        const foreign = new Semaphore(1).tryAcquire();
        for (const bad of [foreign, a, {} as SemaphorePermit]) {
          assert.ok(assertErr(() => a.merge(bad)) instanceof InvalidArgumentError);
        }
        assert.deepEqual([a.numPermits, foreign.numPermits], [5, 1]);
        a.release();
        assert.equal(semaphore.availablePermits, 5);
      });

      test("split moves some, and none if there are too few", () => {
        const semaphore = new Semaphore(5);
        const permit = semaphore.tryAcquire(5);
        const part = permit.split(2);
        assert.deepEqual([permit.numPermits, part?.numPermits], [3, 2]);
        assert.equal(permit.split(4), undefined);
        assert.equal(permit.numPermits, 3);
        assert.equal(permit.split(0)?.numPermits, 0);
        part?.release();
        assert.equal(semaphore.availablePermits, 2);
        permit.release();
        assert.equal(semaphore.availablePermits, 5);
        assert.ok(assertErr(() => permit.split(-1)) instanceof InvalidArgumentError);
      });
    });

    describe("Semaphore.addPermits, forgetPermits", () => {
      test("added permits go to those who wait first", () => {
        const semaphore = new Semaphore(0);
        const a = waiting(semaphore.acquire());
        semaphore.addPermits(3);
        woken(a);
        assert.equal(semaphore.availablePermits, 2);
        semaphore.addPermits(0);
        assert.equal(semaphore.availablePermits, 2);
      });

      test("no more than MAX_PERMITS", () => {
        const semaphore = new Semaphore(Semaphore.MAX_PERMITS - 1);
        assert.ok(assertErr(() => semaphore.addPermits(2)) instanceof InvalidArgumentError);
        semaphore.addPermits(1);
        assert.ok(assertErr(() => semaphore.addPermits(1)) instanceof InvalidArgumentError);
        assert.equal(semaphore.availablePermits, Semaphore.MAX_PERMITS);
        assert.ok(assertErr(() => semaphore.addPermits(-1)) instanceof InvalidArgumentError);
      });

      test("forgetPermits removes only what is free, and says how many", () => {
        const semaphore = new Semaphore(5);
        const permit = semaphore.tryAcquire(2);
        assert.equal(semaphore.forgetPermits(2), 2);
        assert.equal(semaphore.forgetPermits(10), 1);
        assert.equal(semaphore.forgetPermits(1), 0);
        permit.release();
        assert.equal(semaphore.availablePermits, 2);
        assert.ok(assertErr(() => semaphore.forgetPermits(-1)) instanceof InvalidArgumentError);
      });
    });

    describe("Semaphore.close", () => {
      test("waiters fail, later requests too, held permits may come back", () => {
        const semaphore = new Semaphore(2);
        const permit = semaphore.tryAcquire();
        const many = waiting(semaphore.acquireMany(3)); // has collected one
        const one = waiting(semaphore.acquire());
        assert.equal(semaphore.isClosed, false);
        semaphore.close();
        semaphore.close();
        assert.equal(semaphore.isClosed, true);
        for (const task of [many, one]) {
          assert.equal(task.isWoken, true);
          const error = assertReadyErr(() => task.poll());
          assert.ok(error instanceof AcquireError);
          assert.deepEqual([error.message, error.code], ["semaphore closed", "TOKI_SEMAPHORE_CLOSED"]);
        }
        assert.ok(assertReadyErr(() => testTask(semaphore.acquire()).poll()) instanceof AcquireError);
        assert.ok(assertReadyErr(() => testTask(semaphore.acquireMany(0)).poll()) instanceof AcquireError);
        assert.equal(semaphore.availablePermits, 1);
        permit.release();
        assert.equal(semaphore.availablePermits, 2);
      });

      test("a waiter with its permits assigned fails too, and they come back", () => {
        const semaphore = new Semaphore(0);
        const one = waiting(semaphore.acquire());
        semaphore.addPermits(1);
        semaphore.close();
        assert.ok(assertReadyErr(() => one.poll()) instanceof AcquireError);
        assert.equal(semaphore.availablePermits, 1);
      });

      for (const { name, drop } of drops) {
        test(`a waiter ${name} after the close gives back what it had`, () => {
          const semaphore = new Semaphore(2);
          const [a, b] = [waiting(semaphore.acquireMany(3)), waiting(semaphore.acquire())];
          semaphore.close();
          drop(b);
          drop(a);
          assert.equal(semaphore.availablePermits, 2);
        });
      }

      test(
        "fails a task that waits",
        toki(function* () {
          const semaphore = new Semaphore(0);
          const task = spawn(semaphore.acquire());
          spawn(function* () {
            semaphore.close();
          });
          try {
            yield* task;
            assert.fail("acquired");
          } catch (error) {
            assert.ok((error as Error).cause instanceof AcquireError);
          }
        }),
      );
    });
  });
}
