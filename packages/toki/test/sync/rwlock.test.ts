import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, join, MisuseError, pending, spawn, yieldNow } from "toki";
import type { RwLock, RwLockReadGuard } from "toki/sync";
import { assertErr, assertPending, assertReady, assertReadyErr, testTask, test as toki } from "toki/test";
import { implementations } from "./implementations.js";
import { drops, now, stillWaiting, waiting, woken } from "./support.js";

for (const { name: implementation, module, isShared } of implementations) {
  const { DisposedError, RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, TryLockError } = module;

  describe(implementation, () => {
    const succeeds = (take: () => Disposable) => {
      try {
        take()[Symbol.dispose]();
        return true;
      } catch (error) {
        assert.ok(error instanceof TryLockError);
        return false;
      }
    };
    /** What a newcomer could do now. */
    const open = (rwlock: RwLock<unknown>) =>
      succeeds(() => rwlock.tryWrite()) ? "to all" : succeeds(() => rwlock.tryRead()) ? "to readers" : "to nobody";

    describe("RwLock.read and write", () => {
      test("do nothing until they are polled", () => {
        const rwlock = new RwLock(1);
        const [read, write] = [rwlock.read(), rwlock.write()];
        assert.equal(open(rwlock), "to all");
        const reading = now(read);
        assert.ok(reading instanceof RwLockReadGuard);
        assert.equal(open(rwlock), "to readers");
        reading.release();
        assert.ok(now(write) instanceof RwLockWriteGuard);
        assert.equal(open(rwlock), "to nobody");
      });

      test("readers do not keep each other out", () => {
        const rwlock = new RwLock(100);
        const [a, b] = [now(rwlock.read()), now(rwlock.read())];
        assert.deepEqual([a.value, b.value], [100, 100]);
        a.release();
        assert.equal(open(rwlock), "to readers");
        b.release();
        assert.equal(open(rwlock), "to all");
      });

      test("a writer waits for the last reader", () => {
        const rwlock = new RwLock(100);
        const [a, b] = [now(rwlock.read()), now(rwlock.read())];
        const write = waiting(rwlock.write());
        a.release();
        stillWaiting(write);
        b.release();
        woken(write).value += 1;
      });

      test("readers and writers wait for a writer", () => {
        const rwlock = new RwLock(100);
        const writing = now(rwlock.write());
        const [read, write] = [waiting(rwlock.read()), waiting(rwlock.write())];
        writing.release();
        stillWaiting(write);
        woken(read).release();
        woken(write);
      });

      test("readers who come after a writer that waits wait behind it", () => {
        const rwlock = new RwLock(100);
        const first = now(rwlock.read());
        const write = waiting(rwlock.write());
        const late = waiting(rwlock.read());
        assert.equal(open(rwlock), "to nobody");
        first.release();
        stillWaiting(late);
        woken(write).release();
        woken(late);
      });

      test("all readers up to the next writer enter together", () => {
        const rwlock = new RwLock(100);
        const writing = now(rwlock.write());
        const [a, b] = [waiting(rwlock.read()), waiting(rwlock.read())];
        const write = waiting(rwlock.write());
        const c = waiting(rwlock.read());
        writing.release();
        const [guardA, guardB] = [woken(a), woken(b)];
        stillWaiting(c);
        guardA.release();
        guardB.release();
        stillWaiting(c);
        woken(write).release();
        woken(c);
      });

      test("served in the order of their first polls", () => {
        const rwlock = new RwLock<number[]>([]);
        const [second, first] = [rwlock.write(), rwlock.write()];
        const held = rwlock.tryRead();
        const tasks = [waiting(first), waiting(second)];
        held.release();
        for (const [n, task] of tasks.entries()) {
          using guard = woken(task);
          guard.value.push(n);
        }
        assert.deepEqual(rwlock.intoInner(), [0, 1]);
      });

      test("a second read in one task waits for ever behind a writer", () => {
        const rwlock = new RwLock(0);
        const outer = now(rwlock.read());
        const write = waiting(rwlock.write());
        const inner = waiting(rwlock.read());
        stillWaiting(write);
        stillWaiting(inner);
        inner.cancel();
        outer.release();
        woken(write);
      });

      test(
        "keep writers out across awaits",
        toki(function* () {
          const rwlock = new RwLock(0);
          const add = fn(function* () {
            using guard = yield* rwlock.write();
            const before = guard.value;
            yield* yieldNow();
            guard.value = before + 1;
          });
          const look = fn(function* () {
            using guard = yield* rwlock.read();
            const before = guard.value;
            yield* yieldNow();
            assert.equal(guard.value, before);
          });
          yield* join(...Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? look() : add())));
          assert.equal(rwlock.intoInner(), 20);
        }),
      );

      test("are not poisoned by a throw", () => {
        const rwlock = new RwLock(1);
        const failing = testTask(
          fn(function* () {
            using guard = yield* rwlock.write();
            guard.value = 2;
            throw new Error("midway");
          })(),
        );
        assertReadyErr(() => failing.poll());
        assert.equal(now(rwlock.read()).value, 2);
      });

      for (const { name, drop } of drops) {
        test(`a writer ${name} while waiting lets the readers in that it kept out`, () => {
          const rwlock = new RwLock(0);
          const first = now(rwlock.read());
          const write = waiting(rwlock.write());
          const [a, b] = [waiting(rwlock.read()), waiting(rwlock.read())];
          drop(write);
          woken(a);
          woken(b);
          assert.equal(write.isWoken, false);
          first.release();
          assert.equal(open(rwlock), "to readers");
        });

        test(`a writer ${name} while waiting gives back what it had collected`, () => {
          const rwlock = new RwLock(0, { maxReaders: 3 });
          const readers = [now(rwlock.read()), now(rwlock.read())];
          const write = waiting(rwlock.write());
          readers[0]?.release();
          drop(write);
          assert.equal(open(rwlock), "to readers");
          readers[1]?.release();
          assert.equal(open(rwlock), "to all");
        });

        test(`a reader ${name} while waiting loses its place only`, () => {
          const rwlock = new RwLock(0);
          const writing = now(rwlock.write());
          const [a, b] = [waiting(rwlock.read()), waiting(rwlock.write())];
          drop(a);
          writing.release();
          assert.equal(a.isWoken, false);
          woken(b);
        });

        test(`${name} with the lock promised to it, passes it on`, () => {
          for (const first of ["read", "write"] as const) {
            for (const second of ["read", "write"] as const) {
              const rwlock = new RwLock(0);
              const writing = now(rwlock.write());
              const [a, b] = [waiting<Disposable>(rwlock[first]()), waiting<Disposable>(rwlock[second]())];
              writing.release();
              assert.equal(a.isWoken, true);
              drop(a);
              woken(b)[Symbol.dispose]();
              assert.equal(open(rwlock), "to all");
            }
          }
        });

        test(`${name} with the lock promised to it and nobody behind, unlocks`, () => {
          for (const wanted of ["read", "write"] as const) {
            const rwlock = new RwLock(0);
            const writing = now(rwlock.write());
            const a = waiting<Disposable>(rwlock[wanted]());
            writing.release();
            drop(a);
            assert.equal(open(rwlock), "to all");
          }
        });
      }

      test("polled after completion throw", () => {
        const rwlock = new RwLock(0);
        for (const future of [rwlock.read(), rwlock.write()]) {
          const task = testTask<Disposable>(future);
          assertReady(task.poll())[Symbol.dispose]();
          assert.ok(assertReadyErr(() => task.poll()) instanceof MisuseError);
        }
      });

      test("take part in the cooperative budget", () => {
        const rwlock = new RwLock(0);
        const task = testTask(
          fn(function* () {
            for (let i = 0; i < 100; i++) {
              using _reading = yield* rwlock.read();
              _reading.release();
              using guard = yield* rwlock.write();
              guard.value++;
            }
          })(),
        );
        assertPending(task.poll());
        assert.equal(now(rwlock.read()).value, 64);
      });

      test(
        "aborting the holder releases it after its cleanup",
        toki(function* () {
          const rwlock = new RwLock<string[]>([]);
          const holder = spawn(function* () {
            using guard = yield* rwlock.write();
            try {
              yield* pending();
            } finally {
              yield* yieldNow();
              guard.value.push("cleaned up");
            }
          });
          yield* yieldNow();
          holder.abort();
          assert.deepEqual((yield* rwlock.read()).value, ["cleaned up"]);
        }),
      );
    });

    describe("RwLock.tryRead and tryWrite", () => {
      test("fail while they would have to wait", () => {
        const rwlock = new RwLock(15);
        {
          using a = rwlock.tryRead();
          const error = assertErr(() => rwlock.tryWrite());
          assert.ok(error instanceof TryLockError);
          assert.equal(error.code, "TOKI_LOCKED");
          using b = rwlock.tryRead();
          assert.deepEqual([a.value, b.value], [15, 15]);
        }
        {
          using guard = rwlock.tryWrite();
          guard.value = 1515;
          assert.ok(assertErr(() => rwlock.tryRead()) instanceof TryLockError);
          assert.ok(assertErr(() => rwlock.tryWrite()) instanceof TryLockError);
        }
        assert.equal(rwlock.tryRead().value, 1515);
      });

      test("fail while the lock is promised to a waiter", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const write = waiting(rwlock.write());
        writing.release();
        assert.equal(open(rwlock), "to nobody");
        woken(write).release();
        assert.equal(open(rwlock), "to all");
      });

      test("a read that is promised lets others read, and nobody write", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const read = waiting(rwlock.read());
        writing.release();
        assert.equal(open(rwlock), "to readers");
        woken(read).release();
        assert.equal(open(rwlock), "to all");
      });
    });

    describe("maxReaders", () => {
      test("further readers wait", () => {
        const rwlock = new RwLock(100, { maxReaders: 3 });
        const guards = [1, 2, 3].map(() => now(rwlock.read()));
        const fourth = waiting(rwlock.read());
        assert.ok(assertErr(() => rwlock.tryRead()) instanceof TryLockError);
        guards[1]?.release();
        woken(fourth);
      });

      test("one reader is a mutex, and can be downgraded", () => {
        const rwlock = new RwLock(1, { maxReaders: 1 });
        const writing = rwlock.tryWrite();
        const read = waiting(rwlock.read());
        const reading = writing.downgrade();
        stillWaiting(read);
        reading.release();
        woken(read);
      });

      test("has to be a number of readers", () => {
        for (const maxReaders of [0, -1, 1.5, 2 ** 29, Number.NaN, "3" as unknown as number]) {
          const error = assertErr(() => new RwLock(0, { maxReaders })) as Error & { argument: string };
          assert.match(error.message, /^new RwLock: options\.maxReaders must be an integer from 1 to 536870911, got /);
        }
        assert.match((assertErr(() => new RwLock(0, null as never)) as Error).message, /options must be an object/);
        new RwLock(0, { maxReaders: 2 ** 29 - 1 }).tryRead();
        new RwLock(0, { maxReaders: undefined as never }).tryRead();
      });
    });

    describe("RwLockWriteGuard.downgrade", () => {
      test("lets waiting readers in, and no writer", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const read = waiting(rwlock.read());
        const write = waiting(rwlock.write());
        const late = waiting(rwlock.read());
        writing.value = 7;
        const reading = writing.downgrade();
        const other = woken(read);
        assert.deepEqual([reading.value, other.value], [7, 7]);
        stillWaiting(write);
        stillWaiting(late);
        other.release();
        stillWaiting(write);
        reading.release();
        woken(write).release();
        woken(late);
      });

      test("a writer first in line stays out, and keeps later readers out", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const write = waiting(rwlock.write());
        const read = waiting(rwlock.read());
        const reading = writing.downgrade();
        stillWaiting(write);
        stillWaiting(read);
        assert.equal(open(rwlock), "to nobody");
        reading.release();
        woken(write);
      });

      test("ends the write guard", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const reading = writing.downgrade();
        writing.release();
        writing[Symbol.dispose]();
        assert.ok(assertErr(() => writing.value) instanceof DisposedError);
        assert.ok(assertErr(() => writing.downgrade()) instanceof DisposedError);
        assert.equal(open(rwlock), "to readers");
        reading.release();
        reading.release();
        assert.equal(open(rwlock), "to all");
      });

      test("downgradeMap narrows as well", () => {
        const rwlock = new RwLock({ part: { n: 1 } });
        const writing = rwlock.tryWrite();
        const waits = waiting(rwlock.read());
        writing.value.part.n = 2;
        const part = writing.downgradeMap((value) => value.part);
        assert.ok(part instanceof RwLockReadGuard);
        assert.equal(part.value.n, 2);
        assert.equal(woken(waits).value.part.n, 2);
        assert.equal(open(rwlock), "to readers");
      });

      test("tryDowngradeMap leaves the guard alone when there is no such part", () => {
        const rwlock = new RwLock(new Map([["key", 1]]));
        const writing = rwlock.tryWrite();
        const read = waiting(rwlock.read());
        assert.equal(
          writing.tryDowngradeMap((map) => {
            stillWaiting(read);
            return map.get("other");
          }),
          undefined,
        );
        stillWaiting(read);
        writing.value.set("key", 2);
        using part = writing.tryDowngradeMap((map) => map.get("key"));
        assert.equal(part?.value, 2);
        woken(read);
      });

      test("when it cannot find the part, throws and changes nothing", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const fail = () => {
          throw new Error("no part");
        };
        assert.match((assertErr(() => writing.tryDowngradeMap(fail)) as Error).message, /no part/);
        writing.value = 3;
        writing.release();
        assert.equal(open(rwlock), "to all");
      });
    });

    describe("guards", () => {
      test("value reads and writes what the lock protects", () => {
        const rwlock = new RwLock(1);
        {
          using guard = rwlock.tryWrite();
          guard.value += 1;
          assert.equal(guard.rwlock, rwlock);
        }
        using guard = rwlock.tryRead();
        assert.equal(guard.value, 2);
        assert.equal(guard.rwlock, rwlock);
      });

      test("the value of a read guard cannot be assigned", () => {
        const guard = new RwLock(1).tryRead() as { value: number };
        assert.ok(
          assertErr(() => {
            guard.value = 2;
          }) instanceof TypeError,
        );
        assert.equal(guard.value, 1);
      });

      test("the value of a read guard is read-only to the compiler", () => {
        const rwlock = new RwLock({ n: 1, list: ["a"] });
        const look = (guard: RwLockReadGuard<{ n: number; list: string[] }>) => {
          // @ts-expect-error: readonly
          guard.value.n = 2;
          // @ts-expect-error: readonly
          guard.map((value) => value.list).value.push("b");
        };
        assert.equal(typeof look, "function");
        // One function for the guards of any lock.
        const sum = (guard: RwLockReadGuard<number>) => guard.value + 1;
        assert.equal(sum(rwlock.tryRead().map((value) => value.n)), 2);
      });

      test("use after release throws; a second release does nothing", () => {
        const rwlock = new RwLock(1);
        const reading = rwlock.tryRead();
        reading.release();
        const writing = rwlock.tryWrite();
        reading.release();
        reading[Symbol.dispose]();
        assert.equal(open(rwlock), "to nobody");
        writing.release();
        writing[Symbol.dispose]();
        const next = rwlock.tryWrite();
        writing.release();
        assert.equal(open(rwlock), "to nobody");
        for (const call of [
          () => reading.value,
          () => reading.rwlock,
          () => reading.map((n) => n),
          () => reading.tryMap((n) => n),
          () => writing.value,
          () => {
            writing.value = 2;
          },
          () => writing.rwlock,
          () => writing.map((n) => n),
          () => writing.tryMap((n) => n),
          () => writing.intoMapped(),
          () => writing.downgrade(),
          () => writing.downgradeMap((n) => n),
          () => writing.tryDowngradeMap((n) => n),
        ]) {
          const error = assertErr(call);
          assert.ok(error instanceof DisposedError);
          assert.match(error.message, /^RwLock(Read|Write)Guard: used after it was released/);
        }
        assert.equal(next.value, 1);
      });

      test("a read guard maps, and maps further, with the same share", () => {
        const rwlock = new RwLock({ inner: { n: 1 } });
        const whole = rwlock.tryRead();
        const inner = whole.map((value) => value.inner);
        assert.ok(inner instanceof RwLockReadGuard);
        assert.equal(inner.rwlock, rwlock);
        const n = inner.map((value) => value.n);
        assert.equal(n.value, 1);
        for (const over of [whole, inner]) {
          over.release();
          assert.ok(assertErr(() => over.value) instanceof DisposedError);
        }
        assert.equal(open(rwlock), "to readers");
        n.release();
        n.release();
        assert.equal(open(rwlock), "to all");
      });

      test("a read guard's tryMap leaves it alone when there is no such part", () => {
        const rwlock = new RwLock(new Map([["key", { n: 1 }]]));
        const guard = rwlock.tryRead();
        assert.equal(
          guard.tryMap((map) => map.get("other")),
          undefined,
        );
        using n = guard.tryMap((map) => map.get("key"))?.tryMap((value) => value.n);
        assert.equal(n?.value, 1);
      });

      test("a write guard maps, and holds the same lock", () => {
        const rwlock = new RwLock({ inner: { n: 1 } });
        const guard = rwlock.tryWrite();
        const inner = guard.map(
          (value) => value.inner,
          (value, part) => {
            value.inner = part;
          },
        );
        assert.ok(inner instanceof RwLockMappedWriteGuard);
        assert.equal(inner.rwlock, rwlock);
        guard.release();
        assert.ok(assertErr(() => guard.value) instanceof DisposedError);
        inner.value = { n: 5 };
        const n = inner.map(
          (value) => value.n,
          (value, part) => {
            value.n = part;
          },
        );
        assert.ok(assertErr(() => inner.rwlock) instanceof DisposedError);
        assert.ok(assertErr(() => inner.map((x) => x)) instanceof DisposedError);
        n.value++;
        assert.equal(open(rwlock), "to nobody");
        const read = waiting(rwlock.read());
        n.release();
        n.release();
        assert.equal(woken(read).value.inner.n, 6);
      });

      test("a mapped guard without a setter cannot be assigned", () => {
        const mapped = new RwLock({ a: 1 }).tryWrite().map((value) => value.a);
        const error = assertErr(() => {
          mapped.value = 2;
        }) as Error;
        assert.match(error.message, /^RwLockMappedWriteGuard\.value: .*give map\(\) a second function/);
      });

      test("a write guard's tryMap leaves it alone when there is no such part", () => {
        const rwlock = new RwLock(new Map([["key", { n: 1 }]]));
        const guard = rwlock.tryWrite();
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

      test("intoMapped has the whole value", () => {
        const rwlock = new RwLock(1);
        {
          using mapped = rwlock.tryWrite().intoMapped();
          assert.ok(mapped instanceof RwLockMappedWriteGuard);
          mapped.value += 1;
        }
        assert.equal(rwlock.intoInner(), 2);
      });

      test("a mapped guard has no downgrade", () => {
        assert.equal("downgrade" in RwLockMappedWriteGuard.prototype, false);
      });
    });

    describe("RwLock.withRead and withWrite", () => {
      test("hold the lock while their body runs", () => {
        const rwlock = new RwLock(1);
        assert.equal(
          now(
            rwlock.withRead((guard) => {
              assert.equal(open(rwlock), "to readers");
              return guard.value;
            }),
          ),
          1,
        );
        assert.equal(
          now(
            rwlock.withWrite(function* (guard) {
              assert.equal(open(rwlock), "to nobody");
              guard.value++;
              return guard.value;
            }),
          ),
          2,
        );
        assert.equal(open(rwlock), "to all");
      });

      test("release on a throw", () => {
        const rwlock = new RwLock(1);
        const fail = () => {
          throw new Error("midway");
        };
        for (const future of [rwlock.withRead(fail), rwlock.withWrite(fail)]) {
          const failing = testTask(future);
          assert.match((assertReadyErr(() => failing.poll()) as Error).message, /midway/);
        }
        assert.equal(open(rwlock), "to all");
      });

      test("refuse a promise, and release", () => {
        const rwlock = new RwLock(1);
        const body = () => Promise.resolve(1);
        for (const [method, future] of [
          ["withRead", rwlock.withRead(body)],
          ["withWrite", rwlock.withWrite(body)],
        ] as const) {
          const task = testTask(future);
          const error = assertReadyErr(() => task.poll());
          assert.ok(error instanceof MisuseError);
          assert.match(error.message, new RegExp(`RwLock\\.${method}: .*fromPromise`));
        }
        assert.equal(open(rwlock), "to all");
      });

      test("cancelled inside, the lock is released after the body's cleanup", () => {
        const rwlock = new RwLock(1);
        const log: string[] = [];
        const body = function* () {
          try {
            yield* pending();
          } finally {
            yield* yieldNow();
            log.push(open(rwlock));
          }
        };
        for (const future of [() => rwlock.withRead(body), () => rwlock.withWrite(body)]) {
          const task = waiting(future());
          assertPending(task.cancel());
          assert.equal(task.cancel(), undefined);
        }
        assert.deepEqual(log, ["to readers", "to nobody"]);
        assert.equal(open(rwlock), "to all");
      });
    });

    describe("RwLock.intoInner", () => {
      test("gives the value and ends the lock", () => {
        const rwlock = new RwLock("value");
        assert.equal(rwlock.intoInner(), "value");
        for (const call of [() => rwlock.tryRead(), () => rwlock.tryWrite(), () => rwlock.intoInner()]) {
          assert.match((assertErr(call) as Error).message, /used after it was taken apart by intoInner\(\)/);
        }
        for (const future of [rwlock.read(), rwlock.write()]) {
          const task = testTask<Disposable>(future);
          assert.ok(assertReadyErr(() => task.poll()) instanceof DisposedError);
        }
      });

      test("throws while the lock is held or promised", () => {
        const rwlock = new RwLock("value");
        const reading = rwlock.tryRead();
        assert.ok(assertErr(() => rwlock.intoInner()) instanceof TryLockError);
        const write = waiting(rwlock.write());
        reading.release();
        assert.ok(assertErr(() => rwlock.intoInner()) instanceof TryLockError);
        woken(write).release();
        assert.equal(rwlock.intoInner(), "value");
      });
    });

    if (isShared) {
      describe("values are copied", () => {
        test("what a reader does to its copy is lost", () => {
          const rwlock = new RwLock({ n: 1 });
          {
            using guard = rwlock.tryRead();
            (guard.value as { n: number }).n = 5;
          }
          assert.deepEqual(rwlock.intoInner(), { n: 1 });
        });

        test("what cannot be sent is not written: release unlocks, downgrade changes nothing", () => {
          const rwlock = new RwLock<unknown>(1);
          const guard = rwlock.tryWrite();
          guard.value = () => {};
          const error = assertErr(() => guard.downgrade()) as Error;
          assert.match(error.message, /^RwLockWriteGuard: .*cannot be sent/);
          assert.equal(open(rwlock), "to nobody");
          guard.value = 2;
          const reading = guard.downgrade();
          assert.equal(rwlock.tryRead().value, 2);
          reading.release();
          const other = new RwLock<unknown>(1);
          const writing = other.tryWrite();
          writing.value = () => {};
          assert.equal((assertErr(() => writing.release()) as Error).name, "NotSendError");
          assert.equal(other.intoInner(), 1);
        });

        test("a body that fails, and leaves what cannot be sent: both errors are thrown", () => {
          const rwlock = new RwLock<unknown>(1);
          const failure = new Error("of the body");
          const task = testTask(
            rwlock.withWrite((guard) => {
              guard.value = () => {};
              throw failure;
            }),
          );
          const error = assertReadyErr(() => task.poll()) as Error & { error: Error; suppressed: unknown };
          assert.deepEqual([error.name, error.error.name], ["SuppressedError", "NotSendError"]);
          assert.equal(error.suppressed, failure);
          assert.equal(rwlock.intoInner(), 1);
        });

        test("a value that releases its guard while it is written back: the downgrade goes on", () => {
          const rwlock = new RwLock<unknown>(1);
          const guard = rwlock.tryWrite();
          guard.value = {
            get n() {
              guard.release();
              return 1;
            },
          };
          using reading = guard.downgrade();
          assert.equal(open(rwlock), "to readers");
          reading.release();
          assert.deepEqual(rwlock.intoInner(), { n: 1 });
        });
      });
    } else {
      test("values are kept by reference", () => {
        const value = { n: 1 };
        const rwlock = new RwLock(value);
        assert.equal(rwlock.tryWrite().downgrade().value, value);
      });
    }
  });
}
