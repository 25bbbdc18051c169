/*
 * The counters of one worker in shared memory: numbers of 64 bits, written by the worker alone, plainly, as it ends a batch of polls or parks, and read by
 * anybody at any time. A reader may see a batch that is not complete, never a wrong number: an aligned 64-bit access is one access.
 */
import type { SharedMemory } from "../../../memory/shared-memory.js";

/** @internal */
export const COUNTERS = [
  "polls",
  "noops",
  "parks",
  "unparks",
  "steals",
  "stealOperations",
  "localSchedules",
  "overflows",
  "busyMs",
  "meanPollMs",
  "threadId",
  "aliveTasks",
  "spawnedTasks",
  "remoteSchedules",
  "forcedYields",
  "blockingThreads",
  "idleBlockingThreads",
  "blockingQueueDepth",
  "ioRegistered",
  "ioDeregistered",
  "ioReady",
] as const;

/** @internal */
export type Counter = (typeof COUNTERS)[number];

/** @internal */
export const COUNTER_WORDS = 64;

/** @internal */
export class WorkerCounters {
  private readonly memory: SharedMemory;
  private readonly base: number;
  private readonly places: Float64Array;

  constructor(memory: SharedMemory, base: number) {
    this.memory = memory;
    this.base = base;
    this.places = new Float64Array(memory.reaching(base).buffer, base * 4, COUNTERS.length);
  }

  /** Worker. */
  set(counter: Counter, value: number): void {
    this.places[COUNTERS.indexOf(counter)] = value;
  }

  get(counter: Counter): number {
    this.memory.load(this.base); // orders the read after what this thread has learnt of by then
    return this.places[COUNTERS.indexOf(counter)] as number;
  }
}
