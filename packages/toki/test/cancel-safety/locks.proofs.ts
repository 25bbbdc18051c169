import assert from "node:assert/strict";
import { type Future, fn, yieldNow } from "toki";
import type { Mutex, RwLock, Semaphore } from "toki/sync";
import { assertPending, assertReady, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import { likeTheFutureInside } from "./inside.js";
import { type Primitives, sync } from "./primitives.js";
import type { Body, Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({
  Barrier,
  Mutex,
  Notify,
  RwLock,
  Semaphore,
  CancellationToken,
}: Primitives): readonly Proof[] {
  /** A lock, and the ways to have it alone. */
  interface Subject<L> {
    make(): L;
    hold(lock: L): { release(): void };
    wait(lock: L): Future<{ release(): void }>;
  }

  const mutexes: Subject<Mutex<number>> = {
    make: () => new Mutex(0),
    hold: (mutex) => mutex.tryLock(),
    wait: (mutex) => mutex.lock(),
  };
  const rwlocks: Subject<RwLock<number>> = {
    make: () => new RwLock(0),
    hold: (rwlock) => rwlock.tryWrite(),
    wait: (rwlock) => rwlock.write(),
  };

  /** The ways to take one of what there is one of; `log` is what a body under the lock would write. */
  function lockProofs<L>(
    name: string,
    { make, hold, wait }: Subject<L>,
    take: (lock: L, log: string[]) => Future<unknown>,
  ): Record<string, Body> {
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const lock = make();
        const log: string[] = [];
        yield* drop(take(lock, log));
        hold(lock).release();
        assert.deepEqual(log, []);
      }),
      ...everyDrop(`${name} that waits`, function* (drop) {
        const lock = make();
        const log: string[] = [];
        const held = hold(lock);
        const later = testTask(wait(lock));
        yield* drop(take(lock, log), () => assertPending(later.poll()));
        const again = testTask(take(lock, log));
        assertPending(again.poll());
        held.release();
        assertPending(again.poll());
        assertReady(later.poll()).release();
        assert.deepEqual(log, []);
        again[Symbol.dispose]();
        hold(lock).release();
      }),
      ...everyDrop(`${name} that was handed the lock`, function* (drop) {
        const lock = make();
        const log: string[] = [];
        const held = hold(lock);
        const next = testTask(wait(lock));
        yield* drop(take(lock, log), () => {
          assertPending(next.poll());
          held.release();
          assert.equal(next.isWoken, false);
        });
        assert.ok(next.isWoken);
        assertReady(next.poll()).release();
        assert.deepEqual(log, []);
        hold(lock).release();
      }),
    };
  }

  /** A body that runs under a lock, and what `take` makes of it; `next` waits for the lock meanwhile. */
  function bodyProofs<L>(
    name: string,
    { make, hold, wait }: Subject<L>,
    take: (lock: L, log: string[]) => Future<unknown>,
  ): Record<string, Body> {
    return everyDrop(
      `${name} whose body runs`,
      function* (drop) {
        const lock = make();
        const log: string[] = [];
        const next = testTask(wait(lock));
        yield* drop(take(lock, log), () => assertPending(next.poll()));
        assert.deepEqual(log, ["runs", "cleanup"]);
        assertReady(next.poll()).release();
        hold(lock).release();
      },
      { cleanupAwaits: true },
    );
  }

  /** Runs under a lock until it is cancelled; its cleanup awaits. */
  const work = fn(function* work(log: string[]) {
    try {
      log.push("runs");
      yield* new Gate();
    } finally {
      yield* yieldNow();
      log.push("cleanup");
    }
  });

  function acquires(name: string, n: number, make: (s: Semaphore) => Future<unknown>): Record<string, Body> {
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const semaphore = new Semaphore(n);
        yield* drop(make(semaphore));
        assert.equal(semaphore.availablePermits, n);
      }),
      ...everyDrop(`${name} that waits: what it had collected goes to the next`, function* (drop) {
        const semaphore = new Semaphore(n);
        const held = semaphore.tryAcquire();
        const later = testTask(semaphore.acquireMany(Math.max(1, n - 1)));
        yield* drop(make(semaphore), () => assertPending(later.poll()));
        const again = testTask(make(semaphore));
        assertPending(again.poll());
        if (n === 1) held.release();
        assertReady(later.poll()).release();
        again[Symbol.dispose]();
        held.release();
        assert.equal(semaphore.availablePermits, n);
      }),
      ...everyDrop(`${name} that waits alone: what it had collected is free again`, function* (drop) {
        const semaphore = new Semaphore(n);
        using _ = semaphore.tryAcquire();
        yield* drop(make(semaphore), () => assert.equal(semaphore.availablePermits, 0));
        assert.equal(semaphore.availablePermits, n - 1);
      }),
      ...everyDrop(`${name} that was given its permits`, function* (drop) {
        const semaphore = new Semaphore(n);
        const held = semaphore.tryAcquire();
        const next = testTask(semaphore.acquireMany(n));
        yield* drop(make(semaphore), () => {
          assertPending(next.poll());
          held.release();
          assert.equal(next.isWoken, false);
        });
        assert.ok(next.isWoken);
        assertReady(next.poll()).release();
        assert.equal(semaphore.availablePermits, n);
      }),
    };
  }

  return [
    {
      operation: "`mutex.lock()`",
      claim: "loses its place",
      proof: lockProofs("mutex.lock()", mutexes, (mutex) => mutex.lock()),
    },
    {
      operation: "`mutex.withLock()`",
      claim: "loses its place while it waits; later its body is cancelled, and the lock released after the cleanup",
      proof: {
        ...lockProofs("mutex.withLock()", mutexes, (mutex, log) => mutex.withLock(() => work(log))),
        ...bodyProofs("mutex.withLock()", mutexes, (mutex, log) => mutex.withLock(() => work(log))),
      },
    },
    {
      operation: "`rwlock.read()`, `rwlock.write()`",
      claim: "loses its place, and gives back what it had collected: readers whom a writer kept out may enter",
      proof: {
        ...lockProofs("rwlock.read()", rwlocks, (rwlock) => rwlock.read()),
        ...lockProofs("rwlock.write()", rwlocks, (rwlock) => rwlock.write()),
        ...everyDrop("rwlock.write() that keeps readers out", function* (drop) {
          const rwlock = new RwLock(0);
          const held = rwlock.tryRead();
          const reads = [testTask(rwlock.read()), testTask(rwlock.read())];
          yield* drop(rwlock.write(), () => {
            for (const read of reads) assertPending(read.poll());
          });
          for (const read of reads) {
            assert.ok(read.isWoken);
            assertReady(read.poll()).release();
          }
          held.release();
          rwlock.tryWrite().release();
        }),
        ...everyDrop("rwlock.read() that was let in with others", function* (drop) {
          const rwlock = new RwLock(0);
          const held = rwlock.tryWrite();
          const next = testTask(rwlock.read());
          const writer = testTask(rwlock.write());
          yield* drop(rwlock.read(), () => {
            assertPending(next.poll());
            assertPending(writer.poll());
            held.release();
          });
          assertReady(next.poll()).release();
          assertReady(writer.poll()).release();
        }),
      },
    },
    {
      operation: "`rwlock.withRead()`, `rwlock.withWrite()`",
      claim: "loses its place while it waits; later its body is cancelled, and the lock released after the cleanup",
      proof: {
        ...lockProofs("rwlock.withRead()", rwlocks, (rwlock, log) => rwlock.withRead(() => work(log))),
        ...bodyProofs("rwlock.withRead()", rwlocks, (rwlock, log) => rwlock.withRead(() => work(log))),
        ...lockProofs("rwlock.withWrite()", rwlocks, (rwlock, log) => rwlock.withWrite(() => work(log))),
        ...bodyProofs("rwlock.withWrite()", rwlocks, (rwlock, log) => rwlock.withWrite(() => work(log))),
      },
    },
    {
      operation: "`barrier.wait()`",
      claim: "not safe: it has arrived, and counts; the others go on without it",
      proof: {
        ...everyDropUnpolled("barrier.wait()", function* (drop) {
          const barrier = new Barrier(2);
          yield* drop(barrier.wait());
          const first = testTask(barrier.wait());
          assertPending(first.poll());
          assert.equal((yield* barrier.wait()).isLeader, true);
          assertReady(first.poll());
        }),
        ...everyDrop("barrier.wait() that waits", function* (drop) {
          const barrier = new Barrier(3);
          const other = testTask(barrier.wait());
          yield* drop(barrier.wait(), () => assertPending(other.poll()));
          assert.equal((yield* barrier.wait()).isLeader, true);
          assert.equal(assertReady(other.poll()).isLeader, false);
        }),
        ...everyDrop("barrier.wait() that was let go", function* (drop) {
          const barrier = new Barrier(2);
          yield* drop(barrier.wait(), () => {
            assert.equal(assertReady(testTask(barrier.wait()).poll()).isLeader, true);
          });
          const next = testTask(barrier.wait());
          assertPending(next.poll());
          next[Symbol.dispose]();
        }),
      },
    },
    {
      operation: "`semaphore.acquire()`, `acquireMany()`",
      claim: "loses its place, and gives back what it had collected",
      proof: {
        ...acquires("semaphore.acquire()", 1, (semaphore) => semaphore.acquire()),
        ...acquires("acquireMany()", 3, (semaphore) => semaphore.acquireMany(3)),
      },
    },
    {
      operation: "`notify.notified()`",
      claim: "loses its place; a notification it was given goes to the next, one that `enable()` has seen is spent",
      proof: {
        ...everyDropUnpolled("notify.notified()", function* (drop) {
          const notify = new Notify();
          const first = notify.notified();
          notify.notifyOne();
          yield* drop(first);
          yield* notify.notified();
        }),
        ...everyDrop("notify.notified() that waits", function* (drop) {
          const notify = new Notify();
          const later = testTask(notify.notified());
          yield* drop(notify.notified(), () => assertPending(later.poll()));
          const again = testTask(notify.notified());
          assertPending(again.poll());
          notify.notifyOne();
          assertPending(again.poll());
          assertReady(later.poll());
          again[Symbol.dispose]();
        }),
        ...everyDrop("notify.notified() that was notified, somebody waits", function* (drop) {
          const notify = new Notify();
          const next = testTask(notify.notified());
          yield* drop(notify.notified(), () => {
            assertPending(next.poll());
            notify.notifyOne();
            assert.equal(next.isWoken, false);
          });
          assert.ok(next.isWoken);
          assertReady(next.poll());
        }),
        ...everyDrop("notify.notified() that was notified, nobody waits", function* (drop) {
          const notify = new Notify();
          yield* drop(notify.notified(), () => notify.notifyOne());
          yield* notify.notified();
        }),
        ...everyDrop("notify.notified() that was notified as the last", function* (drop) {
          const notify = new Notify();
          const [first, second] = [testTask(notify.notified()), testTask(notify.notified())];
          assertPending(first.poll());
          assertPending(second.poll());
          yield* drop(notify.notified(), () => notify.notifyLast());
          assert.deepEqual([first.isWoken, second.isWoken], [false, true]);
          assertReady(second.poll());
          first[Symbol.dispose]();
        }),
        ...everyDrop("notify.notified() that waits: enable() took nothing", function* (drop) {
          const notify = new Notify();
          const early = notify.notified();
          assert.equal(early.enable(), false);
          yield* drop(early, () => notify.notifyOne());
          yield* notify.notified();
        }),
        ...everyDropUnpolled(
          "notify.notified() after enable() returned true: that notification is spent",
          function* (drop) {
            const notify = new Notify();
            notify.notifyOne();
            const enabled = notify.notified();
            assert.equal(enabled.enable(), true);
            yield* drop(enabled);
            const next = testTask(notify.notified());
            assertPending(next.poll());
            next[Symbol.dispose]();
          },
        ),
      },
    },
    {
      operation: "`token.cancelled()`",
      claim: "safe",
      proof: {
        ...everyDropUnpolled("token.cancelled()", function* (drop) {
          const token = new CancellationToken();
          yield* drop(token.cancelled());
          token.cancel();
          yield* token.cancelled();
        }),
        ...everyDrop("token.cancelled() that waits", function* (drop) {
          const parent = new CancellationToken();
          const token = parent.childToken();
          const waiting = token.cancelled();
          yield* drop(waiting);
          const next = testTask(token.cancelled());
          assertPending(next.poll());
          parent.cancel();
          assert.ok(next.isWoken);
          assertReady(next.poll());
          yield* waiting;
        }),
        ...everyDrop("token.cancelled() that was told", function* (drop) {
          const token = new CancellationToken();
          yield* drop(token.cancelled(), () => token.cancel());
          yield* token.cancelled();
        }),
      },
    },
    {
      operation: "`token.runUntilCancelled()`",
      claim: "that of the future inside",
      proof: {
        ...likeTheFutureInside("token.runUntilCancelled()", (future) =>
          new CancellationToken().runUntilCancelled(future),
        ),
        ...everyDrop(
          "token.runUntilCancelled() that was told",
          function* (drop) {
            const token = new CancellationToken();
            const log: string[] = [];
            yield* drop(token.runUntilCancelled(work(log)), () => token.cancel());
            yield* settle();
            assert.deepEqual(log, ["runs", "cleanup"]);
          },
          { cleanupAwaits: true },
        ),
      },
    },
  ];
}

export const proofs = proofsOn(sync);
