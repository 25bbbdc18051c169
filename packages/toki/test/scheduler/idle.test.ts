import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SharedMemory } from "../../dist/memory/shared-memory.js";
import { Idle, NOBODY } from "../../dist/runtime/scheduler/multi-thread/idle.js";
import { Parker } from "../../dist/runtime/scheduler/multi-thread/parker.js";

function setup(workers: number) {
  const memory = new SharedMemory(new Int32Array(new SharedArrayBuffer(4 * Idle.words(workers))));
  Idle.init(memory, 0, workers);
  return { memory, idle: new Idle(memory, 0, workers) };
}

describe("Idle", () => {
  test("starts with everybody running and nobody to wake", () => {
    const { idle } = setup(4);
    assert.deepEqual([idle.unparked, idle.searching], [4, 0]);
    assert.equal(idle.wakeOne(), NOBODY);
    assert.equal(idle.wake(1), false);
  });

  test("at most half of the workers search, and always one may", () => {
    for (const [workers, allowed] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [7, 4],
    ] as const) {
      const { idle } = setup(workers);
      for (let i = 0; i < allowed; i++) assert.ok(idle.beginSearch(i), `${i + 1} of ${workers}`);
      assert.ok(!idle.beginSearch(allowed % workers));
      assert.equal(idle.searching, allowed);
    }
  });

  test("the last one to end its search is told", () => {
    const { idle } = setup(4);
    idle.beginSearch(0);
    idle.beginSearch(1);
    assert.equal(idle.endSearch(0), false);
    assert.equal(idle.endSearch(1), true);
  });

  test("the last searcher to enlist is told, others are not", () => {
    const { idle } = setup(4);
    idle.beginSearch(0);
    idle.beginSearch(1);
    assert.equal(idle.enlist(3, false), false);
    assert.equal(idle.enlist(0, true), false);
    assert.equal(idle.enlist(1, true), true);
    assert.deepEqual([idle.unparked, idle.searching], [1, 0]);
  });

  test("a worker that enlists without having searched is told when nobody searches", () => {
    const { idle } = setup(4);
    assert.equal(idle.enlist(0, false), true);
    idle.beginSearch(2);
    assert.equal(idle.enlist(1, false), false);
  });

  test("wakes the sleeper with the lowest number, as searching, and no second one while it searches", () => {
    const { idle } = setup(3);
    idle.enlist(2, false);
    idle.enlist(1, false);
    assert.equal(idle.wakeOne(), 1);
    assert.deepEqual([idle.unparked, idle.searching], [2, 1]);
    assert.equal(idle.wakeOne(), NOBODY);
    assert.ok(!idle.isParked(1));
    assert.equal(idle.leave(1), true);
    idle.endSearch(1);
    assert.equal(idle.wakeOne(), 2);
  });

  test("a worker called by name, or leaving by itself, is not counted as searching", () => {
    const { idle } = setup(2);
    idle.enlist(0, false);
    idle.enlist(1, false);
    assert.equal(idle.wake(1), true);
    assert.equal(idle.wake(1), false);
    assert.equal(idle.leave(1), false);
    assert.equal(idle.leave(0), false);
    assert.deepEqual([idle.unparked, idle.searching], [2, 0]);
    assert.equal(idle.wakeOne(), NOBODY);
  });

  test("a thread that replaces a dead one takes over what it was", () => {
    const { idle } = setup(3);
    idle.enlist(1, false);
    idle.enlist(2, false);
    assert.equal(idle.wakeOne(), 1);
    // 0 died while it ran a task, 1 before it noticed that it was woken, 2 in its sleep.
    assert.deepEqual(
      [0, 1, 2].map((worker) => idle.leave(worker)),
      [false, true, false],
    );
    assert.deepEqual([idle.unparked, idle.searching], [3, 1]);
  });

  test("a dead worker that is buried counts as running and not as searching, whatever it was", () => {
    const { idle } = setup(4);
    idle.beginSearch(0);
    idle.enlist(1, false);
    idle.endSearch(0);
    idle.wakeOne();
    idle.beginSearch(2);
    idle.enlist(3, false);
    for (const worker of [0, 1, 2, 3]) idle.bury(worker);
    assert.deepEqual([idle.unparked, idle.searching], [4, 0]);
    for (const worker of [0, 1, 2, 3]) assert.equal(idle.leave(worker), false);
  });

  test("wakeAll wakes everybody", () => {
    const { idle } = setup(3);
    for (const worker of [0, 1, 2]) idle.enlist(worker, false);
    idle.wakeAll();
    for (const worker of [0, 1, 2]) assert.equal(idle.leave(worker), false);
    assert.deepEqual([idle.unparked, idle.searching], [3, 0]);
  });
});

describe("Parker", () => {
  test("does not sleep when it was woken already", () => {
    const { memory, idle } = setup(1);
    const parker = new Parker(memory, idle, 0);
    idle.enlist(0, false);
    idle.wakeOne();
    assert.equal(parker.sleep(), null);
  });

  test("settles when the worker is woken", async () => {
    const { memory, idle } = setup(1);
    const parker = new Parker(memory, idle, 0);
    idle.enlist(0, false);
    const sleep = parker.sleep();
    assert.ok(sleep);
    assert.equal(idle.wakeOne(), 0);
    const alive = setInterval(() => {}, 1_000);
    await sleep;
    clearInterval(alive);
    assert.equal(idle.leave(0), true);
  });

  test("keeps one wait, however often the worker leaves by itself", async () => {
    const { memory, idle } = setup(1);
    const parker = new Parker(memory, idle, 0);
    const sleeps = new Set<unknown>();
    for (let i = 0; i < 50; i++) {
      idle.enlist(0, false);
      sleeps.add(parker.sleep());
      idle.leave(0);
    }
    assert.equal(sleeps.size, 1);
    // What is registered with the engine is what a notification reports.
    assert.equal(memory.notify(idle.parkWord(0), 100), 1);
    const alive = setInterval(() => {}, 1_000);
    await [...sleeps][0];
    clearInterval(alive);
    idle.enlist(0, false);
    assert.ok(parker.sleep());
    assert.equal(memory.notify(idle.parkWord(0), 100), 1);
  });
});

describe("SharedMemory", () => {
  test("refuses memory that is not shared", () => {
    assert.throws(() => new SharedMemory(new Int32Array(4)), /words must be an Int32Array over a SharedArrayBuffer/);
  });
});
