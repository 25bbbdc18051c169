/*
 * A worker: what its thread does besides running its executor. On the worker's thread alone; the states that threads share are in idle.ts, mailbox.ts,
 * local-queue.ts and record.ts.
 *
 *   RUNNING     the executor runs batches; it asks `local`, `global` and `search` for tasks that have not begun
 *   SEARCHING   as RUNNING, and counted as searching (idle.ts): it has run dry, or was woken to look
 *   PARKED      enlisted as a sleeper, its mailbox says PARKED; the thread is in its event loop, where timers and sockets go on
 *
 *   RUNNING -> SEARCHING   search(), if fewer than half of the workers search
 *   SEARCHING -> RUNNING   stopSearching(): it has a task. The last searcher wakes another one, for there may be more
 *   either -> PARKED       park(), after spinning if it searches. Then it looks once more at its mail, its phase and, if nobody searches, at all queues
 *   PARKED -> either       poll(), which begins every batch: woken as a searcher, or by a timer or socket of its own
 *
 * The task spawned last goes to the LIFO slot, which no other worker sees, and the one that was there to the queue, where others do: a task that spawns
 * one other and awaits it never wakes anybody. At most LIFO_STREAK in a row come from the slot.
 */
import type { FnFuture } from "../../../future/frame.js";
import { LIFO, QUIET, slotBase } from "../../../memory/layout.js";
import type { Mailbox } from "../../../memory/mailbox.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import type { RuntimeCore, SpawnOptions } from "../../core.js";
import { dumpTasks } from "../../dump.js";
import * as counter from "../../metrics/counters.js";
import type { Task } from "../../task/task.js";
import { type Control, FORCED, WORKING } from "./control.js";
import { type LocalQueue, NO_TASK } from "./local-queue.js";
import { Parker } from "./parker.js";
import { RemoteFuture } from "./remote-future.js";
import { type RemoteTasks, remoteTasks } from "./remote-tasks.js";
import { ServedTasks } from "./served-tasks.js";
import { SharedMetrics } from "./shared-metrics.js";
import type { TaskSource, ThreadPart } from "./thread-part.js";
import type { WorkerPort } from "./worker-thread.js";

/** Milliseconds a searcher spins before it parks: what a lone task that comes now would wait for the wake-up is about as much. */
const SPIN_MS = 0.05;
/** How many looks-out in a row may be in vain. A worker that has only its own sockets and timers to wait for would look out after each event, at many times its cost. */
const PATIENCE = 16;
const LIFO_STREAK = 3;
const NO_QUESTION = -1;
/** Of the tasks that it has, how many it describes in a report. */
const MAX_DESCRIBED = 200;
/** Of the LIFO slot: no record has the number 0. */
const EMPTY = 0;

/** @internal */
export interface WorkerSeat {
  readonly index: number;
  readonly slot: number;
  /** The slot of the thread that made the runtime. */
  readonly supervisor: number;
  readonly lifoSlot: boolean;
}

/** @internal */
export class Worker implements ThreadPart, TaskSource {
  readonly index: number;
  readonly workers: number;
  readonly tasks: RemoteTasks;
  readonly served: ServedTasks;
  readonly metrics: SharedMetrics;
  isSearching = false;

  private readonly rt: RuntimeCore;
  private readonly control: Control;
  private readonly seat: WorkerSeat;
  private readonly mailbox: Mailbox;
  private readonly queue: LocalQueue;
  private readonly parker: Parker;
  private readonly port: WorkerPort;
  /** Where the LIFO slot is: in shared memory, so that what is in it outlives the thread. */
  private readonly lifoWord: number;
  private readonly memory: SharedMemory;
  private readonly processors: number;
  private lifoStreak = 0;
  private isParked = false;
  /** Whether other threads have had something for this one since it last looked out. */
  private hadWork = true;
  private patience = PATIENCE;
  private waiting: Promise<void> | null = null;
  private phase = WORKING;
  /** What was asked about its being quiet and has no answer yet, or NO_QUESTION. */
  private question = NO_QUESTION;
  private quietWord = 0;
  private isQuiet = false;
  onMessage: (message: unknown) => void = () => {};

  private steals: number;
  private stealOperations: number;
  private overflows: number;

  /** @param port - to the thread that made the runtime */
  constructor(rt: RuntimeCore, control: Control, mailbox: Mailbox, seat: WorkerSeat, port: WorkerPort) {
    const { memory } = mailbox.arena;
    this.rt = rt;
    this.memory = memory;
    this.lifoWord = slotBase(mailbox.slot) + LIFO;
    this.control = control;
    this.mailbox = mailbox;
    this.seat = seat;
    this.processors = rt.host.parallelism();
    this.index = seat.index;
    this.workers = control.workers;
    this.port = port;
    this.tasks = remoteTasks(mailbox);
    this.served = new ServedTasks(rt, this.tasks, this);
    this.queue = control.ownQueue(seat.index);
    this.parker = new Parker(memory, control.idle, seat.index);
    this.metrics = new SharedMetrics(rt, control.workers, seat.index);
    this.metrics.join(memory, control);
    const { own } = this.metrics;
    counter.resumeCounters(rt, own);
    this.steals = own[counter.STEALS] as number;
    this.stealOperations = own[counter.STEAL_OPERATIONS] as number;
    this.overflows = own[counter.OVERFLOWS] as number;
    memory.store(slotBase(mailbox.slot) + QUIET, 0);
    mailbox.onRung = () => rt.executor.drain();
    mailbox.setParker(control.idleBase, control.workers, seat.index);
    // It may take the place of a thread that died as a sleeper.
    this.isSearching = control.idle.leave(seat.index);
  }

  // Spawning

  spawn(future: FnFuture<unknown>, fn: PortableFn, options: SpawnOptions | undefined): Task<unknown> {
    return this.tasks.spawn(this.rt, this, future, fn, options);
  }

  push(number: number): void {
    this.rt.executor.localSchedules++;
    let queued = number;
    if (this.seat.lifoSlot) {
      queued = this.memory.read(this.lifoWord);
      this.memory.write(this.lifoWord, number);
      if (queued === EMPTY) return;
    }
    this.enqueue(queued);
  }

  private enqueue(number: number): void {
    if (this.queue.push(number, this.control.inject) > 0) this.overflows++;
    this.control.idle.wakeOne();
  }

  message(slot: number, message: unknown, transfer: readonly unknown[]): void {
    this.port.post(slot === this.seat.supervisor ? message : { to: slot, message, transfer }, transfer);
  }

  keepParcels(id: number, values: readonly unknown[], transfer: readonly unknown[]): void {
    this.port.post({ keep: values, id }, transfer);
  }

  wantParcels(id: number): void {
    this.port.post({ want: id, slot: this.seat.slot }, []);
  }

  dropParcels(id: number, isMessage: boolean): void {
    this.port.post({ drop: id, isMessage }, []);
  }

  takeBlockingThread(max: number): boolean {
    return this.control.takeBlockingThread(max);
  }

  returnBlockingThread(): void {
    this.control.returnBlockingThreads(1);
  }

  /** Sends a message to the thread that made the runtime. */
  tell(message: unknown): void {
    this.port.post(message, []);
  }

  workerOf(_slot: number): number | undefined {
    return undefined;
  }

  // Tasks for the executor

  get hasWork(): boolean {
    return !this.served.isHeld && this.hasTasks;
  }

  /** Whether there are tasks here, for this worker or for who takes them. */
  private get hasTasks(): boolean {
    return this.memory.read(this.lifoWord) !== EMPTY || !this.queue.isEmpty;
  }

  local(): Task<unknown> | null {
    if (this.served.isHeld) return null;
    for (;;) {
      let number = this.takeLifo();
      if (number !== EMPTY) {
        if (this.lifoStreak++ >= LIFO_STREAK) {
          this.lifoStreak = 0;
          this.enqueue(number);
          number = this.queue.pop();
        }
      } else {
        this.lifoStreak = 0;
        number = this.queue.pop();
      }
      if (number === NO_TASK) return null;
      const task = this.served.take(number);
      if (task !== null) return task;
    }
  }

  private takeLifo(): number {
    const number = this.memory.read(this.lifoWord);
    if (number !== EMPTY) this.memory.write(this.lifoWord, EMPTY);
    return number;
  }

  global(): Task<unknown> | null {
    if (this.served.isHeld) return null;
    return this.fromInject() ?? this.fromMaker();
  }

  private fromInject(): Task<unknown> | null {
    const { inject, workers } = this.control;
    for (;;) {
      // A fair share, as Tokio takes it.
      const number = inject.popInto(this.queue, Math.floor(inject.length / workers) + 1);
      if (number === NO_TASK) return null;
      this.hadWork = true;
      this.stopSearching();
      const task = this.served.take(number);
      if (task !== null) return task;
    }
  }

  /**
   * From the queue of the thread that made the runtime, which never takes any itself: a worker whose tasks keep it from searching looks there, too, or what is in it
   * would wait for ever.
   */
  private fromMaker(): Task<unknown> | null {
    const maker = this.control.queues[this.workers] as LocalQueue;
    for (;;) {
      if (maker.isEmpty) return null;
      const share = Math.floor(maker.length / this.workers) + 1;
      const number = this.queue.stealFrom(maker, Math.max(1, Math.min(share, this.queue.room())));
      if (number === NO_TASK) return null;
      this.hadWork = true;
      this.stopSearching();
      const task = this.served.take(number);
      if (task !== null) return task;
    }
  }

  search(): Task<unknown> | null {
    if (this.served.isHeld) return null;
    for (;;) {
      const shared = this.fromInject();
      if (shared !== null) return shared;
      if (!this.isSearching) this.isSearching = this.control.idle.beginSearch(this.index);
      if (!this.isSearching) return null;
      const number = this.steal();
      if (number === NO_TASK) return null;
      this.hadWork = true;
      // Before it is turned into a task: that may take a while, and there may be more to take.
      this.stopSearching();
      const task = this.served.take(number);
      if (task !== null) return task;
    }
  }

  /** Before a task runs: one that ends the thread must not leave it counted as searching, for then nobody would be woken any more. */
  stopSearching(): void {
    if (!this.isSearching) return;
    this.isSearching = false;
    // What others have announced to this searcher alone is still to be seen, if it is there; what comes later is announced to somebody else.
    if (this.control.idle.endSearch(this.index) && this.isWorkAnywhere) this.control.idle.wakeOne();
  }

  private steal(): number {
    const { queues } = this.control;
    const count = queues.length;
    const start = this.rt.rng.below(count);
    for (let i = 0; i < count; i++) {
      const victim = (start + i) % count;
      if (victim === this.index) continue;
      const number = this.queue.stealFrom(queues[victim] as LocalQueue);
      if (number === NO_TASK) continue;
      if (victim < this.workers) {
        this.stealOperations++;
        this.steals += this.queue.lastStolen;
        return number;
      }
      // What comes from the thread that made the runtime was queued for anybody: it is no theft, and runs in its order.
      if (this.queue.lastStolen === 1) return number;
      this.queue.push(number, this.control.inject);
      return this.queue.pop();
    }
    return NO_TASK;
  }

  private get isWorkAnywhere(): boolean {
    const { queues, inject } = this.control;
    if (!inject.isEmpty) return true;
    for (let i = 0; i < queues.length; i++) if (i !== this.index && !(queues[i] as LocalQueue).isEmpty) return true;
    return this.hasTasks;
  }

  // Parking

  poll(): boolean {
    if (this.isParked) this.unpark();
    this.served.enterLast();
    const had = this.mailbox.drain();
    if (had) this.hadWork = true;
    const { phase } = this.control;
    if (phase === this.phase) return had;
    // Tasks have become runnable: they were cancelled.
    this.onPhase(phase);
    return true;
  }

  private unpark(): void {
    if (this.isQuiet) {
      // Before it takes anything that others could miss.
      this.isQuiet = false;
      this.memory.store(slotBase(this.seat.slot) + QUIET, 0);
    }
    this.isParked = false;
    this.isSearching = this.control.idle.leave(this.index);
    this.mailbox.unpark();
  }

  park(): boolean {
    this.served.ringOwed();
    if (this.served.isHeld) return this.parkHeld();
    if (this.spin() || this.hasWork) return false;
    const { idle } = this.control;
    this.mailbox.park();
    this.isParked = true;
    const isLast = idle.enlist(this.index, this.isSearching);
    this.isSearching = false;
    if (isLast && this.isWorkAnywhere) idle.wakeOne();
    if (this.mailbox.hasMail || this.control.phase !== this.phase) return false;
    const sleep = this.parker.sleep();
    if (sleep === null) return false;
    if (sleep !== this.waiting) {
      this.waiting = sleep;
      void sleep.then(() => this.rt.executor.drain());
    }
    if (this.question !== NO_QUESTION) this.port.setRef(false);
    return true;
  }

  /** Home wants to know when it is quiet (quiet.ts). */
  ask(question: number): void {
    this.question = question;
    if (this.isParked) this.port.setRef(false);
  }

  onIdle(): void {
    for (let message = this.port.receive(); message !== undefined; message = this.port.receive()) {
      this.onMessage(message);
    }
    // After the messages, of which one may have been a question; else the thread would end.
    this.port.setRef(true);
    if (this.question === NO_QUESTION) return;
    const { executor } = this.rt;
    if (!this.isParked || this.rt.blockingJobs > 0 || executor.hasRunnable || this.mailbox.hasMail) {
      // Not at the end of this turn: to park lets go of the channel, and the loop is alive by then only if it has something else.
      this.rt.host.immediate(() => executor.drain());
      return;
    }
    this.isQuiet = true;
    this.memory.store(slotBase(this.seat.slot) + QUIET, ++this.quietWord);
    const own: Task<unknown>[] = [];
    // What others have is described there.
    this.rt.forEachTask((task) => {
      if (own.length < MAX_DESCRIBED && !(task.future instanceof RemoteFuture)) own.push(task);
    });
    const { tasks } = dumpTasks(own, undefined);
    this.port.post({ quiet: this.quietWord, question: this.question, tasks }, []);
    this.question = NO_QUESTION;
  }

  get hasMail(): boolean {
    return this.mailbox.hasMail;
  }

  /** Waits for mail, and for the hold to end. To others it is a worker that runs a task. */
  private parkHeld(): boolean {
    this.stopSearching();
    return this.control.phase === this.phase && this.mailbox.listen();
  }

  runningDry(): void {
    if (this.isSearching || this.rt.executor.hasRunnable) return;
    this.isSearching = this.control.idle.beginSearch(this.index);
  }

  /** Waits for work to turn up, while it may search. */
  private spin(): boolean {
    // With all processors busy it would take one from who makes the work.
    if (!this.isSearching || this.control.idle.unparked >= this.processors) return false;
    if (this.hadWork) {
      this.hadWork = false;
      this.patience = PATIENCE;
    } else if (this.patience === 0) return false;
    const { host } = this.rt;
    const end = host.now() + SPIN_MS;
    do {
      for (let i = 0; i < 20; i++) if (this.mailbox.hasMail || this.isWorkAnywhere) return true;
    } while (host.now() < end);
    this.patience--;
    return false;
  }

  handOver(): void {
    const { inject, idle } = this.control;
    const lifo = this.takeLifo();
    if (lifo !== EMPTY) inject.push(lifo);
    for (let number = this.queue.pop(); number !== NO_TASK; number = this.queue.pop()) inject.push(number);
    // Whoever takes one of them wakes the next.
    if (!inject.isEmpty) idle.wakeOne();
  }

  sleep(ms: number): void {
    this.mailbox.sleep(ms);
  }

  // The end

  private onPhase(phase: number): void {
    this.phase = phase;
    if (phase === FORCED) this.rt.shutdownBackground();
    else void this.rt.shutdown();
  }

  close(): void {
    this.served.enterLast();
    // Nobody else sees what is in the slot: it is refused, and its home told.
    const number = this.takeLifo();
    if (number !== EMPTY) this.served.take(number);
  }

  force(): void {}

  ended(): undefined {}

  publishPark(): void {
    counter.readParks(this.rt, this.metrics.own);
  }

  publish(): void {
    const { own } = this.metrics;
    const { rt } = this;
    counter.readCounters(rt, own);
    own[counter.STEALS] = this.steals;
    own[counter.STEAL_OPERATIONS] = this.stealOperations;
    own[counter.OVERFLOWS] = this.overflows;
    own[counter.MEAN_POLL_MS] = rt.executor.meanPoll.ms;
    // The others count where they were spawned.
    own[counter.ALIVE_TASKS] = rt.liveTasks - this.served.alive;
  }
}
