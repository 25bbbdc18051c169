import assert from "node:assert/strict";
import { test } from "node:test";
import { threadId } from "node:worker_threads";
import { Handle, Runtime, ready, spawn, spawnLocal, workerIndex, yieldNow } from "toki";
import {
  add,
  addLater,
  detaches,
  echo,
  fanOut,
  fibonacci,
  gated,
  holds,
  key,
  nestedHandles,
  readsLocal,
  record,
  sleeps,
  spawnFive,
  usesHandle,
  where,
} from "./functions.js";
import { mark, reached, until } from "./signals.js";
import { cells, onThreads, threads, watched } from "./support.js";

onThreads("a portable call runs on a worker, any other future on the thread that made the runtime", function* () {
  const there = yield* spawn(where());
  assert.notEqual(there.thread, threadId);
  assert(there.worker === 0 || there.worker === 1);
  assert.equal(there.flavor, "multiThread");
  const here = yield* spawn(function* () {
    return { thread: threadId, worker: workerIndex() };
  });
  assert.deepEqual(here, { thread: threadId, worker: undefined });
});

onThreads(
  "awaited and not spawned, or spawned by spawnLocal, it stays here and takes its arguments by reference",
  function* () {
    const object = {};
    assert.equal(yield* echo(object), object);
    assert.equal(yield* spawnLocal(echo(object)), object);
    assert.equal((yield* spawnLocal(where())).thread, threadId);
    assert.notEqual(yield* spawn(echo(object)), object);
  },
);

onThreads("a thousand at once, each with its own result, joined in any order", function* () {
  const handles = Array.from({ length: 1000 }, (_, i) => spawn(i % 2 === 0 ? add(i, 1) : addLater(i, 1)));
  for (let i = 999; i >= 0; i--) assert.equal(yield* handles[i]!, i + 1);
});

threads("from outside of run(): by the runtime, a handle, a guard; awaited as a promise", async ({ rt }) => {
  assert.equal(await rt.spawn(add(1, 2)), 3);
  assert.equal(await rt.handle.spawn(addLater(1, 2)), 3);
  {
    using _guard = rt.enter();
    const handle = spawn(add(20, 22));
    assert.equal(await handle, 42);
  }
});

threads("a task that was spawned while nothing drives the runtime runs all the same", async ({ rt }) => {
  const words = cells();
  const handle = rt.spawn(gated(words, 5));
  await until(words, 0);
  mark(words, 1);
  assert.equal(await handle, 5);
});

onThreads("workers spawn: recursive fan-out, also deeper than there are workers", function* () {
  assert.equal(yield* spawn(fibonacci(14)), 377);
  assert.equal(yield* spawn(fanOut(3, 6)), 729);
});

onThreads(
  "workers spawn: with one worker, which runs both parents and children",
  function* () {
    assert.equal(yield* spawn(fibonacci(12)), 144);
    assert.equal(yield* spawn(fanOut(10, 3)), 1000);
  },
  { workerThreads: 1 },
);

onThreads("workers spawn: what overflows a worker's queue", function* () {
  assert.equal(yield* spawn(fanOut(2000, 1)), 2000);
});

onThreads("a worker's Handle.current() spawns, on workers and on itself", function* () {
  const found = yield* spawn(usesHandle());
  assert.equal(found.sum, 7);
  assert.notEqual(found.local, threadId);
  assert.equal(found.local, found.own);
});

onThreads("a handle that is dropped detaches its task: it goes on, and ends with the runtime", function* () {
  const words = cells();
  yield* spawn(detaches(words));
  assert.equal(Atomics.load(words, 0), 2);
  assert.equal(Atomics.load(words, 1), 0);
});

threads("at the end of the runtime detached tasks on workers are cancelled with their cleanup", async ({ rt }) => {
  const words = cells();
  await rt.run(spawnIt(words));
  await rt.shutdown();
  assert.equal(Atomics.load(words, 1), 2);
});

function spawnIt(words: Int32Array) {
  return function* () {
    yield* spawn(detaches(words));
  };
}

onThreads("task ids are unique across threads, and the task knows its own", function* () {
  const handles = Array.from({ length: 200 }, () => spawn(where()));
  const here = Array.from({ length: 200 }, () => spawn(ready(1)));
  const ids = new Set([...handles, ...here].map(({ id }) => id));
  assert.equal(ids.size, 400);
  for (const handle of handles) assert.equal((yield* handle).task, handle.id);
  const nested = yield* spawn(nestedHandles(100));
  for (const id of nested) ids.add(id);
  assert.equal(ids.size, 500);
});

onThreads("task locals are not inherited, on no thread", function* () {
  const seen = yield* key.scope(1, function* () {
    return yield* spawn(readsLocal());
  });
  assert.deepEqual(seen, { before: undefined, own: 5, child: "unset" });
});

onThreads("timers run on workers", function* () {
  const both = [spawn(sleeps(20)), spawn(sleeps(10))];
  for (const handle of both) assert((yield* handle) >= 9);
});

onThreads(
  "one worker runs what one of its tasks spawned last first, and then the others in order",
  function* () {
    const log = cells();
    yield* spawn(spawnFive(log));
    assert.deepEqual([...log.subarray(1, 6)], [4, 0, 1, 2, 3]);
  },
  { workerThreads: 1 },
);

onThreads(
  "without the LIFO slot, in order",
  function* () {
    const log = cells();
    yield* spawn(spawnFive(log));
    assert.deepEqual([...log.subarray(1, 6)], [0, 1, 2, 3, 4]);
  },
  { workerThreads: 1, lifoSlot: false },
);

onThreads(
  "what is spawned from outside of the workers goes to the queue of all, in order",
  function* () {
    const log = cells();
    const handles = [0, 1, 2, 3, 4].map((n) => spawn(record(log, n)));
    for (const handle of handles) yield* handle;
    assert.deepEqual([...log.subarray(1, 6)], [0, 1, 2, 3, 4]);
  },
  // Set, so that slow polls do not make the worker look there earlier, before its own share of them is done.
  { workerThreads: 1, globalQueueInterval: 61 },
);

onThreads(
  "a worker that looks there between its own tasks begins with the oldest of what it takes",
  function* () {
    const [words, log] = [cells(), cells()];
    const holder = spawn(holds(words));
    yield* reached(words, 0);
    const handles = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => spawn(record(log, n)));
    mark(words, 1);
    yield* holder;
    for (const handle of handles) yield* handle;
    // It took half of them when it was free, and half of the rest after the first.
    const [first, ...rest] = log.subarray(1, 9);
    assert.equal(first, 0);
    assert(rest.indexOf(4) < rest.indexOf(5), `${rest}`);
  },
  { workerThreads: 1, globalQueueInterval: 1 },
);

onThreads("a name given at the spawn is in the dump, and on its worker", function* () {
  const words = cells();
  const handle = spawn(gated(words, 1), { name: "gate keeper" });
  yield* reached(words, 0);
  const task = Handle.current()
    .dump()
    .tasks.find(({ id }) => id === handle.id);
  assert.equal(task?.name, "gate keeper");
  assert.equal(task?.state, "parked");
  assert.match(String(task?.tree?.name), /^gated \(on worker [01]\)$/);
  mark(words, 1);
  yield* handle;
});

onThreads(
  "a task that waits in the queue says so",
  function* () {
    const words = cells();
    const first = spawn(holds(words));
    yield* reached(words, 0);
    const second = spawn(add(1, 1));
    yield* yieldNow();
    assert.match(String(Handle.current().dump()), /add \(queued for a worker\)/);
    mark(words, 1);
    yield* first;
    assert.equal(yield* second, 2);
  },
  { workerThreads: 1 },
);

test("a current-thread runtime runs portable calls here, by reference", async () => {
  const rt = new Runtime({ flavor: "currentThread" });
  const object = {};
  await watched(
    rt,
    rt.run(function* () {
      assert.equal(yield* spawn(echo(object)), object);
      assert.equal((yield* spawn(where())).thread, threadId);
    }),
  );
  await rt.shutdown();
});
