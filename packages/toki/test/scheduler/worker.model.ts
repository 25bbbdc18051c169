// Workers in miniature over the production queues and the production parking protocol, for the loom: they look for work
// in the scheduler's order, run tasks which may spawn others, sleep, and end when all tasks are done.
// A schedule in which work is queued while everybody sleeps is a deadlock.
import assert from "node:assert/strict";
import type { Memory } from "../../dist/memory/memory.js";
import * as idleModule from "../../dist/runtime/scheduler/multi-thread/idle.js";
import * as injectModule from "../../dist/runtime/scheduler/multi-thread/inject-queue.js";
import { LocalQueue, NO_TASK } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import type { Model, Options } from "../support/loom/index.js";

const CAPACITY = 4;
const QUEUE = 40;
const INJECT = 120;
const LINKS = { base: 130, stride: 1 };
const DONE = 139;
const RAN = 140;
const IDLE = 150;

export const options: Options = {
  words: IDLE + idleModule.Idle.words(3),
  names(index) {
    if (index >= IDLE + 16)
      return `${index % 16 === IDLE % 16 ? "PARK" : "SEEKS"}[${Math.floor((index - IDLE - 16) / 16)}]`;
    if (index >= IDLE) return `idle.${["LOCK", "STATE", "WORKERS"][index - IDLE]}`;
    if (index >= RAN) return `ran[${index - RAN}]`;
    if (index === DONE) return "DONE";
    if (index >= LINKS.base) return `link[${index - LINKS.base}]`;
    if (index >= INJECT) return `inject.${["LOCK", "HEAD", "TAIL", "STATE"][index - INJECT]}`;
    const word = index % QUEUE;
    const part =
      word === 0 ? "HEAD" : word === 1 ? "STEAL" : word === 2 ? "MARK" : word === 16 ? "TAIL" : `slot[${word - 32}]`;
    return `${"abc"[Math.floor(index / QUEUE)]}.${part}`;
  },
};

export interface Code {
  Idle: typeof idleModule.Idle;
  InjectQueue: typeof injectModule.InjectQueue;
  /** Whether a worker that enlists looks at its inbox (here: whether the queue is closed) once more. */
  looksAgain: boolean;
  /** Whether a worker that moved several tasks into its own queue, without searching, tells of them. */
  announces: boolean;
}

export const production: Code = {
  Idle: idleModule.Idle,
  InjectQueue: injectModule.InjectQueue,
  looksAgain: true,
  announces: true,
};

interface Program {
  workers: number;
  /** Tasks that another thread pushes, one by one. */
  pushed: number[];
  /** What a task spawns when it runs. */
  spawns: Record<number, number[]>;
  /** Tasks that block their worker until another task has run: a second worker must take that one. */
  needs?: Record<number, number>;
  /** How many tasks a worker takes at a time from the inject queue. */
  batch?: number;
  total: number;
}

function parts({ Idle, InjectQueue }: Code, workers: number, memory: Memory) {
  return {
    idle: new Idle(memory, IDLE, workers),
    inject: new InjectQueue(memory, INJECT, LINKS),
    queues: Array.from({ length: workers }, (_, w) => new LocalQueue(memory, w * QUEUE, CAPACITY)),
  };
}

function work(code: Code, program: Program, memory: Memory, worker: number): number[] {
  const { idle, inject, queues } = parts(code, program.workers, memory);
  const own = queues[worker]!;
  const ran: number[] = [];
  let searching = false;

  const next = (): number => {
    let task = own.pop();
    if (task !== NO_TASK) return task;
    task = inject.popInto(own, program.batch ?? 1);
    if (task !== NO_TASK) return task;
    if (!searching) searching = idle.beginSearch(worker);
    if (!searching) return NO_TASK;
    for (const victim of queues) {
      if (victim === own) continue;
      task = own.stealFrom(victim);
      if (task !== NO_TASK) return task;
    }
    return inject.pop();
  };

  while (true) {
    const task = next();
    if (task !== NO_TASK) {
      if (searching ? idle.endSearch(worker) : code.announces && !own.isEmpty) idle.wakeOne();
      searching = false;
      ran.push(task);
      for (const child of program.spawns[task] ?? []) {
        own.push(child, inject);
        idle.wakeOne();
      }
      if (program.needs !== undefined) {
        memory.store(RAN + task, 1);
        memory.notify(RAN + task, 1);
        const needed = program.needs[task];
        if (needed !== undefined) while (memory.load(RAN + needed) === 0) memory.wait(RAN + needed, 0);
      }
      if (memory.add(DONE, 1) + 1 === program.total) {
        inject.close();
        idle.wakeAll();
      }
      continue;
    }
    if (inject.isClosed) return ran;
    const last = idle.enlist(worker, searching);
    if (last && (!inject.isEmpty || queues.some((queue) => !queue.isEmpty))) idle.wakeOne();
    if (!code.looksAgain || !inject.isClosed) idle.sleep(worker);
    searching = idle.leave(worker);
  }
}

/** The program as a model. Each task must run once, and everybody must come to an end. */
export const program = (code: Code, program: Program) => (model: Model) => {
  code.Idle.init(model.memory, IDLE, program.workers);
  code.InjectQueue.init(model.memory, INJECT);
  for (let w = 0; w < program.workers; w++) LocalQueue.init(model.memory, w * QUEUE);
  for (let w = 0; w < program.workers; w++) model.thread(`worker ${w}`, (memory) => work(code, program, memory, w));
  if (program.pushed.length > 0) {
    model.thread("outside", (memory) => {
      const { inject, idle } = parts(code, program.workers, memory);
      for (const task of program.pushed) {
        inject.push(task);
        idle.wakeOne();
      }
      return [];
    });
  }
  model.after((ran) => {
    const all = (ran.flat() as number[]).sort((x, y) => x - y);
    assert.deepEqual(
      all,
      Array.from({ length: program.total }, (_, i) => i),
    );
    const { idle } = parts(code, program.workers, model.memory);
    assert.equal(idle.unparked, program.workers);
  });
};

export const oneWorker: Program = { workers: 1, pushed: [0, 1], spawns: {}, total: 2 };
export const twoWorkers: Program = { workers: 2, pushed: [0, 1], spawns: {}, total: 2 };
export const spawning: Program = { workers: 2, pushed: [0], spawns: { 0: [1, 2] }, total: 3 };
export const threeWorkers: Program = { workers: 3, pushed: [0], spawns: { 0: [1] }, total: 2 };
export const dependent: Program = { workers: 2, pushed: [0, 1], spawns: {}, needs: { 0: 1 }, total: 2 };
export const batched: Program = { ...dependent, batch: 2 };
export const dependentChild: Program = { workers: 2, pushed: [0], spawns: { 0: [1] }, needs: { 0: 1 }, total: 2 };
