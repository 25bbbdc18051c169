/*
 * Many parties on real threads, in random numbers and with random impatience. A hang ends with a dump of what every task waits for.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Runtime, type Suspend, spawn, spawnLocal, yieldNow } from "toki";
import { Mutex, mpsc, Notify, RwLock, Semaphore } from "toki/shared";
import fc from "../support/property.js";
import {
  acquireImpatiently,
  consume,
  increment,
  type Numbered,
  produceImpatiently,
  readAndWriteImpatiently,
  takePermits,
} from "./functions.js";

const HANG_MS = 30_000;
const options = { timeout: 120_000 };
const rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
after(() => rt.shutdown());

/** Runs on the runtime; says what everybody waits for if it does not end. */
async function watched<T>(body: () => Generator<Suspend, T, unknown>): Promise<T> {
  const watchdog = setTimeout(() => console.error(String(rt.handle.dump())), HANG_MS);
  try {
    return await rt.run(body);
  } finally {
    clearTimeout(watchdog);
  }
}

const patience = fc.array(fc.nat(6), { minLength: 1, maxLength: 5 });

describe("stress", () => {
  test("Semaphore: permits are conserved under random cancellation", options, () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.record({ patience, most: fc.integer({ min: 1, max: 4 }), isHere: fc.boolean() }), {
          minLength: 2,
          maxLength: 6,
        }),
        async (permits, parties) => {
          using semaphore = new Semaphore(permits);
          await watched(function* () {
            const tasks = parties.map(({ patience, most, isHere }) => {
              const work = acquireImpatiently(semaphore, 60, Math.min(most, permits), patience);
              return isHere ? spawnLocal(work) : spawn(work);
            });
            for (const task of tasks) yield* task;
          });
          assert.equal(semaphore.availablePermits, permits);
        },
      ),
      { numRuns: 25 },
    ),
  );

  test("RwLock: writers are alone, and nothing is lost under random cancellation", options, () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.record({ patience, isHere: fc.boolean() }), { minLength: 2, maxLength: 6 }),
        async (maxReaders, parties) => {
          using lock = new RwLock({ a: 0, b: 0 }, { maxReaders });
          const writes = await watched(function* () {
            const tasks = parties.map(({ patience, isHere }) => {
              const work = readAndWriteImpatiently(lock, 60, patience);
              return isHere ? spawnLocal(work) : spawn(work);
            });
            let writes = 0;
            for (const task of tasks) writes += yield* task;
            return writes;
          });
          assert.deepEqual(lock.intoInner(), { a: writes, b: writes });
        },
      ),
      { numRuns: 25 },
    ),
  );

  test("mpsc: each message once, in the order of its sender, and all slots come back", options, () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(patience, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (capacity, producers, isConsumerHere) => {
          const [tx, rx] = mpsc.channel<Numbered>(capacity);
          const counts = await watched(function* () {
            const tasks = producers.map((patience, who) => spawn(produceImpatiently(tx, who, 60, [...patience, 7])));
            tx[Symbol.dispose]();
            const counts = isConsumerHere ? yield* consume(rx) : yield* spawn(consume(rx));
            for (const task of tasks) yield* task;
            return counts;
          });
          assert.deepEqual(counts, Object.fromEntries(producers.map((_, who) => [who, 60])));
        },
      ),
      { numRuns: 25 },
    ),
  );

  test("aborted tasks lose nothing", options, () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40), { minLength: 2, maxLength: 8 }), async (turns) => {
        using semaphore = new Semaphore(2);
        using mutex = new Mutex({ n: 0 });
        using up = new Notify();
        await watched(function* () {
          const tasks = turns.map((_, i) =>
            i % 2 === 0 ? spawn(takePermits(semaphore, 1e9, (i % 2) + 1)) : spawn(increment(mutex, 1e9)),
          );
          for (const [i, n] of turns.entries()) {
            for (let turn = 0; turn < n; turn++) yield* yieldNow();
            tasks[i]?.abort();
          }
          for (const task of tasks) {
            try {
              yield* task;
            } catch {
              // aborted
            }
          }
          up.notifyOne();
          yield* up.notified();
        });
        assert.equal(semaphore.availablePermits, 2);
        mutex.tryLock().release();
      }),
      { numRuns: 25 },
    ),
  );
});
