/** Toki's channels and locks for many tasks, on its current-thread runtime. */
import { fn, type JoinHandle, Runtime, spawn, yieldNow } from "toki";
import { type BroadcastReceiver, broadcast, RwLock, Semaphore, type WatchReceiver, watch } from "toki/sync";
import { expectEqual, type Suite, since, sumTo } from "../lib/measure.js";
import { LISTENERS, LOCKERS, PERMITS, UNREAD } from "../lib/sync-work.js";

const runtime = new Runtime({ flavor: "currentThread" });

const listen = fn(function* listen(rx: BroadcastReceiver<number>, n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* rx.recv();
  return sum;
});

const broadcastToFour = fn(function* broadcastToFour(n: number) {
  const [tx, first] = broadcast<number>(1024);
  const listeners: JoinHandle<number>[] = [];
  for (let i = 0; i < LISTENERS; i++) listeners.push(spawn(listen(i === 0 ? first : tx.subscribe(), n)));
  const start = performance.now();
  for (let i = 1; i <= n; i++) {
    tx.send(i);
    if (i % UNREAD === 0) while (!tx.isEmpty) yield* yieldNow();
  }
  let sum = 0;
  for (const listener of listeners) sum += yield* listener;
  const took = since(start);
  expectEqual(sum, LISTENERS * sumTo(n), "broadcast-4");
  return took;
});

const follow = fn(function* follow(rx: WatchReceiver<number>, n: number) {
  let changes = 0;
  for (let seen = 0; seen < n; changes++) {
    yield* rx.changed();
    seen = rx.borrowAndUpdate();
  }
  return changes;
});

const watchInTurns = fn(function* watchInTurns(n: number) {
  const [tx, rx] = watch(0);
  const follower = spawn(follow(rx, n));
  yield* yieldNow();
  const start = performance.now();
  for (let i = 1; i <= n; i++) {
    tx.send(i);
    yield* yieldNow();
  }
  const changes = yield* follower;
  const took = since(start);
  expectEqual(changes, n, "watch");
  return took;
});

const readRelease = fn(function* readRelease(n: number) {
  const lock = new RwLock(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    const guard = yield* lock.read();
    sum += guard.value;
    guard.release();
  }
  const took = since(start);
  expectEqual(sum, n, "rwlock-read");
  return took;
});

const writeRelease = fn(function* writeRelease(n: number) {
  const lock = new RwLock(0);
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    const guard = yield* lock.write();
    guard.value++;
    guard.release();
  }
  const took = since(start);
  expectEqual(lock.intoInner(), n, "rwlock-write");
  return took;
});

let inside = 0;
let acquired = 0;

const contend = fn(function* contend(semaphore: Semaphore, times: number) {
  for (let i = 0; i < times; i++) {
    const permit = yield* semaphore.acquire();
    if (++inside > PERMITS) throw new Error("more inside than there are permits");
    acquired++;
    yield* yieldNow();
    inside--;
    permit.release();
  }
});

const contended = fn(function* contended(n: number) {
  const semaphore = new Semaphore(PERMITS);
  acquired = 0;
  const start = performance.now();
  const tasks: JoinHandle<void>[] = [];
  for (let i = 0; i < LOCKERS; i++) tasks.push(spawn(contend(semaphore, n / LOCKERS)));
  for (const task of tasks) yield* task;
  const took = since(start);
  expectEqual(acquired, n, "semaphore-contended");
  return took;
});

export const suite: Suite = {
  "broadcast-4": { run: (n) => runtime.run(broadcastToFour(n)) },
  watch: { run: (n) => runtime.run(watchInTurns(n)) },
  "rwlock-read": { run: (n) => runtime.run(readRelease(n)) },
  "rwlock-write": { run: (n) => runtime.run(writeRelease(n)) },
  "semaphore-contended": { run: (n) => runtime.run(contended(n)), batch: LOCKERS },
};
