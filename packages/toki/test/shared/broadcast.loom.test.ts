/*
 * The values of a broadcast channel under every schedule within a bound: the production code of broadcast/chan.ts and recv.ts over simulated memory. A value that
 * is freed while another thread decodes it shows as a race, or as a value that is not there; blocks freed twice, or never, in a count for each.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BroadcastRecvError } from "toki/shared";
import type { Memory } from "../../dist/memory/memory.js";
import { SharedLock } from "../../dist/memory/shared-lock.js";
import * as chan from "../../dist/shared/broadcast/chan.js";
import * as recv from "../../dist/shared/broadcast/recv.js";
import * as counts from "../../dist/shared/sender-counts.js";
import * as threads from "../../dist/shared/thread.js";
import { check, type Model, type Options } from "../support/loom/index.js";

const OBJECT = 16;
const RING = 48;
const LISTENER = (n: number) => 64 + 16 * n;
const VALUE = (n: number) => 112 + 16 * n;
const FREES = (block: number) => block / 16;
const WORDS = 176;
const CONTENT = 4;

interface Thread {
  readonly memory: Memory;
  readonly arena: { free(block: number): void };
  unlock(lock: SharedLock): void;
}

interface Share {
  readonly thread: Thread;
  readonly lock: SharedLock;
}

const { SharedThread } = threads as unknown as { SharedThread: { prototype: object } };
const { STRONG } = counts as unknown as { STRONG: number };
const { addListener, dropList, kind, letGo, loseListener, takeDropped, write, CAPACITY } = chan as unknown as {
  addListener(share: object): number;
  dropList(thread: Thread, first: number): void;
  kind: { destroy(thread: Thread, object: number): void };
  letGo(thread: Thread, message: number): void;
  loseListener(thread: Thread, object: number, listener: number): void;
  takeDropped(memory: Memory, object: number): number;
  write(thread: Thread, object: number, message: number): number;
  CAPACITY: number;
};
const { look, received } = recv as unknown as {
  look(thread: Thread, object: number, listener: number): number;
  received(thread: Thread, message: number): number;
};

/** The part of a model's thread: the real one, with memory of the model, and a value decoded by looking at its first word. */
function shareOf(model: Memory): Share {
  const memory = Object.create(model, { reaching: { value: () => [] } }) as Memory;
  const free = (block: number) => {
    // Whoever has the block next writes to all of it, plainly.
    memory.write(block, 0);
    memory.write(block + CONTENT, 0);
    memory.add(FREES(block), 1);
  };
  const thread = Object.assign(Object.create(SharedThread.prototype), {
    memory,
    arena: { free },
    decoder: { value: (_words: unknown, at: number) => memory.read(at) },
    told: 0,
    toldLast: 0,
  }) as Thread;
  return { thread, lock: new SharedLock(memory, OBJECT) };
}

/** A channel with so many slots and listeners, and values to send. */
function prepare(model: Model, slots: number, listeners: number, values: number): void {
  const { memory } = model;
  memory.store(OBJECT + 2, RING);
  memory.store(OBJECT + CAPACITY, slots);
  memory.store(OBJECT + STRONG, 1);
  for (let n = 0; n < values; n++) {
    memory.store(VALUE(n) + 1, 1);
    memory.store(VALUE(n) + CONTENT, n + 1);
  }
  for (let n = 0; n < listeners; n++) {
    const { thread, lock } = shareOf(memory);
    const arena = { alloc: () => LISTENER(n) };
    addListener({ thread: { ...thread, arena }, object: OBJECT, lock, block: 1 });
  }
}

const send =
  (...values: number[]) =>
  (memory: Memory) => {
    const { thread, lock } = shareOf(memory);
    for (const n of values) {
      lock.lock();
      const replaced = write(thread, OBJECT, VALUE(n));
      const dropped = takeDropped(thread.memory, OBJECT);
      thread.unlock(lock);
      if (replaced !== 0) letGo(thread, replaced);
      dropList(thread, dropped);
    }
  };

/** What a listener gets in so many attempts. */
const receive = (n: number, attempts: number) => (memory: Memory) => {
  const { thread, lock } = shareOf(memory);
  const got: number[] = [];
  for (let i = 0; i < attempts; i++) {
    lock.lock();
    const message = look(thread, OBJECT, LISTENER(n));
    lock.unlock();
    try {
      got.push(received(thread, message));
    } catch (error) {
      if (!(error instanceof BroadcastRecvError)) throw error;
    }
  }
  return got;
};

const dispose = (n: number) => (memory: Memory) => {
  const { thread, lock } = shareOf(memory);
  lock.lock();
  loseListener(thread, OBJECT, LISTENER(n));
  const dropped = takeDropped(thread.memory, OBJECT);
  thread.unlock(lock);
  thread.arena.free(LISTENER(n));
  dropList(thread, dropped);
};

/** Values came in order, each once; with the channel every block goes, once. */
function assertWhole({ memory }: Model, results: readonly unknown[], listeners: number, values: number): void {
  for (const got of results) {
    if (!Array.isArray(got)) continue;
    assert.ok(!got.includes(0), `a value that was freed: ${got}`);
    assert.deepEqual(got, [...new Set(got as number[])].toSorted());
  }
  kind.destroy(shareOf(memory).thread, OBJECT);
  for (let n = 0; n < listeners; n++) assert.equal(memory.load(FREES(LISTENER(n))), 1, `listener ${n}`);
  for (let n = 0; n < values; n++) assert.equal(memory.load(FREES(VALUE(n))), 1, `value ${n}`);
  assert.equal(memory.load(FREES(RING)), 1);
}

const models: Record<string, (model: Model) => void> = {
  "two receivers of one value": (model) => {
    prepare(model, 1, 2, 1);
    send(0)(model.memory);
    model.thread("a", receive(0, 1));
    model.thread("b", receive(1, 1));
    model.after((results) => {
      assert.deepEqual(results, [[1], [1]]);
      assertWhole(model, results, 2, 1);
    });
  },
  "two receivers of a value that is overwritten": (model) => {
    prepare(model, 1, 2, 2);
    send(0)(model.memory);
    model.thread("sender", send(1));
    model.thread("a", receive(0, 2));
    model.thread("b", receive(1, 2));
    model.after((results) => assertWhole(model, results, 2, 2));
  },
  "a receiver that is disposed while others read, and a value comes": (model) => {
    prepare(model, 2, 3, 3);
    send(0, 1)(model.memory);
    model.thread("sender", send(2));
    model.thread("a", receive(0, 2));
    model.thread("b", dispose(1));
    model.thread("c", receive(2, 1));
    model.after((results) => assertWhole(model, results, 3, 3));
  },
};

const options: Options = { words: WORDS, preemptions: 2, maxSchedules: 100_000 };

describe("broadcast values under all schedules", () => {
  for (const [name, build] of Object.entries(models)) {
    test(name, { timeout: 120_000 }, (t) => {
      const { schedules, complete } = check(options, build);
      t.diagnostic(`${schedules} schedules${complete ? "" : ", not all"}`);
      assert.ok(schedules > 20);
    });
  }

  test("finds a receiver that lets go before it has decoded", { timeout: 120_000 }, () => {
    assert.throws(
      () =>
        check(options, (model) => {
          prepare(model, 1, 2, 1);
          send(0)(model.memory);
          model.thread("a", receive(0, 1));
          model.thread("b", (memory) => {
            const { thread, lock } = shareOf(memory);
            lock.lock();
            const message = look(thread, OBJECT, LISTENER(1));
            lock.unlock();
            letGo(thread, message);
            return [memory.read(message + CONTENT)];
          });
          model.after((results) => assertWhole(model, results, 2, 1));
        }),
      /race|a value that was freed/,
    );
  });
});
