/*
 * What is counted of one thread of a runtime: the places of the numbers in its list, and how they are read off the thread's parts. Each thread fills a list of its
 * own; with many threads the lists are in shared memory (multi-thread/shared-metrics.ts).
 */
import type { RuntimeCore } from "../core.js";

/** @internal */
export const POLLS = 0;
/** @internal */
export const NOOPS = 1;
/** @internal */
export const PARKS = 2;
/** How often it parked or came back. @internal */
export const TRANSITIONS = 3;
/** @internal */
export const STEALS = 4;
/** @internal */
export const STEAL_OPERATIONS = 5;
/** @internal */
export const LOCAL_SCHEDULES = 6;
/** @internal */
export const REMOTE_SCHEDULES = 7;
/** @internal */
export const OVERFLOWS = 8;
/** @internal */
export const BUSY_MS = 9;
/** @internal */
export const MEAN_POLL_MS = 10;
/** The thread's id and 1; 0 while there is no thread. @internal */
export const THREAD = 11;
/** Tasks that were spawned on the thread and are not over, wherever they run. @internal */
export const ALIVE_TASKS = 12;
/** @internal */
export const SPAWNED_TASKS = 13;
/** @internal */
export const FORCED_YIELDS = 14;
/** Runnable tasks that have begun, or can only run here. @internal */
export const LOCAL_DEPTH = 15;
/** @internal */
export const INJECT_DEPTH = 16;
/** @internal */
export const BLOCKING_THREADS = 17;
/** @internal */
export const IDLE_BLOCKING_THREADS = 18;
/** @internal */
export const BLOCKING_QUEUE = 19;
/** @internal */
export const IO_REGISTERED = 20;
/** @internal */
export const IO_DEREGISTERED = 21;
/** @internal */
export const IO_READY = 22;
/** How many there are. @internal */
export const COUNTERS = 23;

/** Writes what the thread of `rt` has counted by itself. @internal */
export function readCounters(rt: RuntimeCore, into: Float64Array): void {
  const { executor, blocking, io } = rt;
  into[POLLS] = executor.polls;
  into[NOOPS] = executor.noops;
  readParks(rt, into);
  into[LOCAL_SCHEDULES] = executor.localSchedules;
  into[REMOTE_SCHEDULES] = executor.remoteSchedules;
  into[BUSY_MS] = executor.busyMs;
  into[ALIVE_TASKS] = rt.liveTasks;
  into[SPAWNED_TASKS] = rt.spawnedTasks;
  into[FORCED_YIELDS] = executor.forcedYields;
  into[LOCAL_DEPTH] = executor.localDepth;
  into[INJECT_DEPTH] = executor.injectDepth;
  if (blocking !== null) {
    into[BLOCKING_THREADS] = blocking.numThreads;
    into[IDLE_BLOCKING_THREADS] = blocking.numIdle;
    into[BLOCKING_QUEUE] = blocking.queueDepth;
  }
  into[IO_REGISTERED] = io.registered;
  into[IO_DEREGISTERED] = io.deregistered;
  into[IO_READY] = io.ready;
}

/** Of these, what changes as the thread goes idle or comes back. @internal */
export function readParks(rt: RuntimeCore, into: Float64Array): void {
  const { parks } = rt.executor;
  into[PARKS] = parks;
  into[TRANSITIONS] = 2 * parks - (rt.isParked ? 1 : 0);
}

/** A thread takes the place of one that ended: what was counted goes on. What that one had under way is gone with it. @internal */
export function resumeCounters(rt: RuntimeCore, from: Float64Array): void {
  const { executor, io } = rt;
  const at = (place: number) => from[place] as number;
  executor.polls = at(POLLS);
  executor.noops = at(NOOPS);
  executor.parks = at(PARKS);
  executor.localSchedules = at(LOCAL_SCHEDULES);
  executor.remoteSchedules = at(REMOTE_SCHEDULES);
  executor.busyMs = at(BUSY_MS);
  executor.forcedYields = at(FORCED_YIELDS);
  rt.spawnedTasks = at(SPAWNED_TASKS);
  io.registered = at(IO_REGISTERED);
  io.deregistered = at(IO_REGISTERED);
  io.ready = at(IO_READY);
  dropBlocking(from);
}

/** The thread has ended, and its blocking threads with it. @internal */
export function dropBlocking(counters: Float64Array): void {
  for (const gauge of [BLOCKING_THREADS, IDLE_BLOCKING_THREADS, BLOCKING_QUEUE]) counters[gauge] = 0;
}
