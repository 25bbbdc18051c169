// What the threads of the stress test share: the scheduler's words, a state per worker for the watchdog, and a count per
// task.

import { SharedMemory } from "../../dist/memory/shared-memory.js";
import { Idle } from "../../dist/runtime/scheduler/multi-thread/idle.js";
import { InjectQueue } from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";

export interface Setup {
  buffer: SharedArrayBuffer;
  workers: number;
  tasks: number;
  /** The tasks below this number form a tree, the others come from outside. */
  tree: number;
  /** The run ends after so many tasks. */
  endAfter: number;
  capacity: number;
  /** Whether a worker sleeps in its event loop or blocks. */
  inEventLoop: boolean;
  /** One step in so many is delayed, by a random time; 0 for none. */
  delayOneIn: number;
  /** A worker's thread ends itself in one task of so many, and is replaced; 0 for never. */
  dieOneIn: number;
  seed: number;
}

export const PHASES = ["not started", "looking", "running", "enlisting", "asleep", "ended"] as const;

/** The exit code of a worker that ends itself. */
export const DIED = 7;

const DONE = 0;
const IDLE = 16;

export function layout({ workers, tasks, capacity }: Pick<Setup, "workers" | "tasks" | "capacity">) {
  const inject = IDLE + Idle.words(workers);
  const queues = inject + 16;
  const states = queues + workers * LocalQueue.words(capacity);
  const ran = states + workers * 16;
  const links = ran + tasks;
  return { done: DONE, idle: IDLE, inject, queues, states, ran, links, words: links + tasks };
}

export function open(setup: Setup) {
  const at = layout(setup);
  const memory = new SharedMemory(new Int32Array(setup.buffer));
  return {
    at,
    memory,
    idle: new Idle(memory, at.idle, setup.workers),
    inject: new InjectQueue(memory, at.inject, { base: at.links, stride: 1 }),
    queues: Array.from(
      { length: setup.workers },
      (_, w) => new LocalQueue(memory, at.queues + w * LocalQueue.words(setup.capacity), setup.capacity),
    ),
  };
}

export function create(setup: Omit<Setup, "buffer">): Setup {
  const at = layout(setup);
  const buffer = new SharedArrayBuffer(4 * at.words);
  const memory = new SharedMemory(new Int32Array(buffer));
  Idle.init(memory, at.idle, setup.workers);
  InjectQueue.init(memory, at.inject);
  for (let w = 0; w < setup.workers; w++) LocalQueue.init(memory, at.queues + w * LocalQueue.words(setup.capacity));
  return { ...setup, buffer };
}

/** The state of every thread, for a human. */
export function dump(setup: Setup): string {
  const { at, memory, idle, inject, queues } = open(setup);
  const lines = queues.map((queue, w) => {
    const phase = PHASES[memory.load(at.states + 16 * w)];
    const ran = memory.load(at.states + 16 * w + 1);
    const parked = idle.isParked(w) ? "parked" : "not parked";
    return `worker ${w}: ${phase}, ${parked}, ran ${ran}, ${queue.length} queued${queue.isStealable ? "" : ", not stealable"}`;
  });
  lines.push(
    `idle: ${idle.searching} searching, ${idle.unparked} unparked, lock ${memory.load(at.idle)}`,
    `inject: ${inject.length} queued${inject.isClosed ? ", closed" : ""}, lock ${memory.load(at.inject)}`,
    `done: ${memory.load(at.done)} of ${setup.endAfter}`,
  );
  return lines.join("\n");
}
