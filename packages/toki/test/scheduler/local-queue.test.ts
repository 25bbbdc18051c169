import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SharedMemory } from "../../dist/memory/shared-memory.js";
import { InjectQueue } from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue, NO_TASK } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import fc from "../support/property.js";

function setup(capacity = 256, position = 0, tasks = 4_096) {
  const size = LocalQueue.words(capacity);
  const links = { base: 2 * size + InjectQueue.words(), stride: 1 };
  const memory = new SharedMemory(new Int32Array(new SharedArrayBuffer(4 * (links.base + tasks))));
  for (const base of [0, size]) LocalQueue.init(memory, base, position);
  InjectQueue.init(memory, 2 * size);
  return {
    a: new LocalQueue(memory, 0, capacity),
    b: new LocalQueue(memory, size, capacity),
    inject: new InjectQueue(memory, 2 * size, links),
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function drain(queue: { pop(): number }): number[] {
  const all: number[] = [];
  for (let task = queue.pop(); task !== NO_TASK; task = queue.pop()) all.push(task);
  return all;
}

for (const position of [0, 0x7fffffff - 100]) {
  describe(`LocalQueue, positions from ${position}`, () => {
    test("pops in the order of the pushes", () => {
      const { a, inject } = setup(256, position);
      for (const task of range(0, 10)) a.push(task, inject);
      assert.equal(a.length, 10);
      assert.deepEqual(drain(a), range(0, 10));
      assert.equal(a.pop(), NO_TASK);
      assert.ok(a.isEmpty);
      assert.ok(!a.isStealable);
    });

    test("holds 256 tasks", () => {
      const { a, inject } = setup(256, position);
      for (const task of range(0, 256)) assert.equal(a.push(task, inject), 0);
      assert.equal(a.length, 256);
      assert.equal(a.room(), 0);
      assert.ok(inject.isEmpty);
      assert.deepEqual(drain(a), range(0, 256));
    });

    test("moves the newer half and the new task to the inject queue when it overflows", () => {
      const { a, inject } = setup(256, position);
      for (const task of range(0, 256)) a.push(task, inject);
      assert.equal(a.push(256, inject), 129);
      assert.equal(a.length, 128);
      assert.equal(inject.length, 129);
      assert.deepEqual(drain(a), range(0, 128));
      assert.deepEqual(drain(inject), range(128, 257));
    });

    test("takes tasks again after an overflow", () => {
      const { a, inject } = setup(256, position);
      for (const task of range(0, 257)) a.push(task, inject);
      for (const task of range(257, 257 + 128)) assert.equal(a.push(task, inject), 0);
      assert.equal(a.push(385, inject), 129);
      assert.deepEqual(drain(a), range(0, 128));
    });

    test("a thief takes half, rounded up, of the oldest tasks, and runs one of them", () => {
      for (const [queued, taken] of [
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 2],
        [5, 3],
        [256, 128],
      ] as const) {
        const { a, b, inject } = setup(256, position);
        for (const task of range(0, queued)) a.push(task, inject);
        const task = b.stealFrom(a);
        assert.equal(b.lastStolen, taken);
        assert.deepEqual([...drain(b), task], range(0, taken));
        assert.deepEqual(drain(a), range(taken, queued));
      }
    });

    test("a thief finds nothing in an empty queue, and takes nothing when its own is more than half full", () => {
      const { a, b, inject } = setup(256, position);
      assert.equal(b.stealFrom(a), NO_TASK);
      assert.equal(b.lastStolen, 0);
      for (const task of range(0, 129)) b.push(task, inject);
      a.push(500, inject);
      assert.equal(b.stealFrom(a), NO_TASK);
      b.pop();
      assert.equal(b.stealFrom(a), 500);
    });

    test("what is nobody's own is taken from the oldest on, at most so many and as many as there is room for", () => {
      const { a, b, inject } = setup(256, position);
      assert.equal(b.takeFrom(a, 3), NO_TASK);
      for (const task of range(0, 10)) a.push(task, inject);
      assert.deepEqual([b.takeFrom(a, 3), ...drain(b)], range(0, 3));
      assert.deepEqual([b.takeFrom(a, 256), ...drain(b)], range(3, 7));
      for (const task of range(100, 355)) b.push(task, inject);
      assert.equal(b.takeFrom(a, 2), 7);
      b.push(355, inject);
      assert.equal(b.takeFrom(a, 2), NO_TASK);
      assert.deepEqual(drain(a), range(8, 10));
    });

    test("an owner that starts again finds the queue as it was", () => {
      const { a, inject } = setup(256, position);
      for (const task of range(0, 300)) a.push(task, inject);
      const memory = (a as unknown as { memory: SharedMemory }).memory;
      const again = new LocalQueue(memory, 0);
      again.push(300, inject);
      assert.deepEqual(drain(again), [...range(0, 128), ...range(257, 301)]);
    });
  });
}

type Step = { kind: "push" | "pop" | "steal" | "stealBack" | "refill"; count: number };

test("LocalQueue and InjectQueue behave as arrays do (any sequence of steps, two queues)", () => {
  const step = fc.record<Step>({
    kind: fc.constantFrom("push", "push", "pop", "steal", "stealBack", "refill"),
    count: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(4, 8, 16),
      fc.constantFrom(0, 0x7fffffff - 20),
      (steps, capacity, position) => {
        const { a, b, inject } = setup(capacity, position);
        const model = { a: [] as number[], b: [] as number[], inject: [] as number[] };
        let task = 0;

        const push = (n: number) => {
          if (model.a.length < capacity) model.a.push(n);
          else model.inject.push(...model.a.splice(capacity / 2), n);
          a.push(n, inject);
        };
        const steal = (thief: LocalQueue, own: number[], victim: LocalQueue, from: number[]) => {
          const batch = own.length > capacity / 2 ? [] : from.splice(0, Math.ceil(from.length / 2));
          const runs = batch.pop() ?? NO_TASK;
          own.push(...batch);
          assert.equal(thief.stealFrom(victim), runs);
        };
        const refill = (max: number) => {
          const room = Math.max(1, Math.min(max, capacity - model.b.length, capacity / 2));
          const batch = model.inject.splice(0, room);
          const runs = batch.shift() ?? NO_TASK;
          model.b.push(...batch);
          assert.equal(inject.popInto(b, max), runs);
        };

        for (const { kind, count } of steps) {
          for (let i = 0; i < count; i++) {
            if (kind === "push") push(task++);
            else if (kind === "pop") assert.equal(a.pop(), model.a.shift() ?? NO_TASK);
          }
          if (kind === "steal") steal(b, model.b, a, model.a);
          else if (kind === "stealBack") steal(a, model.a, b, model.b);
          else if (kind === "refill") refill(count);
          assert.deepEqual([a.length, b.length, inject.length], [model.a.length, model.b.length, model.inject.length]);
          assert.equal(a.isStealable, model.a.length > 0);
        }
        assert.deepEqual([drain(a), drain(b), drain(inject)], [model.a, model.b, model.inject]);
      },
    ),
    { numRuns: 500 },
  );
});
