/** Effect: `PubSub`, `SubscriptionRef`, `TxReentrantLock`, `Semaphore`. */
import { Effect, Fiber, PubSub, Semaphore, Stream, SubscriptionRef, TxReentrantLock } from "effect";
import { expectEqual, type Suite, since, sumTo } from "../lib/measure.js";
import { LISTENERS, LOCKERS, PERMITS } from "../lib/sync-work.js";

const listen = Effect.fnUntraced(function* (subscription: PubSub.Subscription<number>, n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* PubSub.take(subscription);
  return sum;
});

/** A full one suspends who publishes, so nobody has to wait for the receivers by hand. */
const broadcastToFour = Effect.fnUntraced(function* (n: number) {
  const pubsub = yield* PubSub.bounded<number>(1024);
  const listeners: Fiber.Fiber<number>[] = [];
  for (let i = 0; i < LISTENERS; i++) {
    listeners.push(yield* Effect.forkChild(listen(yield* PubSub.subscribe(pubsub), n)));
  }
  const start = performance.now();
  for (let i = 1; i <= n; i++) yield* PubSub.publish(pubsub, i);
  let sum = 0;
  for (const listener of listeners) sum += yield* Fiber.join(listener);
  const took = since(start);
  expectEqual(sum, LISTENERS * sumTo(n), "broadcast-4");
  return took;
});

const watchInTurns = Effect.fnUntraced(function* (n: number) {
  const ref = yield* SubscriptionRef.make(0);
  let changes = 0;
  const follower = yield* Effect.forkChild(
    SubscriptionRef.changes(ref).pipe(
      Stream.takeUntil((value) => value === n),
      Stream.runForEach((value) =>
        Effect.sync(() => {
          if (value > 0) changes++;
        }),
      ),
    ),
  );
  yield* Effect.yieldNow;
  const start = performance.now();
  for (let i = 1; i <= n; i++) {
    yield* SubscriptionRef.set(ref, i);
    yield* Effect.yieldNow;
  }
  yield* Fiber.join(follower);
  const took = since(start);
  if (changes > n || changes < 1) throw new Error(`watch: ${changes} changes of ${n}`);
  return took;
});

const readRelease = Effect.fnUntraced(function* (n: number) {
  const lock = yield* TxReentrantLock.make();
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    yield* TxReentrantLock.acquireRead(lock);
    sum++;
    yield* TxReentrantLock.releaseRead(lock);
  }
  const took = since(start);
  expectEqual(sum, n, "rwlock-read");
  return took;
});

const writeRelease = Effect.fnUntraced(function* (n: number) {
  const lock = yield* TxReentrantLock.make();
  let value = 0;
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    yield* TxReentrantLock.acquireWrite(lock);
    value++;
    yield* TxReentrantLock.releaseWrite(lock);
  }
  const took = since(start);
  expectEqual(value, n, "rwlock-write");
  return took;
});

let inside = 0;
let acquired = 0;

const critical = Effect.fnUntraced(function* () {
  if (++inside > PERMITS) throw new Error("more inside than there are permits");
  acquired++;
  yield* Effect.yieldNow;
  inside--;
});

const contend = Effect.fnUntraced(function* (semaphore: Semaphore.Semaphore, times: number) {
  for (let i = 0; i < times; i++) yield* Semaphore.withPermit(semaphore, critical());
});

const contended = Effect.fnUntraced(function* (n: number) {
  const semaphore = yield* Semaphore.make(PERMITS);
  acquired = 0;
  const start = performance.now();
  const fibers: Fiber.Fiber<void>[] = [];
  for (let i = 0; i < LOCKERS; i++) fibers.push(yield* Effect.forkChild(contend(semaphore, n / LOCKERS)));
  for (const fiber of fibers) yield* Fiber.join(fiber);
  const took = since(start);
  expectEqual(acquired, n, "semaphore-contended");
  return took;
});

export const suite: Suite = {
  "broadcast-4": { run: (n) => Effect.runPromise(Effect.scoped(broadcastToFour(n))) },
  watch: { run: (n) => Effect.runPromise(watchInTurns(n)) },
  "rwlock-read": { run: (n) => Effect.runPromise(Effect.scoped(readRelease(n))) },
  "rwlock-write": { run: (n) => Effect.runPromise(Effect.scoped(writeRelease(n))) },
  "semaphore-contended": { run: (n) => Effect.runPromise(contended(n)), batch: LOCKERS },
};
