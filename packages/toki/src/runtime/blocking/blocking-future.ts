/*
 * A job of the blocking pool, as the future of its task. All on the runtime's thread.
 *
 *   QUEUED     in the pool's queue                            -> STARTED by the pool, -> OVER by a cancellation
 *   STARTED    on a thread; a cancellation has to wait        -> DONE, FAILED by the pool, -> OVER if cleanup is cut short
 *   DONE, FAILED   the outcome is here; it wins over a cancellation that came meanwhile
 *   OVER       cancelled, or let go of: what the thread answers is dropped
 *
 * The runtime counts the job (`blockingJobs`, `hold`) while it is QUEUED or STARTED.
 */
import type { Context } from "../../future/context.js";
import { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Waker } from "../../future/waker.js";
import type { EncodedMessage } from "../../portable/registry.js";
import type { BlockingJob } from "../../task/blocking.js";
import type { Task } from "../task/task.js";
import type { BlockingPool } from "./pool.js";
import type { PoolThread } from "./pool-thread.js";

export const QUEUED = 0;
export const STARTED = 1;
export const DONE = 2;
export const FAILED_JOB = 3;
export const OVER = 4;

/** @internal */
export class BlockingFuture<T> extends Future<T> {
  state = QUEUED;
  task: Task<T> | null = null;
  thread: PoolThread | null = null;
  args: readonly unknown[];
  transfer: readonly unknown[];
  /** The arguments, if shared objects are among them. */
  message: EncodedMessage | null = null;
  prev: BlockingFuture<unknown> | null = null;
  following: BlockingFuture<unknown> | null = null;
  readonly job: BlockingJob<T>;
  private readonly pool: BlockingPool;
  private outcome: unknown;
  private waker: Waker | null = null;

  constructor(pool: BlockingPool, job: BlockingJob<T>) {
    super();
    this.pool = pool;
    this.job = job;
    this.args = job.args;
    this.transfer = job.transfer;
  }

  override get isShielded(): boolean {
    return this.state === STARTED || this.state === DONE || this.state === FAILED_JOB;
  }

  poll(cx: Context): Poll<T> {
    if (this.state === FAILED_JOB) throw this.outcome;
    if (this.state === DONE) return this.outcome as T;
    this.waker = cx.waker;
    return Pending;
  }

  /** Called by the pool alone. */
  settle(state: number, outcome: unknown): void {
    this.state = state;
    this.outcome = outcome;
    this.thread = null;
    this.args = [];
    this.transfer = [];
    this.waker?.wake();
  }

  override [Symbol.dispose](): void {
    this.pool.letGo(this as BlockingFuture<unknown>);
  }

  /** Ends the thread of a job that has started: the task is cancelled once it has. */
  terminate(): void {
    this.thread?.terminate();
  }

  override describe(): string {
    const where = this.thread === null ? "queued" : `on ${this.thread.name}`;
    return `blocking ${this.job.name} (${where})`;
  }
}
