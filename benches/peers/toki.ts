/** Toki on its current-thread runtime, functions hoisted to module level as its documentation says. */

import type { JoinHandle } from "toki";
import { type Future, fn, Pending, pollFn, Runtime, sleep, spawn, yieldNow } from "toki";
import { fromIter, type Stream, stream } from "toki/stream";
import { Mutex, mpsc, oneshot } from "toki/sync";
import {
  type Bench,
  bytesInUse,
  consume,
  expectEqual,
  expectTurns,
  type Gauge,
  type Suite,
  since,
  sumOfFours,
  sumTo,
  turn,
  upTo,
} from "../lib/measure.js";
import { deadlines, OP_MS, WINDOW } from "../lib/timers.js";

const runtime = new Runtime({ flavor: "currentThread" });

const child = fn(function* (x: number) {
  return x + 1;
});

const readyChild = fn(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* child(i);
  const took = since(start);
  expectEqual(sum, sumTo(n), "ready-child");
  return took;
});

const spawnJoin = fn(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const handle = spawn(child(i));
    sum += yield* handle;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join");
  return took;
});

const spawnJoin1000 = fn(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < n; done += 1000) {
    const handles: JoinHandle<number>[] = [];
    for (let i = 0; i < 1000; i++) handles.push(spawn(child(done + i)));
    for (const handle of handles) sum += yield* handle;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join-1000");
  return took;
});

const yieldAlone = fn(function* (n: number) {
  const start = performance.now();
  for (let i = 0; i < n; i++) yield* yieldNow();
  return since(start);
});

const nested: (depth: number, n: number, task: number) => Future<void> = fn(function* (
  depth: number,
  n: number,
  task: number,
) {
  if (depth > 1) return yield* nested(depth - 1, n, task);
  for (let i = 0; i < n; i++) {
    turn(task);
    yield* yieldNow();
  }
});

const yieldInTurns = fn(function* (depth: number, n: number) {
  const start = performance.now();
  const one = spawn(nested(depth, n / 2, 1));
  const two = spawn(nested(depth, n / 2, 2));
  yield* one;
  yield* two;
  const took = since(start);
  expectTurns(n);
  return took;
});

const yieldAt = (depth: number): Bench => ({ run: (n) => runtime.run(yieldInTurns(depth, n)), batch: 2 });

const produce = fn(function* (tx: mpsc.Sender<number>, n: number) {
  for (let i = 1; i <= n; i++) yield* tx.send(i);
  tx[Symbol.dispose]();
});

const mpsc1000 = fn(function* (n: number) {
  const start = performance.now();
  const [tx, rx] = mpsc.channel<number>(1000);
  spawn(produce(tx, n));
  let sum = 0;
  for (;;) {
    const value = yield* rx.recv();
    if (value === undefined) break;
    sum += value;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "mpsc-1000");
  return took;
});

const oneshotSendReceive = fn(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 1; i <= n; i++) {
    const [tx, rx] = oneshot<number>();
    tx.send(i);
    sum += yield* rx;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "oneshot");
  return took;
});

const lockUnlock = fn(function* (n: number) {
  const mutex = new Mutex(0);
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    const guard = yield* mutex.lock();
    guard.value++;
    guard.release();
  }
  const took = since(start);
  const guard = yield* mutex.lock();
  expectEqual(guard.value, n, "mutex");
  guard.release();
  return took;
});

const add = (sum: number, x: number) => sum + x;
const foldFours = (numbers: Stream<number>) =>
  numbers
    .map((x) => x * 2)
    .filter((x) => x % 4 === 0)
    .fold(0, add);

const streamFold = fn(function* (n: number) {
  const numbers = upTo(n);
  const start = performance.now();
  const sum = yield* foldFours(fromIter(numbers));
  const took = since(start);
  expectEqual(sum, sumOfFours(n), "stream-fold");
  return took;
});

const streamMapAsync = fn(function* (n: number) {
  const numbers = upTo(n);
  const start = performance.now();
  const sum = yield* fromIter(numbers).mapAsync(child).fold(0, add);
  const took = since(start);
  expectEqual(sum, sumTo(n) + n, "stream-map-async");
  return took;
});

const streamMpsc = fn(function* (n: number) {
  const start = performance.now();
  const [tx, rx] = mpsc.channel<number>(1000);
  spawn(produce(tx, n));
  const sum = yield* foldFours(stream(rx));
  const took = since(start);
  expectEqual(sum, sumOfFours(n), "stream-mpsc");
  return took;
});

/** Creates, registers (the first poll does) and drops a sleep: what a timeout that did not fire costs. */
const createCancel = fn(function* (n: number) {
  return yield* pollFn((cx) => {
    const start = performance.now();
    for (let i = 0; i < n; i++) {
      const timer = sleep(OP_MS);
      if (timer.poll(cx) !== Pending) throw new Error("a sleep of 30 s was over at once");
      timer[Symbol.dispose]();
    }
    return since(start);
  });
});

const live: ReturnType<typeof sleep>[] = [];

const addLive = fn(function* (durations: Iterable<number>) {
  yield* pollFn((cx) => {
    for (const ms of durations) {
      const timer = sleep(ms);
      if (timer.poll(cx) !== Pending) throw new Error("a sleep of 10 minutes was over at once");
      live.push(timer);
    }
  });
});

function withLive(count: number): Bench {
  return { setup: () => runtime.run(addLive(deadlines(count))), run: (n) => runtime.run(createCancel(n)) };
}

const rearm = fn(function* (n: number) {
  const took = yield* pollFn((cx) => {
    const start = performance.now();
    for (let i = 0, at = 0; i < n; i++) {
      live[at]?.[Symbol.dispose]();
      const timer = sleep(OP_MS);
      if (timer.poll(cx) !== Pending) throw new Error("a sleep of 30 s was over at once");
      live[at] = timer;
      if (++at === WINDOW) at = 0;
    }
    return since(start);
  });
  consume(live);
  return took;
});

const SLEEPERS = 1_000_000;
let asleep = 0;

const sleeper = fn(function* () {
  asleep++;
  yield* sleep(600_000);
  asleep--;
});

const spawnSleepers = fn(function* (keep: boolean) {
  const kept: JoinHandle<void>[] = [];
  const before = bytesInUse();
  for (let i = 0; i < SLEEPERS; i++) {
    const handle = spawn(sleeper());
    if (keep) kept.push(handle);
  }
  while (asleep < SLEEPERS) yield* yieldNow();
  const bytes = (bytesInUse() - before) / SLEEPERS;
  expectEqual(kept.length, keep ? SLEEPERS : 0, "kept handles");
  return bytes;
});

const sleepingTasks = (keep: boolean): Gauge => ({ gauge: () => runtime.run(spawnSleepers(keep)) });

export const suite: Suite = {
  "ready-child": { run: (n) => runtime.run(readyChild(n)) },
  "spawn-join": { run: (n) => runtime.run(spawnJoin(n)) },
  "spawn-join-1000": { run: (n) => runtime.run(spawnJoin1000(n)), batch: 1000 },
  "yield-now-alone": { run: (n) => runtime.run(yieldAlone(n)) },
  "yield-now-1": yieldAt(1),
  "yield-now-10": yieldAt(10),
  "yield-now-100": yieldAt(100),
  "mpsc-1000": { run: (n) => runtime.run(mpsc1000(n)) },
  oneshot: { run: (n) => runtime.run(oneshotSendReceive(n)) },
  mutex: { run: (n) => runtime.run(lockUnlock(n)) },
  "stream-fold": { run: (n) => runtime.run(streamFold(n)) },
  "stream-map-async": { run: (n) => runtime.run(streamMapAsync(n)) },
  "stream-mpsc": { run: (n) => runtime.run(streamMpsc(n)) },
  "sleep-create-drop": withLive(0),
  "timer-0": withLive(0),
  "timer-100k": withLive(100_000),
  "timer-1m": withLive(1_000_000),
  "timer-rearm": {
    setup: () => runtime.run(addLive(Array.from({ length: WINDOW }, () => OP_MS))),
    run: (n) => runtime.run(rearm(n)),
  },
  "sleeping-tasks": sleepingTasks(false),
  "sleeping-tasks-joinable": sleepingTasks(true),
};
