// Programs about the multi-thread runtime: its threads, their hooks and limits, stealing, and several runtimes at once.
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import test from "node:test";
import {
  Builder,
  fn,
  Handle,
  type JoinError,
  main,
  NoRuntimeError,
  pending,
  Runtime,
  sleep,
  spawn,
  spawnBlocking,
} from "toki";
import { gate } from "../blocking/jobs.js";
import { begun, cells, open } from "../blocking/support.js";
import {
  add,
  BEGUN,
  backInAsyncLand,
  currentHandle,
  dbTask,
  fanOut,
  listen,
  useTimer,
  whereAmI,
  work,
} from "./threads-functions.js";

/** Real jobs at once in program 58, whose article has 1,000: as many threads take too long for every run. */
const BLOCKING_CAP = Number(process.env.TOKI_BLOCKING_JOBS ?? 40);
const timeout = 60_000;

test("program 5: four workers in the metrics; without a number, one for each core", { timeout }, async () => {
  await main(
    function* () {
      assert.equal(Handle.current().metrics().numWorkers, 4);
      assert.equal((yield* spawn(whereAmI())).isMainThread, false);
    },
    { flavor: "multiThread", workerThreads: 4 },
  );
  const { TOKIO_WORKER_THREADS: wanted } = process.env;
  const workers = wanted === undefined || wanted === "" ? availableParallelism() : Number(wanted);
  await main(function* () {
    assert.equal(Handle.current().flavor, "multiThread");
    assert.equal(Handle.current().metrics().numWorkers, workers);
  });
});

test("programs 8, 97: a Worker online for each of 8, as many going home", { timeout }, async () => {
  const log: string[] = [];
  let names = 0;
  const rt = Builder.multiThread()
    .workerThreads(8)
    .threadNameFn(() => `my-custom-worker-${++names}`)
    .threadStackSize(3 * 2 ** 20)
    .onThreadStart(() => log.push("Worker online"))
    .onThreadStop(() => log.push("Worker going home"))
    .enableAll()
    .build();
  await rt.run(function* () {
    assert.equal(names, 0, "no thread before it is needed");
    const before = log.length; // the thread that made the runtime may count
    assert.equal(yield* spawn(work()), "Work done");
    assert.deepEqual(log.slice(before), new Array(8).fill("Worker online"));
    assert.equal(names, 8);
  });
  await rt.shutdown();
  const count = (line: string) => log.filter((entry) => entry === line).length;
  assert.equal(count("Worker going home"), count("Worker online"));
  assert.equal(log.at(-1), "Worker going home");
});

test("program 9: what cpu spawns on io runs there, and cpu has no timers, on its workers either", {
  timeout,
}, async () => {
  const io = Builder.multiThread().workerThreads(3).name("io").enableAll().build();
  const cpu = Builder.multiThread().workerThreads(2).name("cpu").build();
  const { there, elsewhere, here, timer, onIo } = await cpu.run(function* () {
    return {
      there: yield* io.spawn(whereAmI()),
      elsewhere: yield* io.spawn(work()),
      here: yield* spawn(whereAmI()),
      timer: yield* spawn(useTimer()),
      onIo: yield* io.spawn(useTimer()),
    };
  });
  assert.equal(there.runtime, "io");
  assert.equal(there.isMainThread, false);
  assert.equal(elsewhere, "Work done");
  assert.equal(here.runtime, "cpu");
  assert.equal(timer, "DriverDisabledError");
  assert.equal(onIo, undefined);
  await cpu.shutdown();
  await io.shutdown();
});

test("program 14: an idle worker takes over tasks of a loaded one, more than one at a time", { timeout }, async () => {
  const TASKS = 20;
  await using rt = new Runtime({ workerThreads: 2 });
  const { spawnedOn, ranOn } = await rt.run(function* () {
    // Each holds its worker until one of them has run on the other: without a theft, nobody gets on.
    return yield* spawn(fanOut(cells(), TASKS));
  });
  const metrics = rt.metrics();
  const thief = 1 - spawnedOn;
  assert.equal(ranOn.length, TASKS);
  assert.ok(ranOn.includes(thief));
  assert.ok(metrics.workerStealOperations(thief) >= 1);
  // Half of what was in the queue at the first theft.
  assert.ok(metrics.workerStealCount(thief) >= TASKS / 4, `${metrics.workerStealCount(thief)} stolen`);
});

test("programs 15, 41: a pool by default, from the builder, and a single thread run the same body", {
  timeout,
}, async () => {
  const body = fn(function* body() {
    const { isMainThread } = yield* spawn(whereAmI());
    return [Handle.current().flavor, isMainThread, yield* spawn(work())];
  });
  const runtimes: [Runtime, unknown[]][] = [
    [new Runtime(), ["multiThread", false, "Work done"]],
    [Builder.multiThread().workerThreads(4).enableAll().build(), ["multiThread", false, "Work done"]],
    [Builder.currentThread().enableAll().build(), ["currentThread", true, "Work done"]],
  ];
  for (const [rt, expected] of runtimes) {
    assert.deepEqual(await rt.run(body()), expected);
    await rt.shutdown();
  }
  assert.equal(await main(work(), { workerThreads: 2 }), "Work done");
});

test("program 16: four named workers; blockOn gives the value, what is left is cancelled", { timeout }, async () => {
  const names: string[] = [];
  const rt = Builder.multiThread()
    .workerThreads(4)
    .threadNameFn(() => {
      names.push(`my-worker-${names.length}`);
      return names.at(-1) as string;
    })
    .enableAll()
    .build();
  let cancelled = false;
  rt.spawn(function* () {
    try {
      yield* pending();
    } finally {
      cancelled = true;
    }
  });
  assert.equal(rt.blockOn(rt.spawn(work())), "Work done");
  assert.deepEqual(names, ["my-worker-0", "my-worker-1", "my-worker-2", "my-worker-3"]);
  assert.equal(cancelled, false);
  await rt.shutdown();
  assert.equal(cancelled, true);
});

test("program 20: a blocking thread has no handle, and says what to do; a runtime of its own takes it back to async land", {
  timeout,
}, async () => {
  await main(function* () {
    try {
      yield* spawnBlocking(currentHandle());
      assert.fail("there is a handle");
    } catch (error) {
      const { cause } = error as JoinError;
      assert.equal((cause as Error).name, NoRuntimeError.name);
      assert.match(
        (cause as Error).message,
        /^Handle\.current: a thread of the blocking pool has no runtime.*Return.*toki\/shared/,
      );
    }
    assert.equal(yield* spawnBlocking(backInAsyncLand()), "Back in async land from blocking thread");
  });
});

test("programs 25, 35, 92: production settings", { timeout }, async () => {
  const runtimes = [
    Builder.multiThread().workerThreads(availableParallelism()).maxBlockingThreads(512).enableAll(),
    Builder.multiThread().workerThreads(4).maxBlockingThreads(64).threadName("my-app").enableAll(),
    Builder.multiThread()
      .workerThreads(4)
      .maxBlockingThreads(512)
      .threadKeepAlive({ seconds: 60 })
      .threadStackSize(2 * 2 ** 20)
      .enableAll(),
    Builder.currentThread().enableAll(),
  ].map((builder) => builder.build());
  assert.deepEqual(
    runtimes.map((rt) => rt.metrics().numWorkers),
    [availableParallelism(), 4, 4, 1],
  );
  for (const rt of runtimes) {
    assert.equal(
      await rt.run(function* () {
        return yield* spawn(work());
      }),
      "Work done",
    );
    await rt.shutdown();
  }
});

test("program 46: a task is suspended, another worker does something for it, and its state is intact", {
  timeout,
}, async () => {
  await main(
    function* () {
      const handles = [1, 2, 3, 4].map((id) => spawn(dbTask(id)));
      for (const [i, handle] of handles.entries()) {
        assert.deepEqual(yield* handle, {
          row: { id: i + 1, name: `user ${i + 1}` },
          at: [1, 2, 3],
          isSameThread: true, // a task that has started stays on its thread: Tokio's may move
        });
      }
    },
    { workerThreads: 2 },
  );
});

test(`program 58: ${BLOCKING_CAP} blocking jobs at once, the others wait`, { timeout: 5 * timeout }, async () => {
  const EXTRA = 5;
  await using rt = new Runtime({ maxBlockingThreads: BLOCKING_CAP });
  const metrics = rt.metrics();
  const cell = cells();
  const handles = Array.from({ length: BLOCKING_CAP + EXTRA }, () => rt.spawnBlocking(gate(cell)));
  await begun(cell, BLOCKING_CAP);
  assert.equal(metrics.numBlockingThreads, BLOCKING_CAP);
  assert.equal(metrics.numIdleBlockingThreads, 0);
  assert.equal(metrics.blockingQueueDepth, EXTRA);
  open(cell);
  await Promise.all(handles);
  assert.equal(metrics.numBlockingThreads, BLOCKING_CAP);
  assert.equal(metrics.blockingQueueDepth, 0);
});

test("program 73: http with 8 workers and no sockets, trading with 2 and timers: independent", {
  timeout,
}, async () => {
  const http = Builder.multiThread().workerThreads(8).name("http").build();
  const trading = Builder.multiThread().workerThreads(2).name("trading").enableTime().build();
  const enabled = Builder.multiThread().workerThreads(2).enableIo().build();
  const body = fn(function* body() {
    return [yield* spawn(listen()), yield* spawn(useTimer())];
  });
  const slow = trading.run(function* () {
    yield* sleep(5);
    return (yield* spawn(whereAmI())).runtime;
  });
  assert.deepEqual(await http.run(body()), ["DriverDisabledError", "DriverDisabledError"]);
  await http.shutdown();
  assert.deepEqual(await trading.run(body()), ["DriverDisabledError", undefined]);
  assert.equal(await slow, "trading");
  assert.deepEqual(await enabled.run(body()), [undefined, "DriverDisabledError"]);
  await trading.shutdown();
  await enabled.shutdown();
});

test("program 82: two workers with timers alone", { timeout }, async () => {
  const rt = Builder.multiThread().workerThreads(2).enableTime().threadName("low-latency").build();
  const places = await rt.run(function* () {
    const handles = Array.from({ length: 8 }, () => spawn(whereAmI()));
    const workers = new Set<number | undefined>();
    for (const handle of handles) workers.add((yield* handle).worker);
    return [...workers];
  });
  // Nobody can choose: any of the two, or both.
  assert.ok(places.every((worker) => worker === 0 || worker === 1));
  await rt.shutdown();
});

test("program 94: half of a full queue goes to the global one; all of it runs", { timeout }, async () => {
  const TASKS = 1000; // a queue has 256 places
  await using rt = new Runtime({ workerThreads: 2 });
  const cell = cells();
  const { ranOn, spawnedOn } = await rt.run(function* () {
    return yield* spawn(fanOut(cell, TASKS));
  });
  assert.equal(Atomics.load(cell, BEGUN), TASKS);
  assert.equal(ranOn.length, TASKS);
  assert.ok(rt.metrics().workerOverflowCount(spawnedOn) >= 1);
  assert.equal(rt.metrics().globalQueueDepth, 0);
});

test("program 97: one start and one stop for each thread, workers and blocking ones", { timeout }, async () => {
  let [started, stopped] = [0, 0];
  const rt = Builder.multiThread()
    .workerThreads(2)
    .maxBlockingThreads(256)
    .threadKeepAlive({ seconds: 30 })
    .threadName("production")
    .onThreadStart(() => started++)
    .onThreadStop(() => stopped++)
    .enableAll()
    .build();
  const cell = cells();
  await rt.run(function* () {
    const before = started;
    yield* spawn(work());
    const job = spawnBlocking(gate(cell));
    open(cell);
    yield* job;
    assert.equal(started - before, 3);
    assert.equal(stopped, 0);
  });
  await rt.shutdown();
  assert.equal(stopped, started);
});

test("program 99: two tasks on workers share a counter", { timeout }, async () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Atomics.store(cell, 0, 40);
  await main(
    function* () {
      const handles = [spawn(add(cell, 1)), spawn(add(cell, 1))];
      for (const handle of handles) yield* handle;
    },
    { workerThreads: 2 },
  );
  assert.equal(Atomics.load(cell, 0), 42);
});
