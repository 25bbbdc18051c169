// From the first thread to the last: start, hooks, names, limits, and every way to shut down.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import * as timers from "node:timers/promises";
import * as workerThreads from "node:worker_threads";
import {
  DriverDisabledError,
  Handle,
  JoinError,
  type JoinHandle,
  pending,
  Runtime,
  RuntimeShutdownError,
  select,
  sleep,
  spawn,
  type TaskMeta,
} from "toki";
import { Notify } from "toki/shared";
import { answer } from "../shared/functions.js";
import {
  add,
  echo,
  fanOut,
  gated,
  lingers,
  occupies,
  skewed,
  sleeps,
  spawnFive,
  threadName,
  waits,
  where,
} from "./functions.js";
import { mark, reached, until } from "./signals.js";
import { arenaBytes, blocksInUse, cells, onThreads, threads, watched } from "./support.js";

const CAN_NAME = "threadName" in workerThreads;

const isCancelled = async (handle: JoinHandle<unknown>): Promise<boolean> => {
  try {
    await handle;
    return false;
  } catch (error) {
    return error instanceof JoinError && error.isCancelled();
  }
};

test("no thread before the first call for other threads; hooks match at the end (program 8)", async () => {
  let started = 0;
  let stopped = 0;
  const rt = new Runtime({
    flavor: "multiThread",
    workerThreads: 8,
    threadName: "office",
    threadStackSize: 2 << 20,
    onThreadStart: () => started++,
    onThreadStop: () => stopped++,
  });
  await rt.run(function* () {
    yield* spawn(function* () {
      yield* sleep(1);
    });
  });
  assert.equal(started, 1, "the thread that drives it");
  await rt.run(function* () {
    assert.equal(yield* spawn(add(1, 2)), 3);
    if (CAN_NAME) assert.equal(yield* spawn(threadName()), "office");
    else yield* spawn(add(1, 1));
  });
  assert.equal(started, 9);
  assert.equal(stopped, 0);
  await rt.shutdown();
  assert.equal(stopped, 9);
});

test("threadNameFn names each thread", async () => {
  let n = 0;
  const rt = new Runtime({ flavor: "multiThread", workerThreads: 1, threadNameFn: () => `number ${n++}` });
  assert.equal(await rt.spawn(threadName()), CAN_NAME ? "number 0" : undefined);
  await rt.shutdown();
  assert.equal(n, 1);
});

test("hooks run in the context of their runtime", async () => {
  const seen: unknown[] = [];
  const rt = new Runtime({
    flavor: "multiThread",
    name: "ours",
    workerThreads: 1,
    onThreadStart: () => seen.push(Handle.tryCurrent()?.name),
    onThreadStop: () => seen.push(Handle.tryCurrent()?.name),
  });
  await rt.spawn(add(1, 1));
  await rt.shutdown();
  assert(seen.filter((name) => name === "ours").length >= 2, String(seen));
});

test("a spawn hook that spawns: each outcome comes to its own handle", async () => {
  const nested: JoinHandle<number>[] = [];
  let isHook = false;
  await using rt = new Runtime({
    flavor: "multiThread",
    workerThreads: 1,
    onTaskSpawn: () => {
      if (isHook) return;
      isHook = true;
      nested.push(rt.spawn(add(1000, nested.length)));
      isHook = false;
    },
  });
  // More than were ever at a time in this process, so that all are in places of their own.
  const numbers = Array.from({ length: 500 }, (_, i) => i);
  const handles = numbers.map((i) => rt.spawn(add(i, 0)));
  assert.deepEqual(await Promise.all(handles), numbers);
  assert.deepEqual(
    await Promise.all(nested),
    numbers.map((i) => 1000 + i),
  );
});

for (const hook of ["onThreadStart", "onTaskSpawn"] as const)
  for (const how of ["shutdown", "shutdownBackground"] as const)
    test(`${how}() in ${hook}, in the middle of a spawn: the task is cancelled, and nothing is left`, async () => {
      let isOver = true;
      const rt = new Runtime({
        flavor: "multiThread",
        workerThreads: 1,
        [hook]: () => {
          if (isOver) return;
          isOver = true;
          void rt[how]();
        },
      });
      // The end of this one is the end of the runtime, for all that the hook can tell.
      const waiting = rt.spawn(pending());
      isOver = false;
      const handles: JoinHandle<unknown>[] = [waiting, rt.spawn(sleeps(60_000))];
      assert.deepEqual(await Promise.all(handles.map(isCancelled)), [true, true]);
      await rt.shutdown();
      assert.equal(rt.metrics().numAliveTasks, 0);
    });

test("hooks of tasks: the spawn and the end of a call that runs on a worker, but neither its polls nor what it spawns there", async () => {
  const seen: string[] = [];
  const note = (what: string) => (meta: TaskMeta) => void seen.push(`${what} ${meta.name}`);
  await using rt = new Runtime({
    flavor: "multiThread",
    workerThreads: 1,
    onTaskSpawn: note("spawn"),
    onTaskTerminate: note("end"),
    onBeforeTaskPoll: note("before"),
    onAfterTaskPoll: note("after"),
  });
  await rt.run(function* () {
    yield* spawn(spawnFive(cells()), { name: "five" });
    yield* spawn(function* () {}, { name: "here" });
  });
  assert.deepEqual(seen, ["spawn five", "end five", "spawn here", "before here", "end here", "after here"]);
});

test("two runtimes: each has its workers, and a handle of one spawns there from the other (programs 9, 73, 88)", async () => {
  const io = new Runtime({ flavor: "multiThread", workerThreads: 2, threadName: "io" });
  const cpu = new Runtime({ flavor: "multiThread", workerThreads: 1, threadName: "cpu", enableTime: false });
  const threadIds = await cpu.run(function* () {
    const own = yield* spawn(where());
    const other = yield* io.spawn(where());
    assert.throws(() => sleep(1), DriverDisabledError);
    const slept = yield* io.spawn(sleeps(1));
    assert(slept >= 0.5);
    let failed: unknown;
    try {
      yield* spawn(sleeps(1));
    } catch (error) {
      failed = (error as Error).cause;
    }
    assert.equal((failed as Error).name, "DriverDisabledError");
    return [own.thread, other.thread, (yield* spawn(where())).thread];
  });
  assert.notEqual(threadIds[0], threadIds[1]);
  assert.equal(threadIds[0], threadIds[2], "its one worker");
  await Promise.all([io.shutdown(), cpu.shutdown()]);
});

test("a runtime inside a library whose user does not know of it, used from tasks of the user's", async () => {
  const library = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  const crunch = (n: number) => library.spawn(fanOut(n, 2));
  const rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
  await rt.run(function* () {
    const handles = [crunch(2), crunch(3)];
    assert.equal((yield* handles[0]!) + (yield* handles[1]!) + (yield* spawn(add(1, 1))), 15);
  });
  await rt.shutdown();
  assert.equal(await crunch(4), 16);
  await library.shutdown();
});

for (const [name, options] of [
  ["a current-thread runtime", { flavor: "currentThread" }],
  ["another multi-thread runtime", { flavor: "multiThread", workerThreads: 1 }],
] as const) {
  test(`tasks of a runtime that nobody drives, joined by tasks of ${name}`, { timeout: 40_000 }, async () => {
    const there = new Runtime({ flavor: "multiThread", workerThreads: 1 });
    const here = new Runtime(options);
    const body = function* () {
      const words = cells();
      const handles = [there.spawn(add(1, 1)), there.spawn(sleeps(5)), there.spawn(gated(words, 1))];
      assert.equal(yield* handles[0]!, 2);
      assert((yield* handles[1]!) > 4);
      const { key } = yield* select({ gated: handles[2]!, tick: sleep(1) });
      assert.equal(key, "tick");
      Atomics.store(words, 1, 1);
      Atomics.notify(words, 1);
      assert.equal(yield* handles[2]!, 1);
      const local = there.spawn(function* () {
        yield* sleep(1);
        return yield* spawn(where());
      });
      assert.equal((yield* local).flavor, "multiThread");
    };
    await watched(here, here.run(body));
    await watched(
      here,
      Promise.resolve().then(() => here.blockOn(body)),
    );
    assert.equal(await there.spawn(add(2, 2)), 4);
    await Promise.all([here.shutdown(), there.shutdown()]);
  });
}

threads("nobody drives: a task that ended on a worker is finished here all the same", async ({ rt }) => {
  const handle = rt.spawn(add(1, 2));
  while (!handle.isFinished()) await timers.setImmediate();
  assert.equal(await handle, 3);
});

threads("shutdown: cleanup that awaits on workers is awaited", async ({ rt }) => {
  const words = cells();
  const handle = rt.spawn(lingers(words));
  await until(words, 0);
  let isOver = false;
  const over = rt.shutdown().then(() => {
    isOver = true;
  });
  await until(words, 1);
  assert(!isOver);
  mark(words, 2);
  await over;
  assert.equal(words[3], 1);
  assert(await isCancelled(handle));
});

threads("shutdown: tasks in every state, of every thread", async ({ rt }) => {
  const words = cells();
  const handles: JoinHandle<unknown>[] = [];
  for (let i = 0; i < 20; i++) handles.push(rt.spawn(waits(words)));
  await until(words, 0, 20);
  for (let i = 0; i < 2000; i++) handles.push(rt.spawn(add(i, i)));
  for (let i = 0; i < 20; i++) handles.push(rt.spawn(waits(words)));
  handles.push(rt.spawn(fanOut(4, 4)));
  handles.push(rt.spawn(echo("x".repeat(3 << 20))));
  await rt.shutdown();
  for (const handle of handles) assert(handle.isFinished());
  assert.equal(words[0], words[1]);
});

threads("shutdownTimeout: cleanup beyond it is cut short on workers", async ({ rt }) => {
  const words = cells();
  const handle = rt.spawn(lingers(words));
  await until(words, 0);
  await rt.shutdownTimeout(5);
  assert.equal(words[1], 1);
  assert.equal(words[3], 0);
  assert(await isCancelled(handle));
});

threads("shutdownTimeout: cleanup in time is left alone", async ({ rt }) => {
  const words = cells();
  rt.spawn(lingers(words));
  await until(words, 0);
  const over = rt.shutdownTimeout(60_000);
  await until(words, 1);
  mark(words, 2);
  await over;
  assert.equal(words[3], 1);
});

threads("shutdownBackground: does not wait, in a task either; synchronous cleanup still runs", async ({ rt }) => {
  const words = cells();
  const handle = rt.spawn(lingers(words));
  await until(words, 0);
  rt.shutdownBackground();
  await until(words, 1);
  assert(await isCancelled(handle));
});

threads("shutdownBackground while a worker is in synchronous code returns at once", async ({ rt }) => {
  const words = cells();
  const handle = rt.spawn(occupies(words));
  await until(words, 0);
  rt.shutdownBackground();
  assert(await isCancelled(handle));
  assert.equal(words[2], 0);
  mark(words, 1);
});

threads("after shutdown: spawn gives a cancelled handle, and no thread comes back", async ({ rt }) => {
  assert.equal(await rt.spawn(add(1, 2)), 3);
  await rt.shutdown();
  assert(await isCancelled(rt.spawn(add(1, 2))));
  assert(await isCancelled(rt.handle.spawn(gated(cells(), 1))));
});

test("shutdown before any thread was needed starts none", async () => {
  let started = 0;
  const rt = new Runtime({ flavor: "multiThread", workerThreads: 4, onThreadStart: () => started++ });
  await rt.shutdown();
  assert(await isCancelled(rt.spawn(add(1, 2))));
  assert(started <= 1);
});

test("shutdown while the workers have yet to start", async () => {
  for (let i = 0; i < 5; i++) {
    const before = blocksInUse();
    const rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
    const handles = Array.from({ length: 10 }, () => rt.spawn(add(1, 2)));
    await watched(rt, rt.shutdown());
    for (const handle of handles) assert(handle.isFinished());
    assert.equal(blocksInUse(), before);
  }
});

test("await using", async () => {
  const words = cells();
  {
    await using rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
    rt.spawn(waits(words));
    await until(words, 0);
  }
  assert.equal(words[1], 1);
});

test("shutdown of a runtime that nobody drove, when all workers have been quiet for long, keeps the process", async () => {
  const rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
  const words = cells();
  rt.spawn(waits(words));
  await until(words, 0);
  // Another one is driven: so it is asked now and then whether anything can still happen, and the process held no more once nothing can.
  const other = new Runtime({ flavor: "multiThread", workerThreads: 1 });
  const others = cells();
  const ends = assert.rejects(
    other.run(function* () {
      yield* spawn(waits(others));
    }),
    RuntimeShutdownError,
  );
  await until(others, 0);
  // Turns of the loop that no timer and no request keeps alive.
  const { port1, port2 } = new workerThreads.MessageChannel();
  while (process.getActiveResourcesInfo().includes("Timeout")) {
    port2.postMessage(0);
    await once(port1, "message");
  }
  port1.close();
  await rt.shutdown();
  assert.equal(words[1], 1);
  await other.shutdown();
  await ends;
});

test("a timer that wakes a worker when all have been quiet for long", async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
  using ask = new Notify();
  using reply = new Notify();
  const handle = rt.spawn(answer(ask, reply, 1));
  setTimeout(() => ask.notifyOne(), 1000);
  await handle;
});

test("a request whose end wakes a worker when all have been quiet for long", async () => {
  await using rt = new Runtime({ flavor: "multiThread", workerThreads: 2 });
  using ask = new Notify();
  using reply = new Notify();
  const answered = Promise.resolve(rt.spawn(answer(ask, reply, 1)));
  const end = performance.now() + 1000;
  // Nothing but the request itself keeps the loop.
  while (performance.now() < end) await stat(import.meta.dirname);
  ask.notifyOne();
  await answered;
});

threads("shutdown in parallel, and twice, resolves every time after the last thread", async ({ rt }) => {
  await rt.spawn(add(1, 1));
  await Promise.all([rt.shutdown(), rt.shutdown(), rt.shutdownTimeout(1000)]);
  await rt.shutdown();
});

onThreads("skewed load is evened out by stealing", function* () {
  const ran = cells();
  const { thread } = yield* spawn(where());
  assert.notEqual(thread, workerThreads.threadId);
  let rounds = 0;
  // Not in the first, perhaps: the other worker has to import the module, and on a machine that is busy the whole load is done by then.
  do yield* spawn(skewed(200, 1, ran));
  while (++rounds < 20 && Math.min(ran[0]!, ran[1]!) <= 10);
  assert.equal(ran[0]! + ran[1]!, 200 * rounds);
  assert(ran[0]! > 10 && ran[1]! > 10, `tasks run: ${ran[0]} and ${ran[1]}`);
});

test("50 runtimes in a row leave no thread and no memory behind", { timeout: 120_000 }, async () => {
  const blocks = blocksInUse();
  const threadsBefore = threadsOfProcess();
  let bytes = 0;
  let started = 0;
  let stopped = 0;
  for (let i = 0; i < 50; i++) {
    await using rt = new Runtime({
      flavor: "multiThread",
      workerThreads: 2,
      onThreadStart: () => started++,
      onThreadStop: () => stopped++,
    });
    assert.equal(await rt.spawn(add(i, 1)), i + 1);
    if (i === 5) bytes = arenaBytes();
  }
  assert.equal(blocksInUse(), blocks);
  assert.equal(arenaBytes(), bytes, "the shared memory has not grown");
  assert.deepEqual([started, stopped], [150, 150]);
  assert(threadsOfProcess() <= threadsBefore + 1, `${threadsOfProcess()} threads, before ${threadsBefore}`);
});

/** How many threads the system says there are, where it does. */
function threadsOfProcess(): number {
  return existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0;
}

threads("a worker's task that is joined by run() of a signal that was aborted", async ({ rt }) => {
  const words = cells();
  await assert.rejects(
    rt.run(
      function* () {
        yield* spawn(gated(words, 1));
      },
      { signal: AbortSignal.abort(new Error("before")) },
    ),
    /before/,
  );
  await rt.run(function* () {
    const handle = spawn(gated(words, 1));
    yield* reached(words, 0);
    mark(words, 1);
    yield* handle;
  });
});
