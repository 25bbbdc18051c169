/*
 * What the threads of one runtime share: one block of the arena.
 *
 *   word                 what
 *   0                    PHASE (atomic; the supervisor): WORKING -> CLOSING -> FORCED
 *   1                    BLOCKING (atomic): threads of the blocking pools of all threads
 *   16                   the inject queue
 *   32                   idle.ts
 *   queues               a local queue for each worker, and one for the thread that made the runtime, which others take from and which it never pops
 *   metrics              the counters of each worker, and those of the thread that made the runtime: shared-metrics.ts
 */
import type { Arena } from "../../../memory/arena.js";
import { classFor } from "../../../memory/arena.js";
import { Idle } from "./idle.js";
import { InjectQueue } from "./inject-queue.js";
import { LocalQueue } from "./local-queue.js";
import { RECORD_LINKS } from "./record.js";

/** @internal */
export const WORKING = 0;
/** @internal */
export const CLOSING = 1;
/** Cleanup is cut short. @internal */
export const FORCED = 2;

const PHASE = 0;
const BLOCKING = 1;
const INJECT = 16;
const IDLE = 32;
/** Of the ring of each worker. */
const CAPACITY = 256;
/** For the counters of a thread. @internal */
export const COUNTER_WORDS = 64;

const aligned = (words: number) => (words + 15) & ~15;

/** @internal */
export class Control {
  readonly base: number;
  readonly workers: number;
  readonly idle: Idle;
  readonly inject: InjectQueue;
  /** Those of the workers, then that of the thread that made the runtime. */
  readonly queues: LocalQueue[] = [];
  private readonly arena: Arena;

  /** A view of what `create` has prepared. */
  constructor(arena: Arena, base: number, workers: number) {
    const { memory } = arena;
    this.arena = arena;
    this.base = base;
    this.workers = workers;
    this.idle = new Idle(memory, base + IDLE, workers);
    this.inject = new InjectQueue(memory, base + INJECT, RECORD_LINKS);
    for (let i = 0; i <= workers; i++) this.queues.push(new LocalQueue(memory, this.queueBase(i), CAPACITY));
  }

  static create(arena: Arena, workers: number): Control {
    const { memory } = arena;
    const base = arena.alloc(classFor(Control.words(workers)));
    for (let i = 0; i < Control.words(workers); i++) memory.write(base + i, 0);
    Idle.init(memory, base + IDLE, workers);
    InjectQueue.init(memory, base + INJECT);
    const queues = base + IDLE + aligned(Idle.words(workers));
    for (let i = 0; i <= workers; i++) LocalQueue.init(memory, queues + i * LocalQueue.words(CAPACITY));
    return new Control(arena, base, workers);
  }

  /** Gives the block back. No other thread uses it any more. */
  free(): void {
    this.arena.free(this.base, classFor(Control.words(this.workers)));
  }

  get phase(): number {
    return this.arena.memory.load(this.base + PHASE);
  }

  /** Tells every worker. */
  setPhase(phase: number): void {
    this.arena.memory.store(this.base + PHASE, phase);
    this.idle.wakeAll();
  }

  takeBlockingThread(max: number): boolean {
    const { memory } = this.arena;
    if (memory.add(this.base + BLOCKING, 1) < max) return true;
    memory.sub(this.base + BLOCKING, 1);
    return false;
  }

  /** `count` of them have ended, or if negative were there before. */
  returnBlockingThreads(count: number): void {
    this.arena.memory.sub(this.base + BLOCKING, count);
  }

  get idleBase(): number {
    return this.base + IDLE;
  }

  /** The owner's object for a queue: one thread may have it at a time. */
  ownQueue(index: number): LocalQueue {
    const queue = new LocalQueue(this.arena.memory, this.queueBase(index), CAPACITY);
    this.queues[index] = queue;
    return queue;
  }

  /** Where the counters of a thread are: of a worker, or, numbered after them, of the one that made the runtime. */
  countersOf(thread: number): number {
    return this.queueBase(this.workers + 1) + thread * COUNTER_WORDS;
  }

  private queueBase(index: number): number {
    return this.base + IDLE + aligned(Idle.words(this.workers)) + index * LocalQueue.words(CAPACITY);
  }

  private static words(workers: number): number {
    return IDLE + aligned(Idle.words(workers)) + (workers + 1) * (LocalQueue.words(CAPACITY) + COUNTER_WORDS);
  }
}
