/*
 * The executor of one thread: run queues, the order tasks are picked in, and how it takes turns with the host's event loop.
 *
 * A drain polls tasks until none is runnable or its share of the turn is used up:
 *
 *   wake from a task          -> local queue (or the LIFO slot), no scheduling needed: the drain under way will come to it
 *   wake from anywhere else   -> inject queue; a drain is requested for the end of the current turn (microtask)
 *   every eventInterval polls -> a look at the clock: due timers fire; past TURN_MS since the drain began the loop gets a turn and the drain goes
 *                                on after it (immediate), so that a future that is always ready cannot starve sockets. Looks begin two polls
 *                                apart and spread to the interval, so that long polls do not add up. With an explicit eventInterval they keep
 *                                to it, and the loop gets its turn at each
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

import type { Context } from "../../future/context.js";
import { BUDGET, current } from "../../future/current.js";
import { FnFuture, MAX_NATIVE_DEPTH } from "../../future/frame.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { RuntimeCore } from "../core.js";
import { asyncContext } from "../driver/async-context.js";
import type { AsyncContext, Host } from "../driver/host.js";
import { MeanPollTime } from "../metrics/mean-poll-time.js";
import {
  CANCEL,
  CANCELLED,
  COMPLETE,
  FAILED,
  FORCE,
  LISTED,
  ROOT,
  RUNNING,
  SCHEDULED,
  type Task,
  YIELDED,
} from "../task/task.js";
import type { TaskSource, ThreadPart } from "./multi-thread/thread-part.js";
import { RunQueue } from "./run-queue.js";

/** Milliseconds a drain may run before the event loop gets a turn. A turn costs about a microsecond: this keeps it near one per cent. */
const TURN_MS = 0.1;
/** Milliseconds that drains in microtasks may follow one another before the event loop gets a turn. */
const HELD_TURN_MS = 5;
const LIFO_STREAK = 3;
/** Polls before the first look of a drain, doubled at each look up to the event interval: a few long polls must not make sixty. */
const FIRST_INTERVAL = 2;

/** @internal */
export interface ExecutorOptions {
  readonly eventInterval: number | undefined;
  readonly globalQueueInterval: number;
  readonly lifoSlot: boolean;
  /** Whether polls have hooks around them. */
  readonly observes: boolean;
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
  /** Kept on a worker. */
  readonly meanPoll = new MeanPollTime();

  readonly rt: RuntimeCore;
  /** What this thread is in a multi-thread runtime; what it sends and receives is looked at where the clock is. */
  threads: ThreadPart | null = null;
  /** Where tasks come from that have not begun: on a worker. */
  source: TaskSource | null = null;
  private readonly host: Host;
  private local = new RunQueue();
  private readonly inject = new RunQueue();
  private yielded = new RunQueue();
  private lifo: Task<unknown> | null = null;
  private lifoStreak = 0;
  private isSharingBudget = false;
  private tick = 0;
  private requested = false;
  private readonly eventInterval: number;
  /** No interval was asked for: looks begin close together and spread while polls turn out short. */
  private readonly adaptive: boolean;
  private readonly turnMs: number;
  private globalQueueInterval: number;
  /** The interval follows the mean poll time. */
  private isTuned = false;
  private readonly lifoSlot: boolean;
  private readonly observes: boolean;
  /** Polls left in this drain before the next look at timers and the loop. */
  private left = 0;
  private lastEnd = 0;
  /** The context the runtime was made in, for tasks that captured none: they must not see that of whoever woke the executor. */
  private readonly baseContext: AsyncContext;
  /** Drains since the event loop last had a turn for sure. */
  private microtasks = 0;
  private turnStart = 0;
  private readonly onMicrotask = () => {
    if (this.microtasks++ === 0) this.turnStart = this.host.now();
    this.drain();
  };
  private readonly onTurn = () => {
    this.microtasks = 0;
    this.drain();
  };

  constructor(rt: RuntimeCore, host: Host, options: ExecutorOptions) {
    this.rt = rt;
    this.host = host;
    this.eventInterval = options.eventInterval ?? 61;
    this.adaptive = options.eventInterval === undefined;
    this.turnMs = options.eventInterval === undefined ? TURN_MS : 0;
    this.globalQueueInterval = options.globalQueueInterval;
    this.lifoSlot = options.lifoSlot;
    this.observes = options.observes;
    this.baseContext = host.captureContext();
  }

  /** This is the executor of a worker. */
  serve(source: TaskSource, globalQueueInterval: number | undefined): void {
    this.source = source;
    this.isTuned = globalQueueInterval === undefined;
    if (this.isTuned) this.globalQueueInterval = this.meanPoll.interval;
  }

  get localDepth(): number {
    return this.local.length + this.yielded.length;
  }

  get injectDepth(): number {
    return this.inject.length;
  }

  get hasRunnable(): boolean {
    if (this.lifo !== null || this.local.length + this.inject.length + this.yielded.length > 0) return true;
    return this.source?.hasWork === true;
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

  /** Sees to it that a drain will run at the end of the current turn. */
  request(): void {
    if (this.requested || this.active || this.driven === 0) return;
    this.requested = true;
    if (this.microtasks >= this.eventInterval && this.hasHeldTurn()) this.host.immediate(this.onTurn);
    else this.host.microtask(this.onMicrotask);
  }

  /** Whether drains at the end of one turn have kept the event loop waiting: promise reactions that wake tasks that make promises never end it. */
  private hasHeldTurn(): boolean {
    const now = this.host.now();
    if (now - this.turnStart < HELD_TURN_MS) {
      this.microtasks = 1;
      return false;
    }
    return true;
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
    // A runtime may be drained from inside a poll of another one (its shutdown): that poll goes on as if nothing had been.
    const { runtime, cx, budget, depth, nesting } = current;
    current.depth = 0;
    current.nesting = 0;
    current.budget = BUDGET;
    const wasParked = this.rt.isParked;
    this.rt.unpark();
    const start = this.host.now();
    let lookedAt = start;
    let interval = this.adaptive ? FIRST_INTERVAL : this.eventInterval;
    this.left = interval;
    this.active = true;
    let idle = true;
    let more = false;
    try {
      const { threads, source } = this;
      if (threads !== null) threads.poll();
      this.rt.time.fireDue(start);
      while (this.driven > 0) {
        let task = source === null ? this.pick() : this.pickOnWorker(source);
        if (task === null) {
          if (threads?.poll() === true) continue;
          if (this.releaseYielded()) task = this.local.shift() as Task<unknown>;
          else if (source === null) break;
          else {
            task = source.search();
            if (task === null) break;
          }
        }
        idle = false;
        // The task from the LIFO slot goes on with what its waker left: a pair that wakes each other must not run for ever.
        if (this.isSharingBudget) this.isSharingBudget = false;
        else current.budget = BUDGET;
        if (this.observes || asyncContext.isUsed) this.pollObserved(task);
        else pollNow(this, task);
        if (--this.left <= 0) {
          const polled = interval - this.left;
          if (interval < this.eventInterval) interval = Math.min(interval * 2, this.eventInterval);
          this.left = interval;
          const now = this.host.now();
          if (source !== null) this.measure(now - lookedAt, polled);
          lookedAt = now;
          if (threads !== null) {
            threads.poll();
            threads.publish();
          }
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
      current.runtime = runtime;
      current.cx = cx;
      current.budget = budget;
      current.depth = depth;
      current.nesting = nesting;
      this.lastEnd = this.host.now();
      this.busyMs += this.lastEnd - start;
      if (idle && wasParked) this.noops++;
      if (this.source !== null) this.measure(this.lastEnd - lookedAt, interval - this.left);
      this.threads?.publish();
    }
    return more;
  }

  private measure(ms: number, polls: number): void {
    if (polls === 0) return;
    this.meanPoll.add(ms, polls);
    if (this.isTuned) this.globalQueueInterval = this.meanPoll.interval;
  }

  private pick(): Task<unknown> | null {
    if (++this.tick < this.globalQueueInterval && this.lifo === null) {
      this.lifoStreak = 0;
      return this.local.shift() ?? this.inject.shift();
    }
    return this.pickByRules();
  }

  /** On a worker: tasks that are under way here and tasks that have yet to begin take turns. */
  private pickOnWorker(source: TaskSource): Task<unknown> | null {
    this.tick++;
    if (source.isSearching) {
      // To look for work of others comes first, because nobody else is woken while it counts as searching.
      const task = source.search();
      if (task !== null) return task;
      if (!this.hasRunnable) return null;
      source.stopSearching();
    }
    if (this.tick >= this.globalQueueInterval) {
      this.tick = 0;
      const task = this.inject.shift() ?? source.global();
      if (task !== null) return task;
    }
    if ((this.tick & 1) === 0 && this.lifo === null) {
      const task = source.local();
      if (task !== null) return task;
    }
    return this.pickByRules() ?? source.local();
  }

  private pickByRules(): Task<unknown> | null {
    if (this.tick >= this.globalQueueInterval) {
      this.tick = 0;
      const task = this.inject.shift();
      if (task !== null) return task;
    }
    const lifo = this.lifo;
    if (lifo !== null) {
      this.lifo = null;
      if (this.lifoStreak < LIFO_STREAK && current.budget > 0) {
        this.lifoStreak++;
        this.isSharingBudget = true;
        return lifo;
      }
      this.local.push(lifo);
    }
    this.lifoStreak = 0;
    return this.local.shift() ?? this.inject.shift();
  }

  private releaseYielded(): boolean {
    const yielded = this.yielded;
    if (yielded.isEmpty) return false;
    if (this.local.isEmpty) {
      this.yielded = this.local;
      this.local = yielded;
    } else for (let count = yielded.length; count > 0; count--) this.local.push(yielded.shift() as Task<unknown>);
    return true;
  }

  /** Whether nothing but the running task could run next, and it may go on without a look at timers and the loop. */
  private isAlone(runnable: boolean): boolean {
    if (!this.active || this.left <= 1 || this.observes || asyncContext.isUsed) return false;
    if (!runnable || this.lifo !== null || !this.inject.isEmpty || !this.yielded.isEmpty) return false;
    return this.source === null || !this.source.hasWork;
  }

  /**
   * Polls `task` on the spot, nested in the poll of the task that is about to wait for it: only when it is what would run next anyway and nothing
   * else is runnable, so that the order of polls is the same. Spares a join that suspends for nothing.
   *
   * @returns whether the joiner may go on; false if it was cancelled meanwhile and has to suspend
   */
  runInPlace(task: Task<unknown>, joiner: Context): boolean {
    const self = joiner.waker.owner;
    if (self !== joiner || current.cx !== joiner || task.rt !== self.rt || current.depth >= MAX_NATIVE_DEPTH)
      return true;
    if (!this.isAlone(this.local.holdsOnly(task))) return true;
    this.local.shift();
    this.left--;
    const cancelling = self.state & CANCEL;
    const { budget } = current;
    current.budget = BUDGET;
    current.depth++;
    pollNow(this, task);
    current.depth--;
    current.budget = budget;
    current.cx = joiner;
    return (self.state & CANCEL) === cancelling;
  }

  /**
   * A yield of the running task that would be polled again next: it goes on at once, with a new budget, as if it had been. Not inside a combinator,
   * where other branches of the same task are to have their turn.
   */
  yieldInPlace(task: Task<unknown>): boolean {
    if (!this.local.isEmpty || !this.yielded.isEmpty) return false; // the usual answer first
    if (
      current.nesting !== 1 ||
      !(task.future instanceof FnFuture) ||
      (task.state & (CANCEL | SCHEDULED)) !== 0 ||
      !this.isAlone(true)
    )
      return false;
    if ((task.state & ROOT) === 0) this.polls++;
    this.left--;
    current.budget = BUDGET;
    return true;
  }

  /** A poll with hooks around it, in the task's async context. */
  protected pollObserved(task: Task<unknown>): void {
    if (this.observes) this.rt.beforePoll(task);
    if (asyncContext.isUsed) {
      const run = task.extra?.context ?? this.baseContext;
      run(asyncContext.isValue ? pollAndRecapture : pollNow, this, task);
    } else pollNow(this, task);
    if (this.observes) this.rt.afterPoll(task);
  }

  /** Visits every queued task. */
  forEachQueued(visit: (task: Task<unknown>) => void): void {
    if (this.lifo !== null) visit(this.lifo);
    this.local.forEach(visit);
    this.inject.forEach(visit);
    this.yielded.forEach(visit);
  }

  /** Puts a task that was woken during its poll back into a queue: behind everything runnable if it yielded. */
  requeue(task: Task<unknown>): void {
    const { state } = task;
    if ((state & YIELDED) !== 0) {
      task.state = state & ~YIELDED;
      this.yielded.push(task);
    } else this.local.push(task);
  }
}

/** Polls a task once and moves it to its next state. A function of its own, so that it can run inside a captured async context. */
function pollNow(executor: Executor, task: Task<unknown>): void {
  const before = task.state;
  if ((before & COMPLETE) !== 0) return; // given up while it was queued
  const future = task.slot as Future<unknown>;
  const cancelling = (before & CANCEL) !== 0 && isCancellable(future, before);
  task.state = (before & ~SCHEDULED) | RUNNING;
  if ((before & ROOT) === 0) executor.polls++;
  current.cx = task;
  if (current.runtime !== executor.rt) current.runtime = executor.rt; // an enter() guard may be held across an await
  let output: Poll<unknown>;
  try {
    output = cancelling ? cancel(future, task) : future.poll(task);
  } catch (error) {
    current.cx = null;
    executor.rt.finish(task, FAILED, error);
    return;
  }
  if (output === Pending) {
    const state = task.state & ~RUNNING;
    task.state = state;
    if ((state & LISTED) === 0) executor.rt.list(task);
    if ((state & SCHEDULED) !== 0) executor.requeue(task);
    else if ((state & CANCEL) !== 0 && !cancelling && isCancellable(future, state)) task.wake(); // the shield is over
    return;
  }
  current.cx = null;
  executor.rt.finish(task, cancelling ? CANCELLED : 0, cancelling ? undefined : output);
}

/** Whether a cancellation that was requested may begin, or go on: a shield puts it off, unless the time for cleanup is over. */
function isCancellable(future: Future<unknown>, state: number): boolean {
  return (state & FORCE) !== 0 || !future.isShielded;
}

function pollAndRecapture(executor: Executor, task: Task<unknown>): void {
  pollNow(executor, task);
  if (!task.isComplete) executor.rt.captureContext(task);
}

function cancel(future: Future<unknown>, task: Task<unknown>): Poll<void> {
  if ((task.state & FORCE) === 0) return future.pollCancel(task);
  return future.forceCancel();
}
