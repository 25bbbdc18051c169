import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Context, type Future, Pending, pollFn, ready, Waker } from "toki";
import type { Initializer } from "toki/sync";
import { assertPending, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { implementations } from "./implementations.js";
import { now, waiting, woken } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { Barrier, BroadcastRecvError, broadcast, Mutex, mpsc, Notify, OnceCell, RwLock, Semaphore, SetOnce, watch } =
    module;

  describe(implementation, () => {
    /** Polls a future with a waker that runs `onWake`: user code in the middle of whatever wakes. */
    function waitWith(future: Future<unknown>, onWake: () => void): void {
      assert.equal(future.poll(Context.fromWaker(Waker.from(onWake))), Pending);
    }

    describe("a waker that calls back into what wakes it", () => {
      test("a release that is under way serves its waiters in order", () => {
        const semaphore = new Semaphore(0);
        const second = semaphore.acquire();
        let late: ReturnType<typeof waiting> | undefined;
        waitWith(semaphore.acquire(), () => {
          late = waiting(semaphore.acquire()); // behind `second`, whose permit is on its way
        });
        const b = waiting(second);
        semaphore.addPermits(2);
        woken(b);
        assert.equal(late?.isWoken, false);
        semaphore.addPermits(1);
        woken(late as ReturnType<typeof waiting>);
        assert.equal(semaphore.availablePermits, 0);
      });

      test("a waiter that is dropped by the waker of another passes on what it had", () => {
        const semaphore = new Semaphore(0);
        const first = semaphore.acquire();
        const second = semaphore.acquireMany(2);
        let dropped = false;
        waitWith(first, () => {
          first[Symbol.dispose]();
          second[Symbol.dispose]();
          dropped = true;
        });
        waitWith(second, () => assert.equal(dropped, false, "woken after it was dropped"));
        const third = waiting(semaphore.acquireMany(2));
        semaphore.addPermits(2);
        assert.equal((woken(third) as { numPermits: number }).numPermits, 2);
      });

      test("a mutex that is released inside the wake of a release", () => {
        const mutex = new Mutex(0);
        const guard = mutex.tryLock();
        const lock = mutex.lock();
        waitWith(lock, () => now(lock).release());
        const next = waiting(mutex.lock());
        guard.release();
        woken(next);
      });

      test("a reader that is let in by a downgrade, and releases the writer's old guard and its own", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const read = rwlock.read();
        waitWith(read, () => {
          writing.release();
          now(read).release();
          assert.throws(() => rwlock.tryWrite());
        });
        const write = waiting(rwlock.write());
        const reading = writing.downgrade();
        assert.equal(write.isWoken, false);
        reading.release();
        woken(write).release();
        rwlock.tryWrite().release();
      });

      test("a writer that is dropped by the waker of a reader", () => {
        const rwlock = new RwLock(0);
        const writing = rwlock.tryWrite();
        const write = rwlock.write();
        const read = rwlock.read();
        waitWith(read, () => write[Symbol.dispose]());
        waitWith(write, () => assert.fail("woken after it was dropped"));
        const last = waiting(rwlock.read());
        writing.release();
        now(read);
        woken(last);
      });

      test("a barrier whose waiters arrive again while they are let go", () => {
        const barrier = new Barrier(3);
        const first = barrier.wait();
        let again: ReturnType<typeof waiting> | undefined;
        waitWith(first, () => {
          assert.deepEqual(now(first), { isLeader: false });
          again = waiting(barrier.wait()); // of the next round
        });
        const second = waiting(barrier.wait());
        assert.deepEqual(now(barrier.wait()), { isLeader: true });
        assert.deepEqual(woken(second), { isLeader: false });
        assert.equal(again?.isWoken, false);
        waiting(barrier.wait());
        assert.deepEqual(now(barrier.wait()), { isLeader: true });
        woken(again as ReturnType<typeof waiting>);
      });

      test("notifyWaiters tells those who waited, not those who come while it tells them", () => {
        const notify = new Notify();
        let late: ReturnType<typeof waiting> | undefined;
        const dropped = notify.notified();
        waitWith(notify.notified(), () => {
          late = waiting(notify.notified());
          dropped[Symbol.dispose]();
        });
        waitWith(dropped, () => assert.fail("woken after it was dropped"));
        const last = waiting(notify.notified());
        notify.notifyWaiters();
        woken(last);
        assert.equal(late?.isWoken, false);
        notify.notifyOne();
        woken(late as ReturnType<typeof waiting>);
      });

      test("a close during which other waiters are dropped", () => {
        const semaphore = new Semaphore(1);
        const second = semaphore.acquire();
        waitWith(semaphore.acquireMany(2), () => second[Symbol.dispose]());
        waitWith(second, () => assert.fail("woken after it was dropped"));
        const third = waiting(semaphore.acquire());
        semaphore.close();
        assert.equal(third.isWoken, true);
      });

      test("a broadcast receiver that takes its value inside the send, and waits again", () => {
        const [tx, rx] = broadcast<number>(2);
        const got: unknown[] = [];
        const receive = (): void => {
          try {
            const value = rx.recv().poll(Context.fromWaker(Waker.from(receive)));
            if (value === Pending) return;
            got.push(value);
          } catch (error) {
            assert.ok(error instanceof BroadcastRecvError);
            got.push(error.kind);
            if (error.kind === "closed") return;
          }
          receive();
        };
        receive();
        const last = waiting(tx.subscribe().recv());
        tx.send(0);
        assert.deepEqual(got, [0]);
        assert.equal(woken(last), 0);
        for (let i = 1; i < 3; i++) tx.send(i);
        tx[Symbol.dispose]();
        assert.deepEqual(got, [0, 1, 2, "closed"]);
      });

      test("a broadcast sent, and a receiver dropped, inside the wake of a send", () => {
        const [tx, a] = broadcast<number>(4);
        const [b, c] = [tx.subscribe(), tx.subscribe()];
        const dropped = b.recv();
        waitWith(a.recv(), () => {
          dropped[Symbol.dispose]();
          tx.send(2);
          c[Symbol.dispose]();
        });
        waitWith(dropped, () => assert.fail("woken after it was dropped"));
        const last = waiting(c.recv());
        tx.send(1);
        assert.equal(last.isWoken, true);
        assert.throws(() => last.poll(), BroadcastRecvError);
        assert.deepEqual([a.tryRecv(), a.tryRecv(), b.tryRecv(), b.tryRecv()], [1, 2, 1, 2]);
        assert.deepEqual([tx.length, tx.receiverCount], [0, 2]);
      });

      test("a receiver that takes its message inside the send", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        const got: (number | undefined)[] = [];
        const receive = (): void => {
          const recv = rx.recv();
          const value = recv.poll(Context.fromWaker(Waker.from(receive)));
          if (value === Pending) return;
          got.push(value as number | undefined);
          if (value !== undefined) receive();
        };
        receive();
        for (let i = 0; i < 3; i++) tx.trySend(i);
        tx[Symbol.dispose]();
        assert.deepEqual(got, [0, 1, 2, undefined]);
      });

      test("a receiver that looks, waits again and sends inside the send", () => {
        const [tx, rx] = watch(0);
        const got: number[] = [];
        const follow = (): void => {
          const changed = rx.changed();
          if (changed.poll(Context.fromWaker(Waker.from(follow))) === Pending) return;
          got.push(rx.borrow());
          if (rx.borrow() < 3) tx.send(rx.borrow() + 1);
          follow();
        };
        follow();
        tx.send(1);
        assert.deepEqual(got, [1, 2, 3]);
      });

      test("receivers that come and go while a watch tells them", () => {
        const [tx, rx] = watch(0);
        const [second, third] = [rx.clone(), rx.clone()];
        const dropped = second.changed();
        let late: ReturnType<typeof waiting> | undefined;
        waitWith(rx.changed(), () => {
          dropped[Symbol.dispose]();
          second[Symbol.dispose]();
          late = waiting(tx.subscribe().changed());
        });
        waitWith(dropped, () => assert.fail("woken after it was dropped"));
        const last = waiting(third.changed());
        tx.send(1);
        woken(last);
        assert.equal(late?.isWoken, false);
        assert.equal(tx.receiverCount, 3);
      });

      test("a channel that is subscribed to inside of the wake that says it is closed", () => {
        const [tx, rx] = watch(0);
        let again: typeof rx | undefined;
        waitWith(tx.closed(), () => {
          again = tx.subscribe();
        });
        const second = waiting(tx.closed());
        rx[Symbol.dispose]();
        assert.equal(second.isWoken, true);
        assert.equal(second.poll(), Pending);
        again?.[Symbol.dispose]();
        woken(second);
      });

      test("a cell that is taken inside of the wake of those who wait for it", () => {
        const cell = new OnceCell<number>();
        const gate = new Gate<number>();
        const first = waiting(cell.getOrInit(() => gate));
        waitWith(
          cell.getOrInit(() => ready(2)),
          () => assert.equal(cell.take(), 1),
        );
        const third = waiting(cell.getOrInit(() => ready(3)));
        gate.open(1);
        woken(first);
        assert.equal(woken(third), 3);
      });

      test("a turn that is dropped inside of the wake that gives it", () => {
        const cell = new OnceCell<number>();
        const gate = new Gate<number>();
        const first = waiting(cell.getOrInit(() => gate));
        const second = cell.getOrInit(() => ready(2));
        waitWith(second, () => second[Symbol.dispose]());
        const third = waiting(cell.getOrInit(() => ready(3)));
        first[Symbol.dispose]();
        assert.equal(woken(third), 3);
      });

      test("a SetOnce whose waiters are dropped by the first that is told", () => {
        const once = new SetOnce<number>();
        const second = once.wait();
        waitWith(once.wait(), () => second[Symbol.dispose]());
        waitWith(second, () => assert.fail("woken after it was dropped"));
        const third = waiting(once.wait());
        once.set(1);
        assert.equal(woken(third), 1);
      });
    });

    describe("an initializer that drops its own request", () => {
      const initializers: Record<string, (drop: () => void) => Initializer<number>> = {
        "before it has begun": (drop) => () => {
          drop();
          return ready(1);
        },
        "while it runs": (drop) =>
          pollFn(() => {
            drop();
            return 1;
          }),
        "and fails": (drop) =>
          pollFn(() => {
            drop();
            throw new Error("broken");
          }),
      };

      for (const [when, make] of Object.entries(initializers)) {
        test(`passes its turn on once: ${when}`, () => {
          const cell = new OnceCell<number>();
          const gate = new Gate<number>();
          const first = testTask(cell.getOrInit(() => gate));
          const request = cell.getOrInit(make(() => request[Symbol.dispose]()));
          assertPending(first.poll());
          assertPending(request.poll(Context.fromWaker(Waker.noop)));
          const second = waiting(cell.getOrInit(() => ready(2)));
          const third = waiting(cell.getOrInit(() => ready(3)));
          first[Symbol.dispose]();
          assert.throws(() => request.poll(Context.fromWaker(Waker.noop)));
          assert.equal(third.isWoken, false);
          assert.equal(woken(second), 2);
          assert.equal(woken(third), 2);
        });
      }
    });

    describe("a waker that throws", () => {
      let uncaught = 0;

      function waitBroken(future: Future<unknown>): void {
        waitWith(future, () => {
          throw new Error("broken");
        });
      }

      beforeEach(() => {
        uncaught = 0;
        process.setUncaughtExceptionCaptureCallback(() => uncaught++);
      });

      afterEach(async () => {
        await Promise.resolve();
        process.setUncaughtExceptionCaptureCallback(null);
        assert.equal(uncaught, 1);
      });

      test("notifyWaiters wakes the others", () => {
        const notify = new Notify();
        waitBroken(notify.notified());
        const second = waiting(notify.notified());
        notify.notifyWaiters();
        woken(second);
      });

      test("no permit is lost on the way", () => {
        const semaphore = new Semaphore(0);
        waitBroken(semaphore.acquire());
        const second = waiting(semaphore.acquire());
        semaphore.addPermits(3);
        woken(second);
        assert.equal(semaphore.availablePermits, 1);
      });

      test("what a receiver has taken is not lost", () => {
        const [tx, rx] = mpsc.channel<number>(1);
        tx.trySend(1);
        waitBroken(tx.send(2));
        assert.deepEqual(now(rx.recvMany(2)), [1]);
      });

      test("a downgrade gives the read guard", () => {
        const rwlock = new RwLock(1);
        const writing = rwlock.tryWrite();
        waitBroken(rwlock.read());
        assert.equal(writing.downgrade().value, 1);
      });
    });
  });
}
