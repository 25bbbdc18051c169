import assert from "node:assert/strict";
import test from "node:test";
import { threadId } from "node:worker_threads";
import {
  Builder,
  blockInPlace,
  DeadlockError,
  fromPromise,
  Handle,
  Instant,
  JoinError,
  JoinSet,
  main,
  NotSendError,
  Runtime,
  select,
  sleep,
  spawn,
  spawnBlocking,
  ThreadEndedError,
} from "toki";
import { runProgram } from "../support/child.js";
import {
  add,
  crash,
  echo,
  echo2,
  exit,
  fail,
  forever,
  gate,
  returnsFunction,
  returnsPromise,
  stack,
  whichThread,
} from "./jobs.js";
import { begun, cells, open } from "./support.js";

async function failure(promise: PromiseLike<unknown>): Promise<JoinError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof JoinError, String(error));
    return error;
  }
  assert.fail("it should have failed");
}

/** Lets the event loop turn until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > limit) assert.fail("the condition never held");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("spawnBlocking gives the function's value, from another thread", async () => {
  await main(function* () {
    assert.equal(yield* spawnBlocking(add(1, 2)), 3);
    assert.notEqual(yield* spawnBlocking(whichThread()), threadId);
  });
});

test("spawnBlocking is there on Runtime, Handle and JoinSet, and the handle can be awaited as a promise", async () => {
  await using rt = new Runtime();
  assert.equal(await rt.spawnBlocking(add(1, 1)), 2);
  assert.equal(await rt.handle.spawnBlocking(add(2, 2)), 4);
  await rt.run(function* () {
    const set = new JoinSet<number>();
    set.spawnBlocking(add(3, 3));
    set.spawnBlocking(add(4, 4), { on: Handle.current() });
    assert.deepEqual((yield* set.joinAll()).sort(), [6, 8]);
  });
});

test("a job is queued at spawnBlocking, whether or not anything drives the runtime", async () => {
  await using rt = new Runtime();
  const cell = cells();
  const handle = rt.spawnBlocking(gate(cell));
  await begun(cell);
  open(cell);
  assert.equal(await handle, 1);
});

test("arguments are those of the moment of the call", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 1 });
  const cell = cells();
  const first = rt.spawnBlocking(gate(cell));
  const list = [1, 2, 3];
  const second = rt.spawnBlocking(echo(list));
  list.push(4);
  open(cell);
  await first;
  assert.deepEqual(await second, [1, 2, 3]);
});

test("an argument that only cloning refuses is named, whether the job waits or not", async () => {
  await main(function* () {
    for (const { isIdle } of [{ isIdle: false }, { isIdle: true }]) {
      if (isIdle) yield* spawnBlocking(add(1, 1));
      const { cause } = yield* fromPromise(() => failure(spawnBlocking(echo2(1, new Proxy({}, {})))));
      assert.ok(cause instanceof NotSendError);
      assert.match(cause.message, /^blocking echo2: argument 1 cannot be sent: .*could not be cloned/);
      assert.equal(cause.path, "argument 1");
    }
  });
});

test("so they are where a spawn hook takes the thread that was idle", async () => {
  let takes = false;
  const rt: Runtime = new Runtime({
    onTaskSpawn: () => {
      if (!takes) return;
      takes = false;
      rt.spawnBlocking(add(1, 1));
    },
  });
  await rt.run(function* () {
    yield* spawnBlocking(add(1, 1));
    const order = { of: "tea" };
    takes = true;
    const handle = spawnBlocking(echo(order));
    order.of = "coffee";
    assert.deepEqual(yield* handle, { of: "tea" });
  });
  await rt.shutdown();
});

test("a thread is used again", async () => {
  await using rt = new Runtime();
  const first = await rt.spawnBlocking(whichThread());
  assert.equal(await rt.spawnBlocking(whichThread()), first);
  assert.equal(rt.metrics().numBlockingThreads, 1);
  assert.equal(rt.metrics().numIdleBlockingThreads, 1);
});

test("maxBlockingThreads bounds the threads; further jobs wait, first in first out, and the metrics tell", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 3 });
  const cell = cells();
  const handles = Array.from({ length: 10 }, () => rt.spawnBlocking(gate(cell)));
  await begun(cell, 3);
  await until(() => rt.metrics().blockingQueueDepth === 7);
  assert.equal(rt.metrics().numBlockingThreads, 3);
  assert.equal(rt.metrics().numIdleBlockingThreads, 0);
  assert.equal(Atomics.load(cell, 0), 3);
  open(cell);
  await Promise.all(handles);
  assert.equal(rt.metrics().numBlockingThreads, 3);
  assert.equal(rt.metrics().blockingQueueDepth, 0);
});

test("with one thread jobs run in the order they were spawned", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 1 });
  const order: number[] = [];
  await rt.run(function* () {
    const set = new JoinSet<number>();
    for (let i = 0; i < 20; i++) set.spawnBlocking(add(i, 0));
    for (let left = 20; left > 0; left--) {
      const result = yield* set.joinNext();
      if (result?.ok) order.push(result.value);
    }
  });
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test("idle threads end after threadKeepAlive, and the metrics shrink", async () => {
  const events: string[] = [];
  await using rt = new Runtime({ threadKeepAlive: 1, onThreadStop: () => events.push("stop") });
  await rt.spawnBlocking(add(1, 1));
  await until(() => rt.metrics().numBlockingThreads === 0);
  assert.deepEqual(events, ["stop"]);
  assert.equal(await rt.spawnBlocking(add(1, 1)), 2);
});

test("abort cancels a job that has not started, which then never runs", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 1 });
  const [cell, other] = [cells(), cells()];
  const first = rt.spawnBlocking(gate(cell));
  const second = rt.spawnBlocking(gate(other));
  await begun(cell);
  second.abort();
  assert.equal((await failure(second)).isCancelled(), true);
  assert.equal(rt.metrics().blockingQueueDepth, 0);
  open(cell);
  await first;
  await rt.spawnBlocking(add(0, 0));
  assert.equal(Atomics.load(other, 0), 0);
});

test("abort does nothing to a job that has started: the value arrives", async () => {
  await using rt = new Runtime();
  const cell = cells();
  const handle = rt.spawnBlocking(gate(cell));
  await begun(cell);
  handle.abort();
  handle.abort();
  assert.equal(handle.isFinished(), false);
  open(cell);
  assert.equal(await handle, 1);
});

test("abort with terminate ends the thread of a job that has started; the pool goes on", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 1 });
  const cell = cells();
  const handle = rt.spawnBlocking(forever(cell));
  const next = rt.spawnBlocking(add(20, 22));
  await begun(cell);
  handle.abort({ terminate: true });
  assert.equal((await failure(handle)).isCancelled(), true);
  assert.equal(await next, 42);
});

test("what the function throws arrives as the cause, with class name, message, stack, cause and properties", async () => {
  await using rt = new Runtime();
  const error = await failure(rt.spawnBlocking(fail("class")));
  assert.equal(error.isPanic(), true);
  const cause = error.cause as RangeError & { limit: number; details: unknown };
  assert.ok(cause instanceof Error);
  assert.equal(cause.name, "QuotaError");
  assert.equal(cause.message, "too much");
  assert.match(cause.stack ?? "", /jobs\.js/);
  assert.equal(cause.limit, 5);
  assert.deepEqual(cause.details, { used: 7 });
  assert.equal("callback" in cause, false);
  assert.ok(cause.cause instanceof TypeError);
  assert.equal((cause.cause as Error).cause, "root");
  assert.ok((await failure(rt.spawnBlocking(fail("type")))).cause instanceof TypeError);
  assert.equal((await failure(rt.spawnBlocking(fail("string")))).cause, "a plain string");
  assert.equal((await failure(rt.spawnBlocking(fail("symbol")))).cause, "Symbol(odd)");
});

test("a result that cannot be sent fails the job with its path", async () => {
  await using rt = new Runtime();
  assert.match(
    String((await failure(rt.spawnBlocking(returnsFunction()))).cause),
    /blocking returnsFunction: the result\.nested\[0\] is the function/,
  );
  assert.match(String((await failure(rt.spawnBlocking(returnsPromise()))).cause), /must return its result/);
});

test("process.exit in a job ends its thread only", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 1 });
  const error = await failure(rt.spawnBlocking(exit(3)));
  assert.ok(error.cause instanceof ThreadEndedError);
  assert.equal(error.cause.exitCode, 3);
  assert.match(error.cause.message, /blocking exit: .*process\.exit\(3\)/);
  assert.equal(await rt.spawnBlocking(add(1, 1)), 2);
});

test("an uncaught error on a thread does not hurt the pool", async () => {
  await using rt = new Runtime({ maxBlockingThreads: 1 });
  await rt.spawnBlocking(crash()).then(
    () => {},
    () => {},
  );
  assert.equal(await rt.spawnBlocking(add(1, 1)).then(undefined, () => rt.spawnBlocking(add(1, 1))), 2);
});

test("shutdown cancels queued jobs and waits for those that have started", async () => {
  const counts = { start: 0, stop: 0 };
  const rt = new Runtime({
    maxBlockingThreads: 1,
    onThreadStart: () => counts.start++,
    onThreadStop: () => counts.stop++,
  });
  const cell = cells();
  let started: number | undefined;
  rt.spawnBlocking(gate(cell)).then((value) => (started = value));
  const queued = rt.spawnBlocking(gate(cell));
  await begun(cell);
  let over = false;
  const shutdown = rt.shutdown().then(() => (over = true));
  assert.equal((await failure(queued)).isCancelled(), true);
  assert.equal(over, false);
  open(cell);
  await shutdown;
  assert.equal(started, 1);
  assert.equal(Atomics.load(cell, 0), 1);
  assert.deepEqual(counts, { start: 2, stop: 2 });
  assert.equal(rt.metrics().numBlockingThreads, 0);
});

test("shutdowns at the same time all resolve", async () => {
  const rt = new Runtime();
  assert.equal(await rt.spawnBlocking(add(1, 2)), 3);
  await Promise.all([rt.shutdown(), rt.shutdownTimeout(60_000), rt.shutdown()]);
});

test("after shutdown spawnBlocking gives a cancelled handle", async () => {
  const rt = new Runtime();
  await rt.shutdown();
  assert.equal((await failure(rt.spawnBlocking(add(1, 1)))).isCancelled(), true);
  assert.equal((await failure(rt.handle.spawnBlocking(add(1, 1)))).isCancelled(), true);
});

for (const how of ["shutdownTimeout", "shutdownBackground"] as const) {
  test(`${how} lets go of jobs that have started; their threads end after them`, async () => {
    const rt = new Runtime();
    const cell = cells();
    const handle = rt.spawnBlocking(gate(cell));
    await begun(cell);
    if (how === "shutdownTimeout") await rt.shutdownTimeout(1);
    else rt.shutdownBackground();
    assert.equal((await failure(handle)).isCancelled(), true);
    assert.equal(Atomics.load(cell, 2), 0);
    open(cell);
    await until(() => rt.metrics().numBlockingThreads === 0);
    assert.equal(Atomics.load(cell, 2), 1);
  });
}

test("a paused clock stands still while a job is outstanding", async () => {
  await using rt = new Runtime({ startPaused: true });
  const cell = cells();
  await rt.run(function* () {
    const before = Instant.now();
    const timer = spawn(sleep(1000));
    const job = spawnBlocking(gate(cell));
    yield* fromPromise(() => begun(cell));
    yield* fromPromise(() => new Promise((resolve) => setTimeout(resolve, 20)));
    assert.equal(timer.isFinished(), false);
    assert.equal(before.elapsed(), 0);
    open(cell);
    yield* job;
    assert.equal(before.elapsed(), 0);
    yield* timer;
    assert.equal(before.elapsed(), 1000);
  });
});

test("blockOn awaits blocking jobs, although the event loop has no turn", () => {
  const rt = new Runtime();
  const sum = rt.blockOn(function* () {
    const a = spawnBlocking(add(1, 2));
    const b = spawnBlocking(add(3, 4));
    const slow = yield* select({ job: a, sleep: sleep(60_000) });
    assert.equal(slow.key, "job");
    yield* sleep(1);
    return slow.value! + (yield* b);
  });
  assert.equal(sum, 10);
  rt.shutdownBackground();
});

test("in blockOn a job that fails, exits, runs out of memory or is terminated settles", async () => {
  const ended = await runProgram("./programs/block-on.js", import.meta.url, { nodeArgs: ["--max-old-space-size=64"] });
  assert.equal(ended.stderr, "");
  assert.equal(
    ended.stdout,
    `TypeError: wrong type
ThreadEndedError: blocking exit: its thread ended before the function returned: process.exit(5) was called
ThreadEndedError: blocking exhaust: its thread ended before the function returned: out of memory or stopped
cancelled
`,
  );
});

test("run sees a job run out of memory; the pool goes on", async () => {
  const ended = await runProgram("./programs/out-of-memory.js", import.meta.url, {
    nodeArgs: ["--max-old-space-size=64"],
  });
  assert.equal(ended.stderr, "");
  assert.match(ended.stdout, /^ThreadEndedError ERR_WORKER_OUT_OF_MEMORY\n3\n$/);
});

test("an idle pool does not keep the process alive; a job that is awaited does", async () => {
  const ended = await runProgram("./programs/exits.js", import.meta.url);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "3\n", ""]);
});

test("blockOn with nothing but a future that nobody wakes is a deadlock still", () => {
  const rt = new Runtime();
  rt.blockOn(function* () {
    yield* spawnBlocking(add(1, 1));
  });
  assert.throws(
    () =>
      rt.blockOn(function* () {
        yield* fromPromise(() => new Promise(() => {}));
      }),
    DeadlockError,
  );
  rt.shutdownBackground();
});

test("threads have the name they were given, and threadNameFn is called once for each", async () => {
  let made = 0;
  await using rt = Builder.currentThread()
    .enableAll()
    .threadName("ignored")
    .threadNameFn(() => `pool-${++made}`)
    .threadStackSize(8 * 2 ** 20)
    .threadKeepAlive({ seconds: 5 })
    .maxBlockingThreads(2)
    .build();
  const cell = cells();
  const handles = [rt.spawnBlocking(gate(cell)), rt.spawnBlocking(gate(cell))];
  await begun(cell, 2);
  await until(() => rt.metrics().blockingQueueDepth === 0);
  assert.match(String(rt.dump()), /blocking gate \(on pool-1\)/);
  assert.match(String(rt.dump()), /blocking gate \(on pool-2\)/);
  open(cell);
  await Promise.all(handles);
  assert.equal(made, 2);
});

test("blockInPlace throws on the current-thread runtime, and runs outside of one", async () => {
  assert.equal(
    blockInPlace(() => 1),
    1,
  );
  await main(
    function* () {
      assert.throws(() => blockInPlace(() => 1), /can call blocking only when running on the multi-threaded runtime/);
    },
    { flavor: "currentThread" },
  );
});

test("threadStackSize gives threads a deeper stack", async () => {
  const DEPTH = 200_000;
  await using small = new Runtime();
  assert.ok((await failure(small.spawnBlocking(stack(DEPTH)))).cause instanceof RangeError);
  await using large = new Runtime({ threadStackSize: 128 * 2 ** 20 });
  assert.equal(await large.spawnBlocking(stack(DEPTH)), DEPTH);
});

test("a module that starts work of its own as a thread imports it fails the job, and starts no more threads", async () => {
  const ended = await runProgram("./programs/starts-work.js", import.meta.url);
  assert.equal(ended.stderr, "");
  assert.match(
    ended.stdout,
    /^on the main thread: 3\nTOKI_MODULE_RUNS_ON_WORKER spawnBlocking: .*starts-work\.js starts work/,
  );
});

test("many runtimes with a pool each, made and disposed, leave no thread", async () => {
  for (let i = 0; i < 10; i++) {
    const counts = { start: 0, stop: 0 };
    const rt = new Runtime({ onThreadStart: () => counts.start++, onThreadStop: () => counts.stop++ });
    assert.equal(await rt.spawnBlocking(add(i, 1)), i + 1);
    await rt.shutdown();
    assert.equal(counts.start, counts.stop);
    assert.equal(rt.metrics().numBlockingThreads, 0);
  }
});

test("options of the pool are checked", () => {
  for (const [key, value] of [
    ["maxBlockingThreads", 0],
    ["threadKeepAlive", -1],
    ["threadName", ""],
    ["threadNameFn", "name"],
    ["threadStackSize", 0],
  ] as const) {
    assert.throws(() => new Runtime({ [key]: value } as never), new RegExp(`Runtime: ${key} must be`));
  }
  assert.throws(
    () => Builder.currentThread().maxBlockingThreads(0),
    /Builder.maxBlockingThreads: maxBlockingThreads must be/,
  );
});
