/*
 * One runtime: its tasks, its executor and timers, who drives it, and how it ends. Public faces: Runtime, Handle, main.
 *
 * Lifecycle:   OPEN --shutdown*--> CLOSING --no task left, or given up--> CLOSED
 *   OPEN       spawn queues; tasks move while something drives the runtime
 *   CLOSING    every task has been told to cancel; spawn gives back a cancelled handle; the shutdown itself drives
 *   CLOSED     no task, no timer, no listener
 *
 * Drivers: run(), blockOn(), a promise taken from a JoinHandle, a shutdown. Each registers what to do if the program turns out to be deadlocked.
 * `executor.driven` is their number; at 0 nothing runs and nothing of ours keeps the process alive.
 *
 * Deadlock: the event loop reports that it is empty while a driver still waits. No timer, socket or callback is left that could wake a task, so the
 * report is printed, every task is cancelled (its cleanup runs), and the drivers fail. If the cleanup is stuck as well, it is cut short.
 */
import { current } from "../future/current.js";
import type { Future } from "../future/future.js";
import { Waker } from "../future/waker.js";
import { NEXT_ID } from "../memory/layout.js";
import type { Memory } from "../memory/memory.js";
import type { PortableFn } from "../portable/portable-fn.js";
import { busyPools, onJobEnd } from "./blocking/busy-pools.js";
import type { BlockingPool } from "./blocking/pool.js";
import { asyncContext } from "./driver/async-context.js";
import type { Host, HostTimer } from "./driver/host.js";
import { MAX_TIMER_MS } from "./driver/host.js";
import { dumpTasks, type TaskDump } from "./dump.js";
import { DeadlockError, NestedRuntimeError, RuntimeShutdownError } from "./error.js";
import { FailureLog } from "./failure-log.js";
import { IoCounts } from "./metrics/io-counts.js";
import { PollObserver } from "./metrics/poll-observer.js";
import { SlowPolls } from "./metrics/slow-poll.js";
import type { RuntimeOptions, TaskMeta } from "./options.js";
import { Rng } from "./rng.js";
import { Executor } from "./scheduler/executor.js";
import type { RemoteFuture } from "./scheduler/multi-thread/remote-future.js";
import type { TaskSource, ThreadPart } from "./scheduler/multi-thread/thread-part.js";
import { otherThreads } from "./scheduler/other-threads.js";
import { CANCELLED, COMPLETE, FAILED, JOINED, LISTED, REMOTE, ROOT, SCHEDULED, Task } from "./task/task.js";
import { TaskExtra } from "./task/task-extra.js";
import { TimeDriver, type Timer } from "./time/time-driver.js";
import { IDLE, type TimerEntry } from "./time/wheel.js";

/** Milliseconds that `blockOn` polls for at a time, before it looks whether a shutdown has to be cut short. */
const BLOCKING_TURN_MS = 10;
/** Milliseconds that an idle runtime with a paused clock waits for promises of other parties before it advances all the same. */
const FOREIGN_PATIENCE_MS = 1000;

const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;

/** What the spawn functions take besides the future. */
export interface SpawnOptions {
  /** A name for await trees, reports and hooks. */
  name?: string;
}

let nextTaskId = 1;
/** The first id that this thread may not give out. Threads that share memory take ranges, so that an id means one task in the whole process. */
let endOfTaskIds = Number.POSITIVE_INFINITY;
let taskIdMemory: Memory | null = null;
const ID_RANGE = 1024;
let nextRuntimeId = 1;

function newTaskId(): number {
  if (nextTaskId >= endOfTaskIds) takeTaskIds();
  return nextTaskId++;
}

function takeTaskIds(): void {
  nextTaskId = (taskIdMemory as Memory).add(NEXT_ID, 1) * ID_RANGE + 1;
  endOfTaskIds = nextTaskId + ID_RANGE;
}

/** From now on this thread takes its task ids from ranges that other threads see. @internal */
export function shareTaskIds(memory: Memory): void {
  if (taskIdMemory !== null) return;
  taskIdMemory = memory;
  // The thread that makes the memory has given out ids already: it goes on to the end of its range.
  if (nextTaskId === 1) {
    endOfTaskIds = 0;
    return;
  }
  const ranges = Math.ceil(nextTaskId / ID_RANGE);
  memory.add(NEXT_ID, ranges);
  endOfTaskIds = ranges * ID_RANGE + 1;
}

/** Waits of other runtimes for a task of this one. */
interface Guest {
  wakers: Waker[];
  /** Joins the task. */
  readonly ended: Waker;
  readonly stop: () => void;
}

/** Runtimes of this thread that are driven for others. */
const guestOf = new Set<RuntimeCore>();

/** @internal */
export class RuntimeCore {
  readonly id = nextRuntimeId++;
  readonly options: RuntimeOptions;
  readonly host: Host;
  readonly executor: Executor;
  readonly time: TimeDriver;
  readonly rng: Rng;
  readonly failures: FailureLog;
  readonly observer: PollObserver | undefined;
  private readonly slowPolls: SlowPolls | undefined;
  readonly observesTasks: boolean;
  readonly io = new IoCounts();
  liveTasks = 0;
  spawnedTasks = 0;
  /** Promises of other parties that tasks wait for: while such work is under way a paused clock does not advance by itself. */
  foreign = 0;
  /** Jobs of the blocking pool that are queued or running: as `foreign`, without a limit of patience. */
  blockingJobs = 0;
  /** The blocking pool, once something has used it. */
  blocking: BlockingPool | null = null;
  /** This thread's part in a multi-thread runtime. */
  threads: ThreadPart | null = null;
  /** Tasks that were spawned here and are with a worker, or queued for one. */
  remoteTasks = 0;
  /** The process is held for what workers do: see multi-thread/quiet.ts. */
  waitsForThreads = false;
  private waitsForJobs = false;
  /** Waits of tasks for shared objects that other threads have as well. */
  mailWaits = 0;
  /** How `blockOn` waits for these. */
  mail: { sleep(ms: number): void; drain(): void } | null = null;

  private phase = OPEN;
  private tasks: Task<unknown> | null = null;
  /** Roots that are not over. */
  private liveRoots = 0;
  private readonly drivers = new Set<(error: DeadlockError) => void>();
  /** Waits of other runtimes for tasks of this one. */
  private readonly guests = new Map<Task<unknown>, Guest>();
  /** Drivers for others: guests, and futures that use this runtime in tasks of another one. */
  private visits = 0;
  private stopIdleWatch: (() => void) | null = null;
  private deadlock: DeadlockError | null = null;
  private autoAdvancing = false;
  private parked = false;
  private started = false;
  private holds = 0;
  /** Whether its timer keeps the process alive for something else than its time. */
  isHolding = false;
  private holdTimer: HostTimer | null = null;
  private onceEmpty: (() => void)[] = [];
  /** When cleanup is cut short, on the host's scale: for `blockOn`, in which no host timer fires. */
  private forceAt = Number.POSITIVE_INFINITY;
  private readonly closed: (() => void)[] = [];

  constructor(options: RuntimeOptions, host: Host) {
    const observer = PollObserver.from(options, host);
    this.observer = observer;
    this.slowPolls = SlowPolls.from(options, host);
    const observesPolls =
      options.onBeforeTaskPoll !== undefined ||
      options.onAfterTaskPoll !== undefined ||
      observer !== undefined ||
      this.slowPolls !== undefined;
    this.options = options;
    this.host = host;
    this.executor = new Executor(this, host, {
      eventInterval: options.eventInterval,
      globalQueueInterval: options.globalQueueInterval ?? 31,
      lifoSlot: options.lifoSlot ?? false,
      observes: observesPolls,
    });
    if (observer?.tracksLatency) {
      // Over the method of this one executor, so that all others pay nothing for the question.
      const { executor } = this;
      const schedule = executor.schedule.bind(executor);
      executor.schedule = (task) => {
        observer.scheduled(task);
        schedule(task);
      };
    }
    this.time = new TimeDriver(
      host,
      () => this.executor.drain(),
      () => this.executor.request(),
    );
    this.rng = new Rng(options.rngSeed ?? Math.floor(Math.random() * 2 ** 32));
    this.failures = new FailureLog(host, options.onUnhandledFailure);
    this.observesTasks = options.onTaskSpawn !== undefined || options.onTaskTerminate !== undefined || observesPolls;
    if (options.startPaused === true) this.time.pause();
    asyncContext.onFirstEnter ??= () => {
      const { task } = current;
      task?.rt.captureContext(task);
    };
  }

  get isOpen(): boolean {
    return this.phase === OPEN;
  }

  get isParked(): boolean {
    return this.parked;
  }

  private get isEmpty(): boolean {
    return this.liveTasks === 0 && this.liveRoots === 0;
  }

  get isClosed(): boolean {
    return this.phase === CLOSED;
  }

  // Tasks

  spawn<T>(future: Future<T>, options: SpawnOptions | undefined): Task<T> {
    if (this.phase === OPEN) {
      const { threads } = this;
      if (threads !== null) {
        const call = future.asPortable();
        if (call !== null) {
          const task = threads.spawn(call, call.info as PortableFn, options) as Task<T>;
          if (call !== future) future.sentAway();
          return task;
        }
      }
    }
    return this.spawnLocal(future, options);
  }

  /** Starts a task that stays on this thread, whether or not another one could run it. */
  spawnLocal<T>(future: Future<T>, options: SpawnOptions | undefined): Task<T> {
    future.claim();
    if (this.phase === OPEN) {
      const task = this.start(future, options);
      if (this.observesTasks && !this.isOpen) task.abort(); // its own spawn hook began the shutdown
      return task;
    }
    const refused = new Task(this, future, newTaskId(), 0);
    refused.complete(CANCELLED, undefined);
    return refused;
  }

  /** The task of a future that is completed by another thread: it is not polled. */
  startRemote(future: RemoteFuture, options: SpawnOptions | undefined): Task<unknown> {
    const task = new Task<unknown>(this, future, newTaskId(), REMOTE);
    if (options !== undefined || this.observesTasks) this.describeTask(task, options);
    this.spawnedTasks++;
    this.liveTasks++;
    this.list(task);
    return task;
  }

  /** Spawns what ends a future that was dropped: also while the runtime closes, which then waits for it. */
  spawnCleanup(future: Future<void>, name: string): void {
    if (this.phase === CLOSED) future.forceCancel();
    else this.start(future, { name });
  }

  protected start<T>(future: Future<T>, options: SpawnOptions | undefined): Task<T> {
    const task = new Task(this, future, newTaskId(), SCHEDULED);
    // The spawn hook may throw: then the spawn never was.
    if (options !== undefined || this.observesTasks) {
      this.describeTask(task as Task<unknown>, options);
      if (this.phase === CLOSED) {
        task.complete(CANCELLED, undefined); // by that hook
        return task;
      }
    }
    this.spawnedTasks++;
    this.liveTasks++;
    if (asyncContext.isUsed) this.captureContext(task as Task<unknown>);
    this.executor.schedule(task as Task<unknown>);
    return task;
  }

  private describeTask(task: Task<unknown>, options: SpawnOptions | undefined): void {
    const extra = new TaskExtra();
    extra.name = options?.name;
    extra.spawnedAt = this.time.now();
    task.extra = extra;
    try {
      this.options.onTaskSpawn?.(this.metaOf(task));
    } catch (error) {
      task.future?.unclaim();
      throw error;
    }
  }

  captureContext(task: Task<unknown>): void {
    task.extra ??= new TaskExtra();
    task.extra.context = this.host.captureContext();
  }

  metaOf(task: Task<unknown>, scheduleLatency?: number): TaskMeta {
    return { id: task.id, name: task.extra?.name, spawnedAt: task.extra?.spawnedAt ?? 0, scheduleLatency };
  }

  beforePoll(task: Task<unknown>): void {
    this.slowPolls?.before(task);
    if ((task.state & ROOT) !== 0) return;
    this.observer?.beforePoll(task);
    this.options.onBeforeTaskPoll?.(this.metaOf(task, task.extra?.latency));
  }

  afterPoll(task: Task<unknown>): void {
    this.slowPolls?.after(task);
    if ((task.state & ROOT) !== 0) return;
    const latency = task.extra?.latency;
    this.observer?.afterPoll(task);
    this.options.onAfterTaskPoll?.(this.metaOf(task, latency));
  }

  /** Lists a task that did not end at its first poll. */
  list(task: Task<unknown>): void {
    const head = this.tasks;
    task.state |= LISTED;
    task.following = head;
    if (head !== null) head.prev = task;
    this.tasks = task;
    // One that is sent to a worker cannot be told before it is there: see `spawn` of remote-tasks.ts.
    if (this.phase !== OPEN && (task.state & REMOTE) === 0) task.abort(); // it was running, in no queue and on no list, when the shutdown told the others
  }

  private unlist(task: Task<unknown>): void {
    const { prev, following } = task;
    if (prev === null) this.tasks = following;
    else prev.following = following;
    if (following !== null) following.prev = prev;
    task.prev = null;
    task.following = null;
  }

  /** A task is over. Called by the executor, once for each. */
  finish(task: Task<unknown>, outcome: number, output: unknown): void {
    if ((task.state & LISTED) !== 0) this.unlist(task);
    if ((task.state & ROOT) !== 0) this.liveRoots--;
    else {
      this.liveTasks--;
      if (this.observesTasks) this.options.onTaskTerminate?.(this.metaOf(task));
      if (outcome === FAILED && (task.state & JOINED) === 0) this.onFailure(task, output);
    }
    task.complete(outcome, output);
    if (this.phase === CLOSING && this.isEmpty) {
      const waiting = this.onceEmpty;
      this.onceEmpty = [];
      for (const callback of waiting) callback();
    }
  }

  private onFailure(task: Task<unknown>, error: unknown): void {
    this.failures.add(task, error);
    if (this.options.unhandledPanic === "shutdownRuntime") void this.shutdown();
  }

  /** Visits every task that is not over, in no order. The visitor may wake and abort tasks. */
  forEachTask(visit: (task: Task<unknown>) => void): void {
    const queued: Task<unknown>[] = [];
    const running = current.task;
    if (running !== null && running.rt === this && (running.state & LISTED) === 0) queued.push(running);
    this.executor.forEachQueued((task) => {
      if ((task.state & (LISTED | COMPLETE)) === 0) queued.push(task);
    });
    for (let task = this.tasks; task !== null; ) {
      const following: Task<unknown> | null = task.following;
      visit(task);
      task = following;
    }
    for (const task of queued) visit(task);
  }

  dump(): TaskDump {
    const tasks: Task<unknown>[] = [];
    this.forEachTask((task) => tasks.push(task));
    return dumpTasks(
      tasks.sort((a, b) => a.id - b.id),
      this.options.name,
    );
  }

  // Driving

  /** Registers a driver; the result ends it, and may be called twice. */
  drive(onDeadlock: (error: DeadlockError) => void): () => void {
    const driver = (error: DeadlockError) => onDeadlock(error);
    this.drivers.add(driver);
    if (this.executor.driven++ === 0) this.startDriving();
    return () => {
      if (!this.drivers.delete(driver)) return;
      if (--this.executor.driven === 0) this.stopDriving();
    };
  }

  /** Drives the runtime while a task of another one, which `waker` wakes, waits for `task`. */
  driveFor(task: Task<unknown>, waker: Waker): void {
    let guest = this.guests.get(task);
    if (guest === undefined) {
      const stop = this.visit();
      const ended = Waker.from(() => this.endGuest(task));
      guest = { wakers: [], ended, stop };
      this.guests.set(task, guest);
      task.addJoiner(ended);
    }
    if (!guest.wakers.some((known) => known.willWake(waker))) guest.wakers.push(waker);
  }

  /** It waits no more. */
  stopDrivingFor(task: Task<unknown>, waker: Waker): void {
    const guest = this.guests.get(task);
    if (guest === undefined) return;
    guest.wakers = guest.wakers.filter((known) => !known.willWake(waker));
    if (guest.wakers.length === 0) this.endGuest(task);
  }

  private endGuest(task: Task<unknown>): void {
    const guest = this.guests.get(task);
    if (guest === undefined) return;
    this.guests.delete(task);
    task.removeJoiner(guest.ended);
    guest.stop();
  }

  /** Drives the runtime for a future that is not of its tasks. The result ends that, and is called once. */
  visit(): () => void {
    const stop = this.drive(() => {});
    this.visits++;
    guestOf.add(this);
    return () => {
      if (--this.visits === 0) guestOf.delete(this);
      stop();
    };
  }

  private startDriving(): void {
    this.stopIdleWatch = this.host.onIdle(() => this.onIdle());
    if (!this.started) {
      this.started = true;
      this.options.onThreadStart?.();
    }
    this.updateHold();
    // Whoever drives has yet to say what it waits for: nothing may end before, and parking takes in what other threads have sent.
    if (this.executor.hasRunnable || this.remoteTasks > 0) this.executor.request();
    else if (!this.executor.active) this.park(this.host.now());
  }

  private stopDriving(): void {
    this.unpark();
    this.stopIdleWatch?.();
    this.stopIdleWatch = null;
    this.time.disarm();
    this.updateHold();
  }

  /** Keeps the process alive while workers may have something to say. They themselves are kept by the thread that started them. */
  holdForThreads(): void {
    if (this.waitsForThreads || this.threads?.index !== undefined) return;
    this.waitsForThreads = true;
    this.updateHold();
  }

  releaseForThreads(): void {
    if (!this.waitsForThreads) return;
    this.waitsForThreads = false;
    this.updateHold();
  }

  /** Keeps the process alive until a job of another runtime is over: it may wake a task of this one. */
  private holdForJobs(): void {
    if (this.waitsForJobs) return;
    this.waitsForJobs = true;
    this.hold();
    onJobEnd(() => {
      this.waitsForJobs = false;
      this.release();
    });
  }

  /** Keeps the process alive while something waits for a source that does not (a signal). Pairs with `release`. */
  hold(): void {
    this.holds++;
    this.updateHold();
  }

  release(): void {
    this.holds--;
    this.updateHold();
  }

  private updateHold(): void {
    const wanted = (this.holds > 0 || this.waitsForThreads) && this.executor.driven > 0;
    if (wanted === this.isHolding) return;
    this.isHolding = wanted;
    // One timer for the runtime's life: a connection holds and lets go at every message.
    if (this.holdTimer === null) this.armHold();
    else this.holdTimer.setRef(wanted);
  }

  private armHold(): void {
    this.holdTimer = this.host.setTimer(() => this.armHold(), MAX_TIMER_MS);
    if (!this.isHolding) this.holdTimer.setRef(false);
  }

  /** This thread is one of a multi-thread runtime. */
  joinThreads(threads: ThreadPart): void {
    this.threads = threads;
    this.executor.threads = threads;
    this.time.visit = () => this.visit();
  }

  /** This thread is a worker: it gets tasks from `source` as well. */
  serve(source: TaskSource): void {
    this.executor.serve(source, this.options.globalQueueInterval);
  }

  /** Nothing is runnable: goes idle until a wake or the next deadline. */
  park(now: number): void {
    if (this.threads !== null && !this.threads.park()) this.executor.request();
    else if (this.executor.driven === 0)
      return; // mail that came as it looked out has ended the last wait
    else if (!this.beginPark()) this.executor.request();
    else if (this.time.isPaused) {
      if (this.time.wheel.size > 0 && this.blockingJobs === 0) this.scheduleAutoAdvance();
    } else if (!this.time.arm(now)) this.executor.request();
  }

  /** Runs the park hook; false if it made work. */
  private beginPark(): boolean {
    this.executor.parks++;
    this.parked = true;
    // Workers may have been found quiet (quiet.ts) before what has just been done here, or while nobody drove this.
    if (this.remoteTasks > 0) this.holdForThreads();
    this.threads?.publishPark();
    if (this.options.onThreadPark === undefined) return true;
    this.inContext(this.options.onThreadPark);
    return !this.executor.hasRunnable;
  }

  unpark(): void {
    if (!this.parked) return;
    this.parked = false;
    this.threads?.publishPark();
    if (this.options.onThreadUnpark !== undefined) this.inContext(this.options.onThreadUnpark);
  }

  private inContext(callback: () => void): void {
    const previous = current.runtime;
    current.runtime = this;
    try {
      callback();
    } finally {
      current.runtime = previous;
    }
  }

  /** Paused and idle: after the event loop had a turn, and if still idle, the clock jumps to the next deadline. */
  private scheduleAutoAdvance(): void {
    if (this.autoAdvancing) return;
    this.autoAdvancing = true;
    let patience = FOREIGN_PATIENCE_MS;
    const attempt = () => {
      if (
        --patience > 0 &&
        this.foreign > 0 &&
        this.host.hasActiveWork() &&
        this.time.isPaused &&
        this.executor.driven > 0
      ) {
        this.host.setTimer(attempt, 1);
        return;
      }
      this.autoAdvancing = false;
      if (this.blockingJobs > 0) return; // the end of a job wakes its task, and the runtime parks again
      if (!this.time.isPaused || this.executor.driven === 0 || this.executor.hasRunnable) return;
      if (this.time.autoAdvance()) this.executor.drain();
    };
    this.host.immediate(attempt);
  }

  /** The event loop has nothing left that could wake a task, as far as somebody outside can tell. */
  checkDeadlock(): void {
    if (this.isClosed) {
      this.threads?.onIdle(); // tasks of workers may be left
      return;
    }
    const mayAdvance = this.time.isPaused && this.time.wheel.size > 0;
    if (this.parked && !mayAdvance && this.blockingJobs === 0) this.onIdle();
  }

  /** In `blockOn`, which has waited a while for workers: their event loops may say that this is for ever. */
  private checkThreads(): void {
    for (const pool of busyPools) pool.waitSync(0);
    if (busyPools.size > 0) return;
    const others = otherThreads.current;
    if (others === null || others.areQuiet()) this.onIdle();
    else others.ask();
  }

  private onIdle(): void {
    if (this.threads?.index !== undefined) {
      this.threads.onIdle();
      return;
    }
    if (this.executor.driven === 0 || this.executor.hasRunnable) return;
    if (busyPools.size > 0) {
      this.holdForJobs();
      return;
    }
    const others = otherThreads.current;
    if (others !== null && !others.areQuiet()) {
      this.holdForThreads();
      others.ask();
      return;
    }
    // Who waits for this one's tasks reports.
    if (this.drivers.size === this.visits) return;
    if (this.deadlock === null) {
      const dump = this.dump();
      this.deadlock = new DeadlockError((others?.complete(dump) ?? dump).toString());
      this.host.report(`toki: ${this.deadlock.message}\n\n${this.deadlock.report}`);
      this.forEachTask((task) => task.abort());
    }
    // Nothing began to unwind: it is cleanup that is stuck.
    if (!this.executor.hasRunnable) this.forEachTask((task) => task.forceUnwind());
    if (this.executor.hasRunnable) {
      this.executor.request();
      // A turn of the loop, so that the loop tells us again if the cleanup waits for ever too.
      this.host.immediate(() => {});
      return;
    }
    for (const driver of [...this.drivers]) driver(this.deadlock);
  }

  private rejectNested(what: string): void {
    if (current.cx !== null || this.executor.active) throw new NestedRuntimeError(what);
  }

  protected startRoot<T>(future: Future<T>): Task<T> {
    future.claim();
    const root = new Task(this, future, 0, ROOT);
    this.deadlock = null;
    this.liveRoots++;
    if (asyncContext.isUsed) this.captureContext(root as Task<unknown>);
    root.wake();
    return root;
  }

  /** How a root ended, as a return or a throw. */
  protected outcomeOf<T>(root: Task<T>): T {
    if ((root.state & FAILED) !== 0) throw root.output;
    if ((root.state & CANCELLED) !== 0) {
      throw this.deadlock ?? (this.phase === OPEN ? new RootCancelled() : new RuntimeShutdownError("run"));
    }
    return root.output as T;
  }

  run<T>(future: Future<T>, signal: AbortSignal | undefined): Promise<T> {
    this.rejectNested("run");
    if (this.phase !== OPEN) throw new RuntimeShutdownError("run");
    return new Promise<T>((resolve, reject) => {
      const root = this.startRoot(future);
      const onAbort = () => root.abort();
      const settle = (error?: DeadlockError) => {
        signal?.removeEventListener("abort", onAbort);
        try {
          if (error !== undefined) throw error;
          resolve(this.outcomeOf(root));
        } catch (error) {
          reject(error instanceof RootCancelled && signal?.aborted ? signal.reason : error);
        }
        stop();
      };
      const stop = this.drive(settle);
      // The start hook may have shut the runtime down.
      if (root.isComplete) settle();
      else root.addJoiner(Waker.from(() => settle()));
      if (signal !== undefined) {
        if (signal.aborted) root.abort();
        else signal.addEventListener("abort", onAbort);
      }
      this.executor.request();
    });
  }

  /** Runs `future` to its end on this thread, which blocks: timers are waited for, the event loop gets no turn. */
  blockOn<T>(future: Future<T>): T {
    this.rejectNested("blockOn");
    if (this.phase !== OPEN) throw new RuntimeShutdownError("blockOn");
    const root = this.startRoot(future);
    let failed: DeadlockError | undefined;
    const stop = this.drive((error) => {
      failed = error;
    });
    try {
      root.addJoiner(Waker.from(stop));
      while ((root.state & COMPLETE) === 0 && failed === undefined) this.blockOnce(root as Task<unknown>);
      if (failed !== undefined) throw failed;
      return this.outcomeOf(root);
    } finally {
      if ((root.state & COMPLETE) === 0) this.finish(root as Task<unknown>, CANCELLED, undefined);
      stop();
    }
  }

  private blockOnce(root: Task<unknown>): void {
    this.executor.runBatch(BLOCKING_TURN_MS);
    let force = this.untilForced();
    if ((root.state & COMPLETE) !== 0 || force <= 0 || this.executor.hasRunnable || !this.beginPark()) return;
    let wait = Math.min(this.time.untilNext(this.host.now()), force);
    let remote: RuntimeCore = this;
    let jobs: RuntimeCore = this;
    let mail = this.mailWaits > 0 ? this.mail : null;
    for (const other of guestOf) {
      if (other === this) continue;
      const cut = other.untilForced();
      const next = Math.min(other.time.untilNext(this.host.now()), cut);
      if (other.executor.hasRunnable || next <= 0) {
        other.executor.runBatch(0);
        return;
      }
      force = Math.min(force, cut);
      wait = Math.min(wait, next);
      if (other.mailWaits > 0) mail = other.mail;
      if (other.remoteTasks > 0 && remote.remoteTasks === 0) remote = other;
      if (other.blockingJobs > 0 && jobs.blockingJobs === 0) jobs = other;
    }
    if (remote.remoteTasks > 0 || mail !== null) {
      // With jobs of the blocking pool as well, it looks after both in turn.
      const hasJobs = jobs.blockingJobs > 0;
      const ms = hasJobs ? Math.min(wait, 1) : wait;
      if (remote.remoteTasks > 0) remote.threads?.sleep(ms);
      else mail?.sleep(ms);
      // This runtime's own is looked at in the next batch.
      const hasMail = remote === this ? remote.threads?.hasMail : remote.threads?.poll();
      mail?.drain();
      if (wait === Number.POSITIVE_INFINITY && !hasJobs && hasMail !== true && !this.executor.hasRunnable) {
        this.checkThreads();
      }
      if (hasJobs) jobs.blocking?.waitSync(0);
    } else if (jobs.blockingJobs > 0) {
      jobs.blocking?.waitSync(this.time.isPaused ? force : wait);
    } else if (wait === Number.POSITIVE_INFINITY) {
      // Of a runtime that nobody drives.
      const [busy] = busyPools;
      if (busy === undefined) this.onIdle();
      else busy.waitSync(wait);
    } else if (!this.time.isPaused || !this.time.autoAdvance()) this.host.block(wait);
  }

  /** Milliseconds until cleanup is cut short; what is due is. */
  private untilForced(): number {
    if (this.forceAt === Number.POSITIVE_INFINITY) return this.forceAt;
    const left = this.forceAt - this.host.now();
    if (left <= 0) this.forceShutdown();
    return left;
  }

  // Shutdown

  /** Cancels every task and resolves once their cleanup has ended. */
  shutdown(): Promise<void> {
    if (this.phase === CLOSED) return this.threadsEnded();
    return new Promise((resolve) => {
      const stop = this.beginShutdown(() => {
        resolve(this.threadsEnded());
        stop();
      });
    });
  }

  /** Resolves once the threads are gone that have nothing to do any more. */
  private async threadsEnded(): Promise<void> {
    await this.blocking?.ended();
    await this.threads?.ended();
  }

  /** Calls back when the runtime is closed. */
  onClosed(callback: () => void): void {
    this.closed.push(callback);
  }

  /** As `shutdown`, but cleanup that takes longer than `ms` is cut short. */
  shutdownTimeout(ms: number): Promise<void> {
    const done = this.shutdown();
    if (this.phase === CLOSED) return done;
    this.forceAt = Math.min(this.forceAt, this.host.now() + ms);
    const timer = this.host.setTimer(() => this.forceShutdown(), Math.min(ms, MAX_TIMER_MS));
    return done.finally(() => timer.clear());
  }

  /** Cancels every task without waiting: cleanup runs, but its awaits do not wait. */
  shutdownBackground(): void {
    if (this.phase === CLOSED) return;
    void this.shutdown();
    this.forceShutdown();
  }

  /** Gives an aborted task's cleanup `ms` milliseconds; after that it is cut short. */
  limitCleanup(task: Task<unknown>, ms: number): void {
    const timer = new CleanupDeadline(task, this.time, ms);
    task.addJoiner(timer);
  }

  private beginShutdown(onClosed: () => void): () => void {
    this.phase = CLOSING;
    const stop = this.drive(() => {
      this.close();
      onClosed();
    });
    this.onceEmpty.push(() => this.close(), onClosed);
    this.threads?.close();
    this.forEachTask((task) => task.abort());
    if (this.isEmpty) this.finishEmpty();
    else this.executor.request();
    return stop;
  }

  private finishEmpty(): void {
    const waiting = this.onceEmpty;
    this.onceEmpty = [];
    // After beginShutdown has returned, so that its callers hold what it gives them.
    this.host.microtask(() => {
      if (!this.isEmpty)
        this.onceEmpty.push(...waiting); // the cleanup of what was dropped meanwhile
      else for (const callback of waiting) callback();
    });
  }

  private forceShutdown(): void {
    this.forceAt = Number.POSITIVE_INFINITY;
    this.threads?.force();
    const round = () => {
      this.forEachTask((task) => task.forceUnwind());
      this.executor.runBatch(Number.POSITIVE_INFINITY);
      this.executor.drain();
    };
    if (this.executor.active) {
      // At once for tasks that are cleaning up: in blockOn no microtask comes.
      this.forEachTask((task) => task.forceUnwind());
      this.host.microtask(round);
    } else round();
  }

  private close(): void {
    if (this.phase === CLOSED) return;
    this.phase = CLOSED;
    this.forceAt = Number.POSITIVE_INFINITY;
    this.time.shutdown();
    this.holdTimer?.clear();
    this.blocking?.close();
    this.failures.reportAll();
    if (this.started) this.options.onThreadStop?.();
    for (const callback of this.closed) callback();
  }
}

/** A timer entry that cuts a task's cleanup short, and leaves the wheel when the task ends in time. */
class CleanupDeadline extends Waker implements Timer {
  timerWhen: number;
  timerNext: TimerEntry | null = null;
  timerPrev: TimerEntry | null = null;
  timerSlot = IDLE;
  private readonly task: Task<unknown>;
  private readonly time: TimeDriver;

  constructor(task: Task<unknown>, time: TimeDriver, ms: number) {
    super();
    this.task = task;
    this.time = time;
    this.timerWhen = time.tickOf(time.now() + ms);
    if (ms <= 0 || !time.insert(this)) this.fire();
  }

  fire(): void {
    this.task.forceUnwind();
  }

  /** The task is over. */
  wake(): void {
    this.time.remove(this);
  }
}

/** A root was cancelled through its AbortSignal. */
class RootCancelled extends Error {
  override readonly name = "AbortError";
  readonly code = "ABORT_ERR";

  constructor() {
    super("The run was aborted");
  }
}
