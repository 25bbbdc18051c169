// Portable functions for the tests of the multi-thread runtime, in a module without side effects: workers import it.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fn, JoinError, type JoinHandle, pending, type Suspend, sleep, spawn, yieldNow } from "toki";
import { generator } from "../support/loom/strategy.js";

/** Keeps the thread busy for about `steps` nanoseconds. */
function delay(steps: number): number {
  let sum = 0;
  for (let i = 0; i < steps; i++) sum = (sum * 31 + i) | 0;
  return sum;
}

export const double = fn(import.meta, function* double(n: number) {
  return n * 2;
});

export const echo = fn(import.meta, function* echo(value: any) {
  return value;
});

export const slowDouble = fn(import.meta, function* slowDouble(n: number, steps: number) {
  delay(steps);
  yield* yieldNow();
  delay(steps);
  return n * 2;
});

export const fail = fn(import.meta, function* fail(n: number): Generator<Suspend, number, unknown> {
  throw new RangeError(`task ${n} was to fail`);
});

export const nap = fn(import.meta, function* nap(n: number, ms: number) {
  yield* sleep(ms);
  return n * 2;
});

/** Never ends by itself; its cleanup takes a while. */
export const stuck = fn(import.meta, function* stuck(ms: number) {
  try {
    return (yield* pending()) as number;
  } finally {
    yield* sleep(ms);
  }
});

/** The number of tasks of a tree of `depth` levels, each with `width` children that it spawns and awaits. */
export const tree = fn(import.meta, function* treeNode(depth: number, width: number): Generator<
  Suspend,
  number,
  unknown
> {
  if (depth === 0) return 1;
  const children: JoinHandle<number>[] = [];
  for (let i = 0; i < width; i++) children.push(spawn(tree(depth - 1, width)));
  let sum = 1;
  for (const child of children) sum += yield* child;
  return sum;
});

/** Spawns children that it does not wait for, and ends. */
export const detach = fn(import.meta, function* detach(n: number, children: number) {
  for (let i = 0; i < children; i++) spawn(slowDouble(i, 100));
  return n * 2;
});

/** Spawns and aborts at random. */
export const fickle = fn(import.meta, function* fickle(seed: number, rounds: number) {
  const random = generator(seed);
  let settled = 0;
  for (let round = 0; round < rounds; round++) {
    const child = spawn(random(2) === 0 ? stuck(random(2)) : slowDouble(round, random(500)));
    if (random(2) === 0) yield* yieldNow();
    else delay(random(2000));
    child.abort();
    try {
      yield* child;
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
    }
    settled++;
  }
  return settled;
});

/** Ends its worker. */
export const quit = fn(import.meta, function* quit(code: number, later: boolean): Generator<Suspend, number, unknown> {
  if (later) yield* yieldNow();
  process.exit(code);
});

/** Ends its worker by an error that nobody catches. */
export const crash = fn(import.meta, function* crash(): Generator<Suspend, number, unknown> {
  setImmediate(() => {
    throw new Error("thrown in a callback");
  });
  return (yield* pending()) as number;
});

/** Ends its worker by using up its memory. */
export const hog = fn(import.meta, function* hog(): Generator<Suspend, number, unknown> {
  const kept: unknown[] = [];
  for (;;) {
    for (let i = 0; i < 1000; i++) kept.push({ i, text: `${i} of ${kept.length}` });
    // Tasks of its own, so that memory may run out in the scheduler as well.
    kept.push(spawn(slowDouble(kept.length, 10)));
    yield* yieldNow();
  }
});

/** The heap of its worker after a collection. */
export const heapOf = fn(import.meta, function* heapOf() {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
});
