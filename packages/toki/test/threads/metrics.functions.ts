// Portable functions of metrics.test.ts, in a module without side effects.
import { threadId } from "node:worker_threads";
import {
  blockInPlace,
  blocking,
  consumeBudget,
  fn,
  Handle,
  sleep,
  spawn,
  spawnBlocking,
  workerIndex,
  yieldNow,
} from "toki";

const metrics = () => Handle.current().metrics();
const words = (cell: SharedArrayBuffer) => new Int32Array(cell);

/** Ends at its `polls`th poll. */
export const polled = fn(import.meta, function* polled(polls: number) {
  for (let i = 1; i < polls; i++) yield* yieldNow();
  return workerIndex() as number;
});

export const forever = fn(import.meta, function* forever() {
  yield* sleep(1e9);
});

/** Tells its handle when it runs, and holds the thread until it is let go: word 0 and word 1. */
export const hold = fn(import.meta, function* hold(cell: SharedArrayBuffer) {
  Atomics.store(words(cell), 0, 1);
  Atomics.wait(words(cell), 1, 0);
});

/** Yields until word 0 is set. */
export const untilSet = fn(import.meta, function* untilSet(cell: SharedArrayBuffer) {
  while (Atomics.load(words(cell), 0) === 0) yield* yieldNow();
});

/** What a task sees of its own worker. */
export const look = fn(import.meta, function* look() {
  const index = workerIndex() as number;
  const seen = metrics();
  return {
    index,
    threadId,
    numWorkers: seen.numWorkers,
    ownThreadId: seen.workerThreadId(index),
    makerThreadId: seen.workerThreadId("main"),
    polls: seen.workerPollCount(index),
    transitions: seen.workerParkUnparkCount(index),
    spawnedOnMain: seen.spawnedTasksCount,
    flavor: Handle.current().flavor,
  };
});

const bump = fn(import.meta, function* bump(cell: SharedArrayBuffer) {
  Atomics.add(words(cell), 0, 1);
  Atomics.notify(words(cell), 0);
});

/** Ends once this module is there on two workers. */
export const warm = fn(import.meta, function* warm(cell: SharedArrayBuffer) {
  spawn(bump(cell));
  blockInPlace(() => Atomics.wait(words(cell), 0, 0));
});

/** Spawns `count` calls and holds its thread until another one has run them all. */
export const haveStolen = fn(import.meta, function* haveStolen(cell: SharedArrayBuffer, count: number) {
  for (let i = 0; i < count; i++) spawn(bump(cell));
  for (let done = Atomics.load(words(cell), 0); done < count; done = Atomics.load(words(cell), 0)) {
    Atomics.wait(words(cell), 0, done);
  }
  return workerIndex() as number;
});

/** Spawns `count` calls in one go, and says what the queues look like then. */
export const overflow = fn(import.meta, function* overflow(count: number) {
  const before = metrics().workerLocalScheduleCount(0);
  for (let i = 0; i < count; i++) spawn(polled(1));
  const seen = metrics();
  return {
    overflows: seen.workerOverflowCount(0),
    local: seen.workerLocalQueueDepth(0),
    global: seen.globalQueueDepth,
    scheduled: seen.workerLocalScheduleCount(0) - before,
  };
});

/** Leaves `count` calls and as many tasks of its own behind that never end. */
export const leaveBehind = fn(import.meta, function* leaveBehind(count: number) {
  for (let i = 0; i < count; i++) {
    spawn(forever());
    spawn(function* () {
      yield* sleep(1e9);
    });
  }
});

export const exhaust = fn(import.meta, function* exhaust(operations: number) {
  for (let i = 0; i < operations; i++) yield* consumeBudget();
});

export const spin = fn(import.meta, function* spin(ms: number) {
  const end = performance.now() + ms;
  while (performance.now() < end);
});

export const die = fn(import.meta, function* die() {
  process.exit(3);
});

const waitForLet = blocking(import.meta, function waitForLet(cell: SharedArrayBuffer) {
  Atomics.wait(words(cell), 1, 0);
});

/** Runs `jobs` blocking jobs from a worker. */
export const block = fn(import.meta, function* block(cell: SharedArrayBuffer, jobs: number) {
  const handles = Array.from({ length: jobs }, () => spawnBlocking(waitForLet(cell)));
  for (const handle of handles) yield* handle;
});

/** Counts of one's own histograms, by bucket. */
export const histograms = fn(import.meta, function* histograms() {
  const { pollTimeHistogram, scheduleLatencyHistogram } = metrics();
  const index = workerIndex() as number;
  return [pollTimeHistogram, scheduleLatencyHistogram].map((histogram) =>
    Array.from({ length: histogram.numBuckets }, (_, bucket) => histogram.bucketCount(index, bucket)),
  );
});
