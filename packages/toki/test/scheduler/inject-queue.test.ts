import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SharedMemory } from "../../dist/memory/shared-memory.js";
import { InjectQueue } from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue, NO_TASK } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";

// The links lie in records of eight words, as they will.
const LINKS = { base: 400 + 3, stride: 8 };

function setup() {
  const memory = new SharedMemory(new Int32Array(new SharedArrayBuffer(4 * (400 + 8 * 1_000))));
  InjectQueue.init(memory, 0);
  LocalQueue.init(memory, 16);
  return { queue: new InjectQueue(memory, 0, LINKS), local: new LocalQueue(memory, 16) };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function drain(queue: { pop(): number }): number[] {
  const all: number[] = [];
  for (let task = queue.pop(); task !== NO_TASK; task = queue.pop()) all.push(task);
  return all;
}

describe("InjectQueue", () => {
  test("is a FIFO of single tasks and batches", () => {
    const { queue } = setup();
    assert.ok(queue.isEmpty);
    assert.equal(queue.pop(), NO_TASK);
    assert.ok(queue.push(5));
    assert.ok(queue.pushBatch([9, 2, 7]));
    assert.ok(queue.pushBatch([]));
    assert.ok(queue.push(0));
    assert.equal(queue.length, 5);
    assert.deepEqual(drain(queue), [5, 9, 2, 7, 0]);
    assert.ok(queue.isEmpty);
    assert.ok(queue.push(5));
    assert.deepEqual(drain(queue), [5]);
  });

  test("popInto returns the first and queues the others", () => {
    const { queue, local } = setup();
    queue.pushBatch(range(0, 10));
    assert.equal(queue.popInto(local, 4), 0);
    assert.deepEqual(drain(local), [1, 2, 3]);
    assert.equal(queue.popInto(local, 0), 4);
    assert.ok(local.isEmpty);
    assert.equal(queue.popInto(local, 100), 5);
    assert.deepEqual(drain(local), [6, 7, 8, 9]);
    assert.equal(queue.popInto(local, 100), NO_TASK);
  });

  test("popInto takes half a ring at most, and one task when the ring is full", () => {
    const { queue, local } = setup();
    queue.pushBatch(range(0, 500));
    assert.equal(queue.popInto(local, 400), 0);
    assert.equal(local.length, 127);
    assert.equal(queue.length, 500 - 128);
    for (const task of range(500, 500 + 129)) local.push(task, queue);
    assert.equal(local.room(), 0);
    assert.equal(queue.popInto(local, 50), 128);
    assert.equal(local.length, 256);
  });

  test("a closed queue takes nothing and gives what it has", () => {
    const { queue } = setup();
    queue.pushBatch([1, 2]);
    assert.equal(queue.close(), true);
    assert.equal(queue.close(), false);
    assert.ok(queue.isClosed);
    assert.equal(queue.push(3), false);
    assert.equal(queue.pushBatch([3, 4]), false);
    assert.equal(queue.pushBatch([]), false);
    assert.equal(queue.length, 2);
    assert.deepEqual(drain(queue), [1, 2]);
  });
});
