/** Toki on its multi-thread runtime: what is spawned here is spawned from the main thread, unless it says otherwise. */
import { type Future, fn, type JoinHandle, move, Runtime, sleep, spawn } from "toki";
import { type Bench, expectEqual, median, type Suite, since, sumTo, THREADS_WARM_UP_NS } from "../lib/measure.js";
import { bounce, echo, echoLater, fanOut, increment, incrementLater, type Tally } from "../threads/functions.js";
import { ProcessorTime } from "../threads/processor-time.js";
import { Shares } from "../threads/shares.js";
import { callsOf } from "../threads/sync-calls.js";
import { BUFFER_BYTES, checksum, EVEN, FINE, GAP_MS, GAPS, SHORT_TEXT, SKEWED, USER } from "../threads/work.js";

/** One process runs one benchmark: there is one runtime. */
let runtime: Runtime;

const warmUp = fn(function* () {
  for (let i = 0; i < 200; i++) expectEqual(yield* spawn(increment(i)), i + 1, "increment");
});

/** Starts the threads before anything is timed. */
const start = (workers: number) => async (): Promise<void> => {
  runtime = new Runtime({ flavor: "multiThread", workerThreads: workers });
  await runtime.run(warmUp());
};

function onThreads(body: (n: number) => Future<number>, batch = 1): Bench {
  return { setup: start(2), run: (n) => runtime.run(body(n)), batch };
}

const spawn1000 = fn(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < n; done += 1000) {
    const handles: JoinHandle<number>[] = [];
    for (let i = 0; i < 1000; i++) handles.push(spawn(increment(done + i)));
    for (const handle of handles) sum += yield* handle;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "threads-spawn-1000");
  return took;
});

const roundTrip = fn(function* (n: number) {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* spawn(increment(i));
  const took = since(start);
  expectEqual(sum, sumTo(n), "threads-round-trip");
  return took;
});

/** The median of round trips with a gap before each, in which the threads go to sleep. */
const roundTripAsleep = fn(function* () {
  const times: number[] = [];
  for (let i = 0; i < GAPS; i++) {
    yield* sleep(GAP_MS);
    const start = performance.now();
    expectEqual(yield* spawn(increment(i)), i + 1, "increment");
    times.push(since(start));
  }
  return median(times);
});

/** Sends `value` and takes it back; `size` tells whether it came back whole. */
function echoOf<T extends Parameters<typeof echo>[0]>(value: T, size: (value: T) => number): Bench {
  const body = fn(function* (n: number) {
    const start = performance.now();
    let sum = 0;
    for (let i = 0; i < n; i++) sum += size((yield* spawn(echo(value))) as T);
    const took = since(start);
    expectEqual(sum, n * size(value), "echo");
    return took;
  });
  return onThreads(body);
}

const moveAround = fn(function* (n: number) {
  let bytes = new Uint8Array(BUFFER_BYTES);
  const start = performance.now();
  for (let i = 0; i < n; i++) bytes = yield* spawn(bounce(move(bytes)));
  const took = since(start);
  expectEqual(bytes.length, BUFFER_BYTES, "bytes that came back");
  return took;
});

/** `spread` does all the pieces once. */
function fanOutOn(
  workers: number,
  sizes: readonly number[],
  spread: (sizes: readonly number[]) => Future<Tally>,
): Bench {
  const shares = new Shares();
  const processor = new ProcessorTime();
  const body = fn(function* (n: number) {
    processor.begin();
    const start = performance.now();
    let sum = 0;
    let took = 0;
    for (let done = 0; done < n; done += sizes.length) {
      const tally = yield* spread(sizes);
      took = since(start);
      sum += tally.sum;
      shares.add(tally);
    }
    processor.end(n);
    expectEqual(sum, (n / sizes.length) * checksum(sizes), "sum of the pieces");
    return took;
  });
  return {
    setup: start(workers),
    run: (n) => runtime.run(body(n)),
    batch: sizes.length,
    warmUp: THREADS_WARM_UP_NS,
    detail: () => `${shares.describe(runtime)}; ${processor.describe()}`,
  };
}

/** Awaited, it spawns the pieces from here. */
const fromMain = fanOut;

const fromWorker = fn(function* (sizes: readonly number[]) {
  return yield* spawn(fanOut(sizes));
});

/** `Runtime.blockOn` on the main thread, while a worker makes the result. */
const calls = callsOf(
  (x) => runtime.blockOn(runtime.spawn(incrementLater(x))),
  (text) => runtime.blockOn(runtime.spawn(echoLater(text))),
);

export const suite: Suite = {
  "threads-spawn-1000": onThreads(spawn1000, 1000),
  "threads-round-trip": onThreads(roundTrip),
  "threads-round-trip-asleep": {
    async gauge() {
      await start(2)();
      return await runtime.run(roundTripAsleep());
    },
  },
  "threads-text": echoOf(SHORT_TEXT, (text) => text.length),
  "threads-object": echoOf(USER, (user) => user.id + user.name.length + user.tags.length),
  "threads-bytes": echoOf(new Uint8Array(BUFFER_BYTES), (bytes) => bytes.length),
  "threads-bytes-moved": onThreads(moveAround),
  "fan-out-even": fanOutOn(2, EVEN, fromMain),
  "fan-out-even:1": fanOutOn(1, EVEN, fromMain),
  "fan-out-fine": fanOutOn(2, FINE, fromMain),
  "fan-out-fine:1": fanOutOn(1, FINE, fromMain),
  "fan-out-skewed": fanOutOn(2, SKEWED, fromMain),
  "fan-out-skewed:1": fanOutOn(1, SKEWED, fromMain),
  "fan-out-one-spawner": fanOutOn(2, SKEWED, fromWorker),
  "fan-out-one-spawner:1": fanOutOn(1, SKEWED, fromWorker),
  "block-on": { ...calls["block-on"], setup: start(2) },
  "block-on-text": { ...calls["block-on-text"], setup: start(2) },
};
