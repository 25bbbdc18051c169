/** Effect: `Effect.fnUntraced` for functions (its untraced form is the fast one), default fibers, its bounded `Queue`. */
import { Effect, Fiber, Queue, Stream } from "effect";
import {
  type Bench,
  bytesInUse,
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

const child = Effect.fnUntraced(function* (x: number) {
  return x + 1;
});

const readyChild = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* child(i);
  const took = since(start);
  expectEqual(sum, sumTo(n), "ready-child");
  return took;
});

const spawnJoin = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const fiber = yield* Effect.forkChild(child(i));
    sum += yield* Fiber.join(fiber);
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join");
  return took;
});

const EAGER = { startImmediately: true };

const spawnJoinEager = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const fiber = yield* Effect.forkChild(child(i), EAGER);
    sum += yield* Fiber.join(fiber);
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join-eager");
  return took;
});

const spawnJoin1000 = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < n; done += 1000) {
    const fibers: Fiber.Fiber<number>[] = [];
    for (let i = 0; i < 1000; i++) fibers.push(yield* Effect.forkChild(child(done + i)));
    for (const fiber of fibers) sum += yield* Fiber.join(fiber);
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join-1000");
  return took;
});

const yieldAlone = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  for (let i = 0; i < n; i++) yield* Effect.yieldNow;
  return since(start);
});

const nested: (depth: number, n: number, task: number) => Effect.Effect<void> = Effect.fnUntraced(function* (
  depth: number,
  n: number,
  task: number,
) {
  if (depth > 1) return yield* nested(depth - 1, n, task);
  for (let i = 0; i < n; i++) {
    turn(task);
    yield* Effect.yieldNow;
  }
});

const yieldInTurns = Effect.fnUntraced(function* (depth: number, n: number) {
  const start = performance.now();
  const one = yield* Effect.forkChild(nested(depth, n / 2, 1));
  const two = yield* Effect.forkChild(nested(depth, n / 2, 2));
  yield* Fiber.join(one);
  yield* Fiber.join(two);
  const took = since(start);
  expectTurns(n);
  return took;
});

const yieldAt = (depth: number): Bench => ({ run: (n) => Effect.runPromise(yieldInTurns(depth, n)), batch: 2 });

const produce = Effect.fnUntraced(function* (queue: Queue.Queue<number>, n: number) {
  for (let i = 1; i <= n; i++) yield* Queue.offer(queue, i);
});

const mpsc = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  const queue = yield* Queue.bounded<number>(1000);
  yield* Effect.forkChild(produce(queue, n));
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* Queue.take(queue);
  const took = since(start);
  expectEqual(sum, sumTo(n), "mpsc-1000");
  return took;
});

const mpscMany = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  const queue = yield* Queue.bounded<number>(1000);
  yield* Effect.forkChild(produce(queue, n));
  let sum = 0;
  for (let got = 0; got < n; ) {
    const values = yield* Queue.takeAll(queue);
    got += values.length;
    for (const value of values) sum += value;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "mpsc-1000-many");
  return took;
});

const zero = () => 0;
const add = (sum: number, x: number) => sum + x;
const foldFours = (numbers: Stream.Stream<number>) =>
  numbers.pipe(
    Stream.map((x) => x * 2),
    Stream.filter((x) => x % 4 === 0),
    Stream.runFold(zero, add),
  );

const streamFold = Effect.fnUntraced(function* (n: number) {
  const numbers = upTo(n);
  const start = performance.now();
  const sum = yield* foldFours(Stream.fromIterable(numbers));
  const took = since(start);
  expectEqual(sum, sumOfFours(n), "stream-fold");
  return took;
});

const streamMapAsync = Effect.fnUntraced(function* (n: number) {
  const numbers = upTo(n);
  const start = performance.now();
  const sum = yield* Stream.fromIterable(numbers).pipe(Stream.mapEffect(child), Stream.runFold(zero, add));
  const took = since(start);
  expectEqual(sum, sumTo(n) + n, "stream-map-async");
  return took;
});

const streamMpsc = Effect.fnUntraced(function* (n: number) {
  const start = performance.now();
  const queue = yield* Queue.bounded<number>(1000);
  yield* Effect.forkChild(produce(queue, n));
  const sum = yield* foldFours(Stream.fromQueue(queue).pipe(Stream.take(n)));
  const took = since(start);
  expectEqual(sum, sumOfFours(n), "stream-mpsc");
  return took;
});

const SLEEPERS = 200_000;
let asleep = 0;

const sleeper = Effect.fnUntraced(function* () {
  asleep++;
  yield* Effect.sleep(600_000);
  asleep--;
});

/** `forkDetach`: the parent keeps no set of children, the leanest of Effect's forks. */
const forkSleepers = Effect.fnUntraced(function* (keep: boolean) {
  const kept: Fiber.Fiber<void>[] = [];
  const before = bytesInUse();
  for (let i = 0; i < SLEEPERS; i++) {
    const fiber = yield* Effect.forkDetach(sleeper());
    if (keep) kept.push(fiber);
  }
  while (asleep < SLEEPERS) yield* Effect.yieldNow;
  const bytes = (bytesInUse() - before) / SLEEPERS;
  expectEqual(kept.length, keep ? SLEEPERS : 0, "kept fibers");
  return bytes;
});

const sleepingTasks = (keep: boolean): Gauge => ({ gauge: () => Effect.runPromise(forkSleepers(keep)) });

export const suite: Suite = {
  "ready-child": { run: (n) => Effect.runPromise(readyChild(n)) },
  "spawn-join": { run: (n) => Effect.runPromise(spawnJoin(n)) },
  "spawn-join-eager": { run: (n) => Effect.runPromise(spawnJoinEager(n)) },
  "spawn-join-1000": { run: (n) => Effect.runPromise(spawnJoin1000(n)), batch: 1000 },
  "yield-now-alone": { run: (n) => Effect.runPromise(yieldAlone(n)) },
  "yield-now-1": yieldAt(1),
  "yield-now-10": yieldAt(10),
  "yield-now-100": yieldAt(100),
  "mpsc-1000": { run: (n) => Effect.runPromise(mpsc(n)) },
  "mpsc-1000-many": { run: (n) => Effect.runPromise(mpscMany(n)) },
  "stream-fold": { run: (n) => Effect.runPromise(streamFold(n)) },
  "stream-map-async": { run: (n) => Effect.runPromise(streamMapAsync(n)) },
  "stream-mpsc": { run: (n) => Effect.runPromise(streamMpsc(n)) },
  "sleeping-tasks": sleepingTasks(false),
  "sleeping-tasks-joinable": sleepingTasks(true),
};
