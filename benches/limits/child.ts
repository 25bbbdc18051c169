/** One limit, alone in its process: `child.js NAME`. Sends its report to the parent. */
import { type Future, fn, Pending, pollFn, Runtime, sleep, spawn, yieldNow } from "toki";
import { bytesInUse, expectEqual } from "../lib/measure.js";

export interface LimitReport {
  /** Bytes for each task, timer, connection or frame. */
  bytesEach: number;
  /** Resident set of the whole process while all of them were alive. */
  rss: number;
  /** What is said instead of the bytes, where another figure is the point. */
  figure?: string;
  /** What was checked. */
  detail: string;
}

const runtime = new Runtime({ flavor: "currentThread" });

const MILLION = 1_000_000;
const LONG_ENOUGH_MS = 15_000;
let asleep = 0;
let woken = 0;

const sleeper = fn(function* () {
  asleep++;
  yield* sleep(LONG_ENOUGH_MS);
  woken++;
});

const sleepingTasks = fn(function* () {
  const before = bytesInUse();
  for (let i = 0; i < MILLION; i++) spawn(sleeper());
  while (asleep < MILLION) yield* yieldNow();
  const bytesEach = (bytesInUse() - before) / MILLION;
  const rss = process.memoryUsage.rss();
  expectEqual(woken, 0, "tasks awake before all were asleep");
  while (woken < MILLION) yield* sleep(50);
  return { bytesEach, rss, detail: "all asleep at once, then all woken" };
});

const liveTimers = fn(function* () {
  const timers: ReturnType<typeof sleep>[] = [];
  const before = bytesInUse();
  for (let i = 0; i < MILLION; i++) timers.push(sleep(LONG_ENOUGH_MS + (i % 1000)));
  const pending = yield* pollFn((cx) => {
    let count = 0;
    for (const timer of timers) if (timer.poll(cx) === Pending) count++;
    return count;
  });
  expectEqual(pending, MILLION, "timers live at once");
  const bytesEach = (bytesInUse() - before) / MILLION;
  const rss = process.memoryUsage.rss();
  expectEqual(elapsed(timers), 0, "timers fired before all were live");
  for (let i = 0; i < MILLION; i += 2) timers[i]?.[Symbol.dispose]();
  yield* sleep(LONG_ENOUGH_MS + 1000);
  expectEqual(elapsed(timers), MILLION / 2, "timers fired");
  return { bytesEach, rss, detail: "all live at once, then half cancelled, half fired" };
});

/** How many the timer wheel has fired; nothing polls them again. */
function elapsed(timers: readonly ReturnType<typeof sleep>[]): number {
  let count = 0;
  for (const timer of timers) if (timer.isElapsed) count++;
  return count;
}

let cleaned = 0;
let atBottom: { bytes: number; rss: number } = { bytes: 0, rss: 0 };

/** The innermost frame: measures while every frame above it is alive, and suspends. */
const bottom = fn(function* (ms: number) {
  yield* sleep(ms);
  atBottom = { bytes: bytesInUse(), rss: process.memoryUsage.rss() };
  return 0;
});

const link: (inner: Future<number>) => Future<number> = fn(function* (inner: Future<number>) {
  try {
    return 1 + (yield* inner);
  } finally {
    cleaned++;
  }
});

const CHAIN = 100_000;

function chainOf(length: number, ms: number): Future<number> {
  let future: Future<number> = bottom(ms);
  for (let i = 0; i < length; i++) future = link(future);
  return future;
}

const chain = fn(function* () {
  const before = bytesInUse();
  expectEqual(yield* chainOf(CHAIN, 1), CHAIN, "links that returned");
  const { bytes, rss } = atBottom;
  cleaned = 0;
  const handle = spawn(chainOf(CHAIN, 600_000));
  yield* sleep(20);
  handle.abort();
  try {
    yield* handle;
  } catch {
    // The task was cancelled: what counts is that every frame was unwound.
  }
  expectEqual(cleaned, CHAIN, "finally blocks run on cancellation");
  return {
    bytesEach: (bytes - before) / CHAIN,
    rss,
    detail: "suspended at the bottom, returned; then once more, aborted",
  };
});

const DEPTH = 10_000;

const recurse: (n: number) => Future<number> = fn(function* (n: number) {
  if (n === 0) return yield* bottom(1);
  return 1 + (yield* recurse(n - 1));
});

const recursion = fn(function* () {
  const before = bytesInUse();
  expectEqual(yield* recurse(DEPTH), DEPTH, "recursion depth");
  return {
    bytesEach: (atBottom.bytes - before) / DEPTH,
    rss: atBottom.rss,
    detail: "suspended at the bottom, then returned",
  };
});

const limits: Readonly<Record<string, () => Future<LimitReport>>> = {
  "limit-sleeping-tasks": sleepingTasks,
  "limit-live-timers": liveTimers,
  "limit-chain": chain,
  "limit-recursion": recursion,
};

const limit = limits[process.argv[2] ?? ""];
if (limit === undefined) throw new Error(`no limit named ${process.argv[2]}`);
const report = await runtime.run(limit());
process.send?.(report, () => process.exit(0));
