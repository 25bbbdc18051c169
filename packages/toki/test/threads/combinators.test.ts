// select, timeout, join, scope and JoinSet over tasks that other threads have.
import assert from "node:assert/strict";
import {
  ElapsedError,
  JoinError,
  JoinSet,
  join,
  pin,
  ready,
  scope,
  select,
  sleep,
  spawn,
  timeout,
  tryJoin,
  yieldNow,
} from "toki";
import { add, addLater, combines, failsWhenTold, gated, lingers, occupies, waits } from "./functions.js";
import { mark, reached } from "./signals.js";
import { cells, onThreads } from "./support.js";

onThreads("select over handles: the loser's task goes on", function* () {
  const words = cells();
  const slow = spawn(gated(words, 5));
  const winner = yield* select({ slow, fast: spawn(add(1, 2)) });
  assert.deepEqual({ ...winner }, { key: "fast", value: 3 });
  mark(words, 1);
  assert.equal(yield* slow, 5);
});

onThreads("select over calls: they run here, as branches, and the loser's cleanup has ended", function* () {
  const words = cells();
  const winner = yield* select({ slow: waits(words), fast: sleep(1) });
  assert.equal(winner.key, "fast");
  assert.equal(Atomics.load(words, 1), 1);
});

onThreads("timeout over a handle ends the wait, not the task", function* () {
  const words = cells();
  const handle = spawn(gated(words, 5));
  yield* reached(words, 0);
  try {
    yield* timeout(1, handle);
    assert.fail("in time");
  } catch (error) {
    assert(error instanceof ElapsedError);
  }
  mark(words, 1);
  assert.equal(yield* timeout(60_000, handle), 5);
});

onThreads("join and tryJoin over handles on several workers", function* () {
  assert.deepEqual(yield* join(spawn(add(1, 2)), spawn(addLater(3, 4)), ready("here")), [3, 7, "here"]);
  const words = cells();
  const failing = spawn(failsWhenTold(words, "first"));
  const other = spawn(gated(cells(), 1));
  yield* reached(words, 0);
  mark(words, 1);
  try {
    yield* tryJoin(failing, other);
    assert.fail("no failure");
  } catch (error) {
    assert(error instanceof JoinError && (error.cause as Error).message === "first");
  }
  other.abort();
});

onThreads("scope waits for children on workers", function* () {
  const words = cells();
  const value = yield* scope(function* (s) {
    s.spawn(gated(words, 1));
    yield* reached(words, 0);
    mark(words, 1);
    return yield* s.spawn(add(20, 22));
  });
  assert.equal(value, 42);
});

onThreads("a child that fails on a worker cancels its siblings on others; all cleanup has ended", function* () {
  const words = cells();
  const failing = cells();
  try {
    yield* scope(function* (s) {
      for (let i = 0; i < 5; i++) s.spawn(waits(words));
      s.spawn(failsWhenTold(failing, "one of them"));
      yield* reached(failing, 0);
      mark(failing, 1);
      yield* s.spawn(waits(words));
    });
    assert.fail("no failure");
  } catch (error) {
    assert.match(String((error as Error).message) + String((error as Error).cause), /one of them/);
  }
  assert.equal(Atomics.load(words, 0), Atomics.load(words, 1));
});

onThreads(
  "a scope that loses a select has cancelled its children on workers before the outcome is there",
  function* () {
    const words = cells();
    const work = scope(function* (s) {
      for (let i = 0; i < 4; i++) s.spawn(waits(words));
      yield* reached(words, 0, 4);
      mark(words, 8);
      yield* s.spawn(waits(words));
    });
    const { key } = yield* select({ work, ready: reached(words, 8) });
    assert.equal(key, "ready");
    assert(Atomics.load(words, 0) >= 4);
    assert.equal(Atomics.load(words, 0), Atomics.load(words, 1));
  },
);

onThreads("aborting the task of a scope unwinds its children on workers first", function* () {
  const words = cells();
  let ended = false;
  const task = spawn(function* () {
    try {
      yield* scope(function* (s) {
        yield* s.spawn(lingers(words));
      });
    } finally {
      ended = true;
    }
  });
  yield* reached(words, 0);
  task.abort();
  yield* reached(words, 1);
  for (let i = 0; i < 5; i++) yield* yieldNow();
  assert(!ended);
  mark(words, 2);
  try {
    yield* task;
  } catch (error) {
    assert(error instanceof JoinError && error.isCancelled());
  }
  assert.deepEqual([ended, Atomics.load(words, 3)], [true, 1]);
});

onThreads("JoinSet: joinNext gives every result once, failures and cancellations too", function* () {
  const set = new JoinSet<number>();
  for (let i = 0; i < 100; i++) set.spawn(i % 2 === 0 ? add(i, 0) : addLater(i, 0));
  const seen: number[] = [];
  for (let result = yield* set.joinNext(); result !== undefined; result = yield* set.joinNext()) {
    if (result.ok) seen.push(result.value);
  }
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

onThreads("JoinSet: abortAll leaves tasks in the set until their cleanup has ended", function* () {
  const words = cells();
  const set = new JoinSet<void>();
  for (let i = 0; i < 6; i++) set.spawn(waits(words));
  yield* reached(words, 0, 6);
  set.abortAll();
  assert.equal(set.size, 6);
  let cancelled = 0;
  for (let result = yield* set.joinNext(); result !== undefined; result = yield* set.joinNext()) {
    if (!result.ok && result.error.isCancelled()) cancelled++;
  }
  assert.equal(cancelled, 6);
  assert.equal(Atomics.load(words, 1), 6);
});

onThreads("JoinSet: shutdown ends when all cleanup has; with a limit it is cut short", function* () {
  const words = cells();
  const set = new JoinSet<void>();
  for (let i = 0; i < 6; i++) set.spawn(waits(words));
  yield* reached(words, 0, 6);
  yield* set.shutdown();
  assert.equal(Atomics.load(words, 1), 6);
  assert(set.isEmpty());

  const stuck = cells();
  set.spawn(lingers(stuck));
  set.spawn(occupies(stuck));
  yield* reached(stuck, 0);
  yield* set.shutdown({ cleanupTimeout: 1 });
  assert(set.isEmpty());
  mark(stuck, 1);
});

onThreads("JoinSet: detachAll lets them go on; disposing it aborts them", function* () {
  const detached = cells();
  const set = new JoinSet<number | void>();
  set.spawn(gated(detached, 1));
  yield* reached(detached, 0);
  set.detachAll();
  assert(set.isEmpty());
  mark(detached, 1);

  const words = cells();
  {
    using other = new JoinSet<void>();
    other.spawn(waits(words));
    yield* reached(words, 0);
  }
  yield* reached(words, 1);
});

onThreads("a worker's own select, scope and JoinSet, with children anywhere", function* () {
  const words = cells();
  const found = yield* spawn(combines(words));
  assert.deepEqual(found, ["fast", 7, [0, 2, 4, 6, 8]]);
});

onThreads("a pinned handle in a loop of selects", function* () {
  const words = cells();
  const handle = pin(spawn(gated(words, 9)));
  for (let i = 0; ; i++) {
    const winner = yield* select({ handle, tick: sleep(1) }, { biased: true });
    if (winner.key === "handle") {
      assert.equal(winner.value, 9);
      break;
    }
    if (i === 3) mark(words, 1);
  }
});
