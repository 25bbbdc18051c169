// Small programs over the run queues, for the loom. The ring has four slots here, so that a few pushes fill it.
import assert from "node:assert/strict";
import type { Memory } from "../../dist/memory/memory.js";
import { InjectQueue } from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import * as production from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import type { Model, Options } from "../support/loom/index.js";

export const CAPACITY = 4;
const QUEUE = 40;
const INJECT = 120;
const LINKS = { base: 130, stride: 1 };

export const options: Options = {
  words: 150,
  names(index) {
    if (index >= LINKS.base) return `link[${index - LINKS.base}]`;
    if (index >= INJECT) return `inject.${["LOCK", "HEAD", "TAIL", "STATE"][index - INJECT]}`;
    const word = index % QUEUE;
    const part =
      word === 0 ? "HEAD" : word === 1 ? "STEAL" : word === 2 ? "MARK" : word === 16 ? "TAIL" : `slot[${word - 32}]`;
    return `${"abc"[Math.floor(index / QUEUE)]}.${part}`;
  },
};

type LocalQueue = production.LocalQueue;
type Queues = Pick<typeof production, "LocalQueue">;
export const NO_TASK = production.NO_TASK;

/** A model of queues a, b and c, of which `LocalQueue` may be a mutant. */
export function queues({ LocalQueue }: Queues, position = 0) {
  const at = (memory: Memory, which: number) => new LocalQueue(memory, which * QUEUE, CAPACITY) as LocalQueue;
  const inject = (memory: Memory) => new InjectQueue(memory, INJECT, LINKS);
  return {
    at,
    inject,
    init(memory: Memory, queued: Record<number, number[]> = {}) {
      for (let which = 0; which < 3; which++) LocalQueue.init(memory, which * QUEUE, position);
      InjectQueue.init(memory, INJECT);
      for (const [which, tasks] of Object.entries(queued)) {
        const queue = at(memory, Number(which));
        for (const task of tasks) queue.push(task, inject(memory));
      }
    },
    /** After all threads: the tasks they took and those still queued are 0..count-1, each once. */
    assertOnce(model: Model, taken: number[][], count: number) {
      const all = taken.flat();
      for (let which = 0; which < 3; which++) drain(at(model.memory, which), all);
      const rest = inject(model.memory);
      for (let task = rest.pop(); task !== NO_TASK; task = rest.pop()) all.push(task);
      assert.deepEqual(
        all.sort((x, y) => x - y),
        Array.from({ length: count }, (_, i) => i),
      );
    },
  };
}

export function drain(queue: LocalQueue, into: number[] = []): number[] {
  for (let task = queue.pop(); task !== NO_TASK; task = queue.pop()) into.push(task);
  return into;
}

/** Steals once, and drains what came. */
export function stealOnce(own: LocalQueue, victim: LocalQueue): number[] {
  const task = own.stealFrom(victim);
  return task === NO_TASK ? [] : drain(own, [task]);
}

/** The owner pushes and pops, fills the ring and overflows; one thief steals twice. */
export const overflow =
  (code: Queues, position = 0) =>
  (model: Model) => {
    const q = queues(code, position);
    q.init(model.memory);
    model.thread("owner", (memory) => {
      const own = q.at(memory, 0);
      const inject = q.inject(memory);
      const taken: number[] = [];
      own.push(0, inject);
      const first = own.pop();
      if (first !== NO_TASK) taken.push(first);
      for (let task = 1; task < 7; task++) own.push(task, inject);
      return drain(own, taken);
    });
    model.thread("thief", (memory) => {
      const own = q.at(memory, 1);
      const victim = q.at(memory, 0);
      return [...stealOnce(own, victim), ...stealOnce(own, victim)];
    });
    model.after((taken) => q.assertOnce(model, taken, 7));
  };

/** The owner refills slots that a thief is copying from. */
export const refill =
  (code: Queues, position = 0) =>
  (model: Model) => {
    const q = queues(code, position);
    q.init(model.memory, { 0: [0, 1, 2] });
    model.thread("owner", (memory) => {
      const own = q.at(memory, 0);
      const inject = q.inject(memory);
      const taken: number[] = [];
      const first = own.pop();
      if (first !== NO_TASK) taken.push(first);
      for (let task = 3; task < 7; task++) own.push(task, inject);
      return taken;
    });
    model.thread("thief", (memory) => stealOnce(q.at(memory, 1), q.at(memory, 0)));
    model.after((taken) => q.assertOnce(model, taken, 7));
  };

/** Two thieves and the owner want the same tasks. */
export const twoThieves = (code: Queues) => (model: Model) => {
  const q = queues(code);
  q.init(model.memory, { 0: [0, 1, 2, 3] });
  model.thread("owner", (memory) => {
    const own = q.at(memory, 0);
    const taken: number[] = [];
    const first = own.pop();
    if (first !== NO_TASK) taken.push(first);
    own.push(4, q.inject(memory));
    return drain(own, taken);
  });
  for (const which of [1, 2])
    model.thread(`thief ${which}`, (memory) => stealOnce(q.at(memory, which), q.at(memory, 0)));
  model.after((taken) => q.assertOnce(model, taken, 5));
};

/** Thieves steal from each other's queues while these are stolen from. */
export const chained = (code: Queues) => (model: Model) => {
  const q = queues(code);
  q.init(model.memory, { 0: [0, 1, 2], 1: [3, 4, 5] });
  model.thread("a", (memory) => {
    const own = q.at(memory, 0);
    return [...drain(own), ...stealOnce(own, q.at(memory, 1))];
  });
  model.thread("b", (memory) => [own(memory).pop(), ...stealOnce(own(memory), q.at(memory, 0))].filter((t) => t >= 0));
  model.thread("c", (memory) => stealOnce(q.at(memory, 2), q.at(memory, 0)));
  const own = (memory: Memory) => q.at(memory, 1);
  model.after((taken) => q.assertOnce(model, taken, 6));
};
