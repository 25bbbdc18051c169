import type { FnFuture } from "../../../future/frame.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import type { SpawnOptions } from "../../core.js";
import type { MetricsSource } from "../../metrics/metrics-source.js";
import type { Task } from "../../task/task.js";

/** What a thread of a multi-thread runtime has beside its executor: the thread that made it, or a worker. @internal */
export interface ThreadPart {
  /** Which worker this is; undefined on the thread that made the runtime. */
  readonly index: number | undefined;
  readonly workers: number;
  readonly metrics: MetricsSource;
  /** Shows what this thread has counted to the others. */
  publish(): void;
  /** The same, of what changes as it goes idle or comes back. */
  publishPark(): void;
  /** Queues a call for any worker. */
  spawn(future: FnFuture<unknown>, fn: PortableFn, options: SpawnOptions | undefined): Task<unknown>;
  /** Queues a record. */
  push(number: number): void;
  /** The executor begins to run, or looks up between polls: takes in what other threads have sent. True if there was anything. */
  poll(): boolean;
  /** Nothing is runnable: from now on other threads wake this one. False if there is work after all. */
  park(): boolean;
  /** The thread is about to be held up: other threads take what it has queued and not begun. */
  handOver(): void;
  /** On a worker: the event loop has nothing left. */
  onIdle(): void;
  /** Whether other threads have sent anything. */
  readonly hasMail: boolean;
  /** Blocks the thread until another one wakes it, at most `ms` milliseconds. */
  sleep(ms: number): void;
  /** Which worker has the slot. */
  workerOf(slot: number): number | undefined;
  /** Sends a message to the thread of a slot. */
  message(slot: number, message: unknown, transfer: readonly unknown[]): void;
  /** A task with parcels was cancelled before it started. */
  dropParcels(id: number): void;
  /** Counts one more thread of the blocking pools of all threads, unless there are `max`. */
  takeBlockingThread(max: number): boolean;
  /** One of them has ended. */
  returnBlockingThread(): void;
  /** The runtime's shutdown has begun. */
  close(): void;
  /** Its cleanup is cut short. */
  force(): void;
  /** Resolves once no thread is left. */
  ended(): Promise<void> | undefined;
}

/** Where an executor gets tasks from that are in no queue of its own. @internal */
export interface TaskSource {
  /** Whether it counts as searching for tasks of others. */
  readonly isSearching: boolean;
  readonly hasWork: boolean;
  /** The next task of this worker's own: not yet begun. */
  local(): Task<unknown> | null;
  /** One from the queue that all workers share. */
  global(): Task<unknown> | null;
  /** One from anywhere: the shared queue, other workers. */
  search(): Task<unknown> | null;
  /** There is something else to do. */
  stopSearching(): void;
}
