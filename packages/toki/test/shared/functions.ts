/*
 * What the tests of toki/shared run on workers and on blocking threads. Nothing here has an effect when it is imported.
 */
import { blocking, fn, yieldNow } from "toki";
import type { Mutex, Notify, Semaphore } from "toki/shared";

export const takePermits = fn(import.meta, function* takePermits(semaphore: Semaphore, rounds: number, n: number) {
  for (let i = 0; i < rounds; i++) {
    using _permit = yield* semaphore.acquireMany(n);
    if (i % 3 === 0) yield* yieldNow();
  }
  return rounds;
});

export const increment = fn(import.meta, function* increment(total: Mutex<{ n: number }>, rounds: number) {
  for (let i = 0; i < rounds; i++) {
    using guard = yield* total.lock();
    guard.value.n++;
    if (i % 5 === 0) yield* yieldNow();
  }
});

export const answer = fn(import.meta, function* answer(ask: Notify, reply: Notify, rounds: number) {
  for (let i = 0; i < rounds; i++) {
    yield* ask.notified();
    reply.notifyOne();
  }
});

export const incrementBlocking = blocking(
  import.meta,
  function incrementBlocking(total: Mutex<{ n: number }>, rounds: number) {
    for (let i = 0; i < rounds; i++) {
      using guard = total.blockingLock();
      guard.value.n++;
    }
  },
);
