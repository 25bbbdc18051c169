import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeadlockError, fn, type IntoFuture, pending, Runtime, ready } from "toki";
import { assertErr } from "toki/test";
import { implementations } from "./implementations.js";
import { waiting } from "./support.js";

for (const { name: implementation, module } of implementations) {
  const { Barrier, broadcast, Mutex, mpsc, Notify, OnceCell, oneshot, RwLock, Semaphore, SetOnce, watch } = module;

  describe(implementation, () => {
    /** The report of a program that waits for ever. */
    function deadlock(body: IntoFuture<unknown>): string {
      const rt = new Runtime();
      const { write } = process.stderr;
      process.stderr.write = () => true; // it is printed too
      try {
        const error = assertErr(() => rt.blockOn(body));
        assert.ok(error instanceof DeadlockError, String(error));
        return error.report;
      } finally {
        process.stderr.write = write;
      }
    }

    describe("what a wait says of itself", () => {
      test("describe()", () => {
        const [tx, rx] = mpsc.channel<number>(2);
        const other = tx.clone();
        const recv = rx.recv();
        assert.equal(recv.describe(), "mpsc recv (0/2 queued, 2 senders)");
        tx.trySend(1);
        tx.trySend(2);
        other[Symbol.dispose]();
        const send = tx.send(3);
        waiting(send);
        assert.equal(send.describe(), "mpsc send (2/2 queued, 1 sender, 1 waiting)");
        assert.equal(tx.reserve().describe(), "mpsc reserve (2/2 queued, 1 sender, 1 waiting)");
        assert.equal(tx.reserveMany(2).describe(), "mpsc reserve of 2 (2/2 queued, 1 sender, 1 waiting)");
        assert.equal(rx.recvMany(7).describe(), "mpsc recvMany of 7 (2/2 queued, 1 sender)");
        assert.equal(tx.closed().describe(), "mpsc closed (receiver is open)");
        assert.equal(mpsc.unboundedChannel()[1].recv().describe(), "mpsc recv (0 queued, 1 sender)");

        const [btx, brx] = broadcast<number>(3);
        using _brx = brx.resubscribe();
        assert.equal(brx.recv().describe(), "broadcast recv (0/4 unread, 1 sender)");
        const more = btx.clone();
        btx.send(1);
        assert.equal(brx.recv().describe(), "broadcast recv (1/4 unread, 2 senders)");
        more[Symbol.dispose]();
        assert.equal(btx.closed().describe(), "broadcast closed (2 receivers)");

        const mutex = new Mutex(0);
        assert.equal(mutex.lock().describe(), "Mutex lock (free)");
        mutex.tryLock();
        waiting(mutex.lock());
        assert.equal(mutex.lock().describe(), "Mutex lock (held, 1 waiting)");

        const rwlock = new RwLock(0);
        assert.equal(rwlock.read().describe(), "RwLock read (free)");
        assert.equal(rwlock.write().describe(), "RwLock write (free)");
        rwlock.tryRead();
        waiting(rwlock.write());
        assert.equal(rwlock.read().describe(), "RwLock read (held, 1 waiting)");

        const barrier = new Barrier(3);
        waiting(barrier.wait());
        assert.equal(barrier.wait().describe(), "Barrier wait (1/3 arrived)");

        const semaphore = new Semaphore(3);
        assert.equal(semaphore.acquire().describe(), "Semaphore acquire (3 free, 0 waiting)");
        assert.equal(semaphore.acquireMany(2).describe(), "Semaphore acquire of 2 (3 free, 0 waiting)");

        assert.equal(new Notify().notified().describe(), "Notify notified (0 waiting)");
        const [otx, orx] = oneshot();
        assert.equal(orx.describe(), "oneshot recv (nothing sent yet)");
        assert.equal(otx.closed().describe(), "oneshot closed (receiver is waiting)");

        const [wtx, wrx] = watch(0);
        assert.equal(wrx.changed().describe(), "watch changed (no change, 1 sender)");
        const another = wtx.clone();
        wtx.send(1);
        assert.equal(wrx.waitFor(() => true).describe(), "watch waitFor (changed, 2 senders)");
        assert.equal(wtx.closed().describe(), "watch closed (1 receiver)");
        wtx.subscribe();
        assert.equal(another.closed().describe(), "watch closed (2 receivers)");

        const cell = new OnceCell<number>();
        const initializing = cell.getOrInit(() => pending());
        assert.equal(initializing.describe(), "OnceCell.getOrInit (waits for its turn)");
        waiting(initializing);
        waiting(cell.getOrTryInit(() => pending()));
        assert.equal(initializing.describe(), "OnceCell.getOrInit (initializing, 1 waiting)");
        assert.equal(new SetOnce().wait().describe(), "SetOnce wait (not set)");
      });

      test("an initializer that asks its own cell shows in the deadlock report", () => {
        const cell = new OnceCell<number>();
        const recurse = fn(function* recurse() {
          return yield* cell.getOrInit(() => ready(1));
        });
        const report = deadlock(cell.getOrInit(recurse));
        assert.match(
          report,
          /OnceCell\.getOrInit \(initializing, 1 waiting\)[\s\S]*recurse[\s\S]*OnceCell\.getOrInit \(waits/,
        );
      });

      test("a watch whose sender was never disposed shows in the deadlock report", () => {
        const [tx, rx] = watch(0);
        const report = deadlock(function* () {
          yield* rx.changed();
        });
        assert.match(report, /watch changed \(no change, 1 sender\)/);
        assert.equal(tx.senderCount, 1);
      });

      test("a mutex that locks itself shows in the deadlock report", () => {
        const mutex = new Mutex(0);
        const lockTwice = fn(function* lockTwice() {
          using _outer = yield* mutex.lock();
          using _inner = yield* mutex.lock();
        });
        assert.match(deadlock(lockTwice()), /lockTwice[\s\S]*Mutex lock \(held, 1 waiting\)/);
        mutex.tryLock(); // released on the way out
      });

      test("a read inside of a read, with a writer in between, shows in the deadlock report", () => {
        const rwlock = new RwLock(0);
        const readTwice = fn(function* readTwice() {
          using _outer = yield* rwlock.read();
          waiting(rwlock.write());
          using _inner = yield* rwlock.read();
        });
        assert.match(deadlock(readTwice()), /readTwice[\s\S]*RwLock read \(held, 2 waiting\)/);
      });

      test("a body that runs under a lock shows with its name, and draws no warning", async () => {
        const warnings: Error[] = [];
        const listener = (warning: Error) => warnings.push(warning);
        process.on("warning", listener);
        const [mutex, rwlock] = [new Mutex(0), new RwLock(0)];
        const never = function* () {
          yield* new Notify().notified();
        };
        assert.match(deadlock(mutex.withLock(never)), /withLock[\s\S]*Notify notified/);
        assert.match(deadlock(rwlock.withRead(never)), /withRead[\s\S]*Notify notified/);
        assert.match(deadlock(rwlock.withWrite(never)), /withWrite[\s\S]*Notify notified/);
        await new Promise((resolve) => setImmediate(resolve));
        process.off("warning", listener);
        assert.deepEqual(warnings, []);
      });

      test("a sender that was never disposed shows in the deadlock report", () => {
        const [tx, rx] = mpsc.channel<number>(32);
        const report = deadlock(function* () {
          yield* rx.recv();
        });
        assert.match(report, /mpsc recv \(0\/32 queued, 1 sender\)/);
        assert.equal(tx.isClosed, false);
      });

      test("a broadcast that nobody sends shows in the deadlock report", () => {
        const [tx, rx] = broadcast<number>(8);
        const report = deadlock(function* () {
          yield* rx.recv();
        });
        assert.match(report, /broadcast recv \(0\/8 unread, 1 sender\)/);
        assert.equal(tx.receiverCount, 1);
      });
    });
  });
}
