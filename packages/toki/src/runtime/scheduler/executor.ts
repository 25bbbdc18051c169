/*
 * The executor of one thread: run queues, the order tasks are picked in, and how it takes turns with the host's event loop.
 *
 * A drain polls tasks until none is runnable or its share of the turn is used up:
 *
 *   wake from a task          -> local queue (or the LIFO slot), no scheduling needed: the drain under way will come to it
 *   wake from anywhere else   -> inject queue; a drain is requested for the end of the current turn (microtask)
 *   every eventInterval polls -> due timers fire; past TURN_MS since the drain began the loop gets a turn and the drain goes on after it
 *                                (immediate), so that a future that is always ready cannot starve sockets; with an explicit
 *                                eventInterval the loop gets its turn each time
 *   nothing runnable          -> park: arm one host timer for the next deadline and return to the loop
 *
 * Pick order: LIFO slot (where enabled, at most LIFO_STREAK times in a row), local, inject; the inject queue goes first every
 * globalQueueInterval polls. Tasks that yielded wait in `yielded` until nothing else is runnable or the interval has passed, so a loop of
 * yieldNow lets every ready task run in between.
 *
 * Lost wake-ups: a wake either finds `active` (this drain will see the queue before it parks) or requests a drain; `requested` is cleared first
 * thing in a drain, before any queue is read, so a wake that comes after the read requests another.
 *
 * Tasks move only while the runtime is driven (`driven` > 0: a run(), a blockOn(), a promise taken from a JoinHandle, a shutdown). Otherwise
 * they stay queued, as Tokio's current-thread runtime leaves them between calls of block_on.
 */
import { BUDGET, current } from "../../future/current.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { RuntimeCore } from "../core.js";
import type { AsyncContext, Host } from "../driver/host.js";
import { CANCEL, CANCELLED, FAILED, FORCE, ROOT, RUNNING, SCHEDULED, type Task } from "../task/task.js";
import { RunQueue } from "./run-queue.js";

/** Milliseconds a drain may run before the event loop gets a turn. A turn costs about a microsecond: this keeps it near one per cent. */
const TURN_MS = 0.1;
const LIFO_STREAK = 3;

/** @internal */
export interface ExecutorOptions {
  readonly eventInterval: number | undefined;
  readonly globalQueueInterval: number;
  readonly lifoSlot: boolean;
}

/** @internal */
export class Executor {
  active = false;
  driven = 0;
  polls = 0;
  parks = 0;
  noops = 0;
  busyMs = 0;
  localSchedules = 0;
  remoteSchedules = 0;
  forcedYields = 0;

  private readonly rt: RuntimeCore;
  private readonly host: Host;
  private readonly local = new RunQueue();
  private readonly inject = new RunQueue();
  private readonly yielded = new RunQueue(16);
  private lifo: Task<unknown> | null = null;
  private lifoStreak = 0;
  private tick = 0;
  private requested = false;
  private readonly eventInterval: number;
  private readonly turnMs: number;
  private readonly globalQueueInterval: number;
  private readonly lifoSlot: boolean;
  private lastEnd = 0;
  private baseContext: AsyncContext | null = null;
  private readonly onTurn = () => this.drain();

  constructor(rt: RuntimeCore, host: Host, options: ExecutorOptions) {
    this.rt = rt;
    this.host = host;
    this.eventInterval = options.eventInterval ?? 61;
    this.turnMs = options.eventInterval === undefined ? TURN_MS : 0;
    this.globalQueueInterval = options.globalQueueInterval;
    this.lifoSlot = options.lifoSlot;
    if (host.usesAsyncContext()) this.baseContext = host.captureContext();
  }

  get localDepth(): number {
    return this.local.length + this.yielded.length;
  }

  get injectDepth(): number {
    return this.inject.length;
  }

  get hasRunnable(): boolean {
    return this.lifo !== null || this.local.length + this.inject.length + this.yielded.length > 0;
  }

  /** Queues a task whose SCHEDULED bit was just set. */
  schedule(task: Task<unknown>): void {
    if (this.active) {
      this.localSchedules++;
      if (this.lifoSlot) {
        const displaced = this.lifo;
        this.lifo = task;
        if (displaced !== null) this.local.push(displaced);
      } else this.local.push(task);
      return;
    }
    this.remoteSchedules++;
    this.inject.push(task);
    this.request();
  }

  /** Queues the running task behind everything that is runnable now: it yielded. */
  scheduleYielded(task: Task<unknown>): void {
    task.state |= SCHEDULED;
    this.yielded.push(task);
  }

  /** Sees to it that a drain will run at the end of the current turn. */
  request(): void {
    if (this.requested || this.active || this.driven === 0) return;
    this.requested = true;
    this.host.microtask(this.onTurn);
  }

  /** Sees to it that a drain will run after the event loop had a turn. */
  requestTurn(): void {
    if (this.requested) return;
    this.requested = true;
    this.host.immediate(this.onTurn);
  }

  /** Runs what is runnable, within one share of a turn, then arms what continues it. */
  drain(): void {
    this.requested = false;
    if (this.active || this.driven === 0) return;
    const more = this.runBatch(this.turnMs);
    if (this.driven === 0) this.rt.time.disarm();
    else if (more) this.requestTurn();
    else this.rt.park(this.lastEnd);
  }

  /** Polls until idle (false) or out of time (true). */
  runBatch(turnMs: number): boolean {
    const previous = current.runtime;
    this.rt.unpark();
    const start = this.host.now();
    let left = this.eventInterval;
    current.runtime = this.rt;
    this.active = true;
    const pollsBefore = this.polls;
    let more = false;
    try {
      this.rt.time.fireDue(start);
      while (this.driven > 0) {
        const task = this.pick();
        if (task === null) {
          if (!this.releaseYielded()) break;
          continue;
        }
        this.poll(task);
        if (--left === 0) {
          left = this.eventInterval;
          const now = this.host.now();
          this.rt.time.fireDue(now);
          this.releaseYielded();
          if (now - start >= turnMs) {
            more = this.hasRunnable;
            break;
          }
        }
      }
    } finally {
      this.active = false;
      current.runtime = previous;
      this.lastEnd = this.host.now();
      this.busyMs += this.lastEnd - start;
      if (this.polls === pollsBefore) this.noops++;
    }
    return more;
  }

  private pick(): Task<unknown> | null {
    if (++this.tick >= this.globalQueueInterval) {
      this.tick = 0;
      const task = this.inject.shift();
      if (task !== null) return task;
    }
    const lifo = this.lifo;
    if (lifo !== null) {
      this.lifo = null;
      if (this.lifoStreak < LIFO_STREAK) {
        this.lifoStreak++;
        return lifo;
      }
      this.local.push(lifo);
    }
    this.lifoStreak = 0;
    return this.local.shift() ?? this.inject.shift();
  }

  private releaseYielded(): boolean {
    let count = this.yielded.length;
    if (count === 0) return false;
    while (count-- > 0) this.local.push(this.yielded.shift() as Task<unknown>);
    return true;
  }

  private poll(task: Task<unknown>): void {
    this.polls++;
    if (this.rt.observesPolls && (task.state & ROOT) === 0) this.rt.beforePoll(task);
    if (task.context !== null) task.context(this.pollNow, this, task);
    else if (this.host.usesAsyncContext()) this.pollInBaseContext(task);
    else this.pollNow(this, task);
  }

  /** Once anybody uses async context, a task that captured none must not see that of whoever woke the executor. */
  private pollInBaseContext(task: Task<unknown>): void {
    this.baseContext ??= this.host.captureContext();
    this.baseContext(this.pollNow, this, task);
  }

  private pollNow(self: Executor, task: Task<unknown>): void {
    const future = task.future;
    if (future === null) return;
    const cancelling = (task.state & CANCEL) !== 0;
    task.state = (task.state & ~SCHEDULED) | RUNNING;
    current.task = task;
    current.budget = BUDGET;
    let output: Poll<unknown>;
    try {
      output = cancelling ? cancel(future, task) : future.poll(task);
    } catch (error) {
      self.afterPoll(task);
      self.rt.finish(task, FAILED, error);
      return;
    }
    if (output === Pending) {
      self.afterPoll(task);
      const state = task.state & ~RUNNING;
      task.state = state;
      if ((state & SCHEDULED) !== 0 && !self.takeYield(task)) self.local.push(task);
      return;
    }
    self.yielding = null;
    self.afterPoll(task);
    self.rt.finish(task, cancelling ? CANCELLED : 0, cancelling ? undefined : output);
  }

  /** The task that asked to go behind all others during its poll, if any. */
  yielding: Task<unknown> | null = null;

  private takeYield(task: Task<unknown>): boolean {
    if (this.yielding !== task) return false;
    this.yielding = null;
    this.yielded.push(task);
    return true;
  }

  private afterPoll(task: Task<unknown>): void {
    current.task = null;
    if (this.rt.observesPolls && (task.state & ROOT) === 0) this.rt.afterPoll(task);
  }
}

function cancel(future: Future<unknown>, task: Task<unknown>): Poll<void> {
  if ((task.state & FORCE) === 0) return future.pollCancel(task);
  return future.forceCancel();
}
