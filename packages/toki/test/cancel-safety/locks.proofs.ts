import assert from "node:assert/strict";
import { type Future, fn, yieldNow } from "toki";
import type { Mutex, Semaphore } from "toki/sync";
import { assertPending, assertReady, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import { likeTheFutureInside } from "./inside.js";
import { type Primitives, sync } from "./primitives.js";
import type { Body, Proof } from "./proof.js";

/** The proofs, on either implementation. */
export function proofsOn({ Mutex, Notify, Semaphore, CancellationToken }: Primitives): readonly Proof[] {
  /** The ways to take one of what there is one of; `log` is what a body under the lock would write. */
  function lockProofs(
    name: string,
    take: (mutex: Mutex<number>, log: string[]) => Future<unknown>,
  ): Record<string, Body> {
    return {
      ...everyDropUnpolled(name, function* (drop) {
        const mutex = new Mutex(0);
        const log: string[] = [];
        yield* drop(take(mutex, log));
        mutex.tryLock().release();
        assert.deepEqual(log, []);
      }),
      ...everyDrop(`${name} that waits`, function* (drop) {
        const mutex = new Mutex(0);
        const log: string[] = [];
        const held = mutex.tryLock();
        const later = testTask(mutex.lock());
        yield* drop(take(mutex, log), () => assertPending(later.poll()));
        const again = testTask(take(mutex, log));
        assertPending(again.poll());
        held.release();
        assertPending(again.poll());
        assertReady(later.poll()).release();
        assert.deepEqual(log, []);
        again[Symbol.dispose]();
        mutex.tryLock().release();
      }),
      ...everyDrop(`${name} that was handed the lock`, function* (drop) {
        const mutex = new Mutex(0);
        const log: string[] = [];
        const held = mutex.tryLock();
        const next = testTask(mutex.lock());
        yield* drop(take(mutex, log), () => {
          assertPending(next.poll());
          held.release();
          assert.equal(next.isWoken, false);
        });
        assert.ok(next.isWoken);
        assertReady(next.poll()).release();
        assert.deepEqual(log, []);
        mutex.tryLock().release();
      }),
    };
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
      proof: lockProofs("mutex.lock()", (mutex) => mutex.lock()),
    },
    {
      operation: "`mutex.withLock()`",
      claim: "loses its place while it waits; later its body is cancelled, and the lock released after the cleanup",
      proof: {
        ...lockProofs("mutex.withLock()", (mutex, log) => mutex.withLock(() => work(log))),
        ...everyDrop(
          "mutex.withLock() whose body runs",
          function* (drop) {
            const mutex = new Mutex(0);
            const log: string[] = [];
            const next = testTask(
              mutex.withLock(() => {
                log.push("next");
              }),
            );
            yield* drop(
              mutex.withLock(() => work(log)),
              () => assertPending(next.poll()),
            );
            assertReady(next.poll());
            assert.deepEqual(log, ["runs", "cleanup", "next"]);
            mutex.tryLock().release();
          },
          { cleanupAwaits: true },
        ),
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
