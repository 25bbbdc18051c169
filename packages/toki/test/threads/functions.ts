// What the tests of this folder run on other threads. No side effects: workers import it.
import { once } from "node:events";
import { inspect } from "node:util";
import * as workerThreads from "node:worker_threads";
import { MessageChannel, type MessagePort, threadId } from "node:worker_threads";
import {
  fn,
  fromPromise,
  Handle,
  JoinSet,
  join,
  move,
  pending,
  scope,
  select,
  shield,
  sleep,
  spawn,
  spawnLocal,
  taskId,
  taskLocal,
  workerIndex,
  yieldNow,
} from "toki";
import { block, count, mark, reached } from "./signals.js";

export const add = fn(import.meta, function* add(a: number, b: number) {
  return a + b;
});

export const addLater = fn(import.meta, function* addLater(a: number, b: number) {
  yield* yieldNow();
  return a + b;
});

export const echo = fn(import.meta, function* echo(value: any) {
  return value;
});

export const where = fn(import.meta, function* where() {
  yield* yieldNow();
  return { thread: threadId, worker: workerIndex(), task: taskId(), flavor: Handle.current().flavor };
});

const fibonacci = fn(import.meta, function* fib(n: number): Generator<any, number, any> {
  if (n < 2) return n;
  const [a, b] = yield* join(spawn(fibonacci(n - 1)), spawn(fibonacci(n - 2)));
  return a + b;
});

export { fibonacci };

/** Spawns on whatever worker runs it; the children run anywhere. */
const fanOut = fn(import.meta, function* spread(width: number, depth: number): Generator<any, number, any> {
  if (depth === 0) return 1;
  const children = Array.from({ length: width }, () => spawn(fanOut(width, depth - 1)));
  let sum = 0;
  for (const child of children) sum += yield* child;
  return sum;
});

export { fanOut };

/** Appends to a log that threads share: word 0 is the length. */
const record = fn(import.meta, function* record(log: Int32Array, value: number) {
  log[1 + count(log, 0)] = value;
});

/** Spawns five tasks that log their numbers, and waits for them. */
export const spawnFive = fn(import.meta, function* spawnFive(log: Int32Array) {
  const handles = [0, 1, 2, 3, 4].map((n) => spawn(record(log, n)));
  for (const handle of handles) yield* handle;
});

export { record };

/** Marks 0 when it has started; cleanup marks 1 at its begin, waits for 2, and marks 3. */
export const lingers = fn(import.meta, function* lingers(words: Int32Array) {
  try {
    mark(words, 0);
    yield* pending();
  } finally {
    mark(words, 1);
    yield* reached(words, 2);
    mark(words, 3);
  }
});

/** Counts 0 when it has started and 1 in its cleanup. */
export const waits = fn(import.meta, function* waits(words: Int32Array) {
  try {
    count(words, 0);
    yield* pending();
  } finally {
    yield* yieldNow();
    count(words, 1);
  }
});

/** Counts 0, waits for 1, gives a value. */
export const gated = fn(import.meta, function* gated(words: Int32Array, value: number) {
  count(words, 0);
  yield* reached(words, 1);
  return value;
});

/** Holds its thread: marks 0 and blocks until 1; then waits for ever, with cleanup that marks 2. */
export const occupies = fn(import.meta, function* occupies(words: Int32Array) {
  try {
    mark(words, 0);
    block(words, 1);
    yield* pending();
  } finally {
    mark(words, 2);
  }
});

/** Holds its thread until 1 is set; counts 0 when it does. */
export const holds = fn(import.meta, function* holds(words: Int32Array) {
  count(words, 0);
  block(words, 1);
  return threadId;
});

/** A shield that marks 0, waits for 1 and marks 2; then waits for ever, with cleanup that marks 3. */
export const shielded = fn(import.meta, function* shielded(words: Int32Array) {
  try {
    yield* shield(function* () {
      mark(words, 0);
      yield* reached(words, 1);
      mark(words, 2);
    });
    yield* pending();
  } finally {
    mark(words, 3);
  }
});

/** Spawns `waits` and returns at once: the child is detached, on whatever worker. */
export const detaches = fn(import.meta, function* detaches(words: Int32Array) {
  spawn(waits(words));
  spawnLocal(waits(words));
  yield* reached(words, 0, 2);
});

const key = taskLocal<number>();

export const readsLocal = fn(import.meta, function* readsLocal() {
  const before = key.tryGet();
  const inside = yield* key.scope(5, function* () {
    const child = yield* spawn(readsLocalPlain());
    return { own: key.get(), child };
  });
  return { before, ...inside };
});

const readsLocalPlain = fn(import.meta, function* readsLocalPlain() {
  yield* yieldNow();
  return key.tryGet() ?? "unset";
});

export { key };

export const sleeps = fn(import.meta, function* sleeps(ms: number) {
  const start = performance.now();
  yield* sleep(ms);
  return performance.now() - start;
});

export const movesBack = fn(import.meta, function* movesBack(bytes: Uint8Array) {
  bytes[0] = 9;
  return move(bytes);
});

export const fills = fn(import.meta, function* fills(length: number) {
  return { text: "x".repeat(length), bytes: new Uint8Array(length).fill(7) };
});

/** Skewed load: `ms` of work. Counts the worker that did it. */
export const burns = fn(import.meta, function* burns(ms: number, ran: Int32Array) {
  const end = performance.now() + ms;
  while (performance.now() < end);
  count(ran, workerIndex() as number);
});

/** Spawns all of the load from one worker. */
export const skewed = fn(import.meta, function* skewed(tasks: number, ms: number, ran: Int32Array) {
  const handles = Array.from({ length: tasks }, () => spawn(burns(ms, ran)));
  for (const handle of handles) yield* handle;
});

export const usesHandle = fn(import.meta, function* usesHandle() {
  const handle = Handle.current();
  const sum = yield* handle.spawn(add(3, 4));
  const local = yield* handle.spawn(function* () {
    yield* yieldNow();
    return threadId;
  });
  return { sum, local, own: threadId };
});

/** The ids of tasks spawned on a worker. */
export const nestedHandles = fn(import.meta, function* nestedHandles(tasks: number) {
  const handles = Array.from({ length: tasks }, (_, i) => spawn(add(i, i)));
  for (const handle of handles) yield* handle;
  return handles.map(({ id }) => id);
});

class Refused extends RangeError {
  override readonly name = "Refused";
  readonly code = "E_REFUSED";
  readonly detail = { reason: "too much" };
}

/** What a task throws, by name. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  error: () => new Error("plain"),
  type: () => new TypeError("of a type"),
  own: () => new Refused("by a class", { cause: new Error("the cause", { cause: "its cause" }) }),
  aggregate: () => new AggregateError([new TypeError("first"), "second"], "several"),
  string: () => "a string",
  object: () => ({ reason: "an object" }),
  undefined: () => undefined,
  function: () => function thrown() {},
  symbol: () => Symbol("thrown"),
  dom: () => new DOMException("aborted", "AbortError"),
};

export const fails = fn(import.meta, function* fails(kind: string) {
  yield* yieldNow();
  throw THROWN[kind]?.();
});

export const failsAtOnce = fn(import.meta, function* failsAtOnce() {
  throw new RangeError("at once");
});

/** Spawns a task that fails, and does not wait for it. Returns its id. */
export const leavesFailure = fn(import.meta, function* leavesFailure() {
  const handle = spawn(fails("type"), { name: "left alone" });
  while (!handle.isFinished()) yield* yieldNow();
  return handle.id;
});

/** Fails with what a child on some worker threw. */
export const failsBelow = fn(import.meta, function* failsBelow(kind: string) {
  yield* spawn(fails(kind));
});

export const failsInCleanup = fn(import.meta, function* failsInCleanup(words: Int32Array) {
  try {
    mark(words, 0);
    yield* pending();
  } finally {
    throw new Error("cleanup failed");
  }
});

const RESULTS: Readonly<Record<string, () => unknown>> = {
  function: () => ({ deep: [1, { callback: () => 1 }] }),
  symbol: () => Symbol("result"),
  promise: () => Promise.resolve(1),
  instance: () => new Refused("as a value"),
  number: () => 1.5,
};

export const gives = fn(import.meta, function* gives(kind: string): Generator<any, any, any> {
  yield* yieldNow();
  return RESULTS[kind]?.();
});

/** Catches and swallows everything it can; ends with "swallowed" if a cancellation could be caught. */
export const swallows = fn(import.meta, function* swallows(words: Int32Array) {
  for (;;) {
    try {
      mark(words, 0);
      yield* pending();
    } catch {
      mark(words, 1);
      return "swallowed";
    } finally {
      mark(words, 2);
    }
  }
});

/** As `lingers`, some calls down. */
export const lingersBelow = fn(import.meta, function* lingersBelow(words: Int32Array) {
  try {
    yield* lingers(words);
  } finally {
    mark(words, 4);
  }
});

/** Marks 0 and aborts itself through its own handle's twin: a child of this worker does it. */
export const ends = fn(import.meta, function* ends(words: Int32Array) {
  mark(words, 0);
  yield* reached(words, 1);
  return "ended";
});

/** Fails once 1 is set; counts 0 when it has begun. */
export const failsWhenTold = fn(import.meta, function* failsWhenTold(words: Int32Array, message: string) {
  count(words, 0);
  yield* reached(words, 1);
  throw new Error(message);
});

/** Selects, times out and scopes over tasks that may run on any worker; on the worker it runs on. */
export const combines = fn(import.meta, function* combines(words: Int32Array) {
  const winner = yield* select({ slow: spawn(waits(words)), fast: spawn(add(1, 1)) });
  const late = yield* scope(function* (s) {
    s.spawn(addLater(1, 2));
    return yield* s.spawn(addLater(3, 4));
  });
  const set = new JoinSet<number>();
  for (let i = 0; i < 5; i++) set.spawn(addLater(i, i));
  const all = yield* set.joinAll();
  return [winner.key, late, all.sort((a, b) => a - b)];
});

/** Gives the stage a message port is at: what it received, and answers. */
export const answers = fn(import.meta, function* answers(port: MessagePort) {
  const [message] = (yield* fromPromise(() => once(port, "message"))) as [string];
  port.postMessage(`got ${message}`);
  port.close();
  return "answered";
});

export const portMaker = fn(import.meta, function* portMaker() {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (message) => {
    port1.postMessage(`echo ${message}`);
    port1.close();
  });
  return move(port2);
});

/** What the worker sees of its arguments. */
export const inspects = fn(import.meta, function* inspects(value: any) {
  return inspect(value, { depth: 8, breakLength: 1000, compact: 8 });
});

/** The name of its thread, where the platform can say. */
export const threadName = fn(import.meta, function* threadName() {
  return (workerThreads as { readonly threadName?: string }).threadName;
});

export const blocksInside = fn(import.meta, function* blocksInside() {
  return Handle.current().blockOn(add(1, 1));
});
