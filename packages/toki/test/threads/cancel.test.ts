// What aborting a task does while another thread has it, at each of its stages.
import assert from "node:assert/strict";
import { type Future, fn, JoinError, type JoinHandle, spawn, yieldNow } from "toki";
import {
  add,
  ends,
  fanOut,
  gated,
  holds,
  lingers,
  lingersBelow,
  occupies,
  shielded,
  swallows,
  waits,
} from "./functions.js";
import { mark, reached } from "./signals.js";
import { cells, onThreads, threads } from "./support.js";

const isCancelled = fn(function* isCancelled(future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    return error instanceof JoinError && error.isCancelled();
  }
  return false;
});

/** Some rounds of everything else that is ready here. */
const settle = fn(function* settle() {
  for (let i = 0; i < 8; i++) yield* yieldNow();
});

onThreads(
  "queued, behind a busy worker: it is over at once and never starts",
  function* () {
    const words = cells();
    const busy = cells();
    const first = spawn(holds(busy));
    yield* reached(busy, 0);
    const handle = spawn(waits(words));
    handle.abort();
    assert(yield* isCancelled(handle));
    assert(handle.isFinished());
    mark(busy, 1);
    yield* first;
    assert.equal(yield* spawn(add(1, 1)), 2);
    assert.equal(Atomics.load(words, 0), 0);
  },
  { workerThreads: 1 },
);

onThreads("aborted in the same breath as spawned: it does not start, or is cancelled", function* () {
  for (let i = 0; i < 200; i++) {
    const words = cells();
    const handle = spawn(waits(words));
    if (i % 3 === 1) yield* yieldNow();
    handle.abort();
    assert(yield* isCancelled(handle));
    assert.equal(Atomics.load(words, 0), Atomics.load(words, 1), "what started has cleaned up");
  }
});

onThreads("running: cleanup runs on the worker, and the handle settles after it, not before", function* () {
  const words = cells();
  const handle = spawn(lingers(words));
  yield* reached(words, 0);
  handle.abort();
  assert(!handle.isFinished());
  yield* reached(words, 1);
  yield* settle();
  assert(!handle.isFinished(), "its cleanup awaits");
  mark(words, 2);
  assert(yield* isCancelled(handle));
  assert.equal(Atomics.load(words, 3), 1);
});

onThreads("some calls down: every frame is unwound, innermost first", function* () {
  const words = cells();
  const handle = spawn(lingersBelow(words));
  yield* reached(words, 0);
  handle.abort();
  yield* reached(words, 1);
  assert.equal(Atomics.load(words, 4), 0);
  mark(words, 2);
  assert(yield* isCancelled(handle));
  assert.equal(Atomics.load(words, 4), 1);
});

onThreads("no catch sees it", function* () {
  const words = cells();
  const handle = spawn(swallows(words));
  yield* reached(words, 0);
  handle.abort();
  assert(yield* isCancelled(handle));
  assert.deepEqual([words[1], words[2]], [0, 1]);
});

onThreads("twice, and by several AbortHandles, is once", function* () {
  const words = cells();
  const handle = spawn(lingers(words));
  yield* reached(words, 0);
  const other = handle.abortHandle();
  other.abort();
  handle.abort();
  yield* reached(words, 1);
  other.abort();
  mark(words, 2);
  assert(yield* isCancelled(handle));
  assert(other.isFinished());
  other.abort();
  assert.equal(Atomics.load(words, 3), 1);
});

onThreads("in a shield: it takes effect when the shield is over", function* () {
  const words = cells();
  const handle = spawn(shielded(words));
  yield* reached(words, 0);
  handle.abort();
  yield* settle();
  assert(!handle.isFinished());
  mark(words, 1);
  assert(yield* isCancelled(handle));
  assert.deepEqual([words[2], words[3]], [1, 1]);
});

onThreads("while its worker is busy in synchronous code: when that is over", function* () {
  const words = cells();
  const handle = spawn(occupies(words));
  yield* reached(words, 0);
  handle.abort();
  yield* settle();
  assert(!handle.isFinished());
  mark(words, 1);
  assert(yield* isCancelled(handle));
  assert.equal(Atomics.load(words, 2), 1);
});

onThreads("after it has ended, before home knows: the value wins, and aborting does nothing", function* () {
  for (let i = 0; i < 100; i++) {
    const words = cells();
    const handle = spawn(ends(words));
    yield* reached(words, 0);
    mark(words, 1);
    if (i % 2 === 0) yield* yieldNow();
    handle.abort();
    try {
      assert.equal(yield* handle, "ended");
    } catch (error) {
      assert(error instanceof JoinError && error.isCancelled());
    }
  }
});

onThreads("of a task that is over does nothing", function* () {
  const handle = spawn(add(1, 2));
  assert.equal(yield* handle, 3);
  handle.abort();
  assert.equal(yield* handle, 3);
});

onThreads("with cleanupTimeout: cleanup beyond it is cut short, and the handle settles", function* () {
  const words = cells();
  const handle = spawn(lingers(words));
  yield* reached(words, 0);
  handle.abort({ cleanupTimeout: 1 });
  assert(yield* isCancelled(handle));
  // The handle settled when the time was over; what is left of the cleanup runs when the worker comes to it.
  yield* reached(words, 1);
});

onThreads("with cleanupTimeout: 0 settles while the worker is busy in synchronous code", function* () {
  const words = cells();
  const handle = spawn(occupies(words));
  yield* reached(words, 0);
  handle.abort({ cleanupTimeout: 0 });
  assert(yield* isCancelled(handle));
  assert.equal(Atomics.load(words, 2), 0);
  mark(words, 1);
  yield* reached(words, 2);
});

onThreads("with cleanupTimeout: cleanup that is in time is left alone", function* () {
  const words = cells();
  const handle = spawn(lingers(words));
  yield* reached(words, 0);
  handle.abort({ cleanupTimeout: 60_000 });
  yield* reached(words, 1);
  mark(words, 2);
  assert(yield* isCancelled(handle));
  assert.equal(Atomics.load(words, 3), 1);
});

onThreads("a parent's abort leaves what it spawned running, on whatever thread", function* () {
  const words = cells();
  const child = cells();
  const parent = spawn(function* () {
    const handle = spawn(gated(child, 1));
    handles.push(handle);
    yield* handle;
  });
  const handles: JoinHandle<number>[] = [];
  yield* reached(child, 0);
  parent.abort();
  assert(yield* isCancelled(parent));
  mark(child, 1);
  assert.equal(yield* handles[0]!, 1);
  assert.equal(words[0], 0);
});

onThreads("a storm of aborts of tasks at every stage leaves nothing behind", function* () {
  for (let round = 0; round < 20; round++) {
    const words = cells();
    const handles: JoinHandle<unknown>[] = [];
    for (let i = 0; i < 50; i++) handles.push(i % 5 === 0 ? spawn(fanOut(3, 2)) : spawn(waits(words)));
    for (let i = 0; i < round; i++) yield* yieldNow();
    for (const handle of handles) handle.abort();
    for (const handle of handles) {
      try {
        yield* handle;
      } catch (error) {
        assert(error instanceof JoinError && error.isCancelled());
      }
    }
    assert.equal(Atomics.load(words, 0), Atomics.load(words, 1));
  }
});

threads("the run's AbortSignal cancels the body that joins a worker's task; the task goes on", async ({ rt }) => {
  const words = cells();
  const controller = new AbortController();
  const handle = rt.spawn(gated(words, 7));
  const run = rt.run(
    function* () {
      yield* reached(words, 0);
      controller.abort(new Error("stopped"));
      return yield* handle;
    },
    { signal: controller.signal },
  );
  await assert.rejects(run, /stopped/);
  mark(words, 1);
  assert.equal(await handle, 7);
});
