/*
 * A worker: what its thread does besides running its executor. On the worker's thread alone; the states that threads share are in idle.ts, mailbox.ts,
 * local-queue.ts and record.ts. Here it spins, parks and wakes; where it gets its tasks from is in task-finder.ts, the other half of the same object.
 *
 *   RUNNING     the executor runs batches; it asks `local`, `global` and `search` for tasks that have not begun
 *   SEARCHING   as RUNNING, and counted as searching (idle.ts): it has run dry, or was woken to look
 *   PARKED      enlisted as a sleeper, its mailbox says PARKED; the thread is in its event loop, where timers and sockets go on
 *
 *   RUNNING -> SEARCHING   search(), if fewer than half of the workers search
 *   SEARCHING -> RUNNING   stopSearching(): it has a task. The last searcher wakes another one, for there may be more
 *   either -> PARKED       park(), after spinning if it searches. Then it looks once more at its mail, its phase and, if nobody searches, at all queues
 *   PARKED -> either       poll(), which begins every batch: woken as a searcher, or by a timer or socket of its own
 */
import type { FnFuture } from "../../../future/frame.js";
import { BLOCKING_THREADS, slotBase } from "../../../memory/layout.js";
import type { Mailbox } from "../../../memory/mailbox.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import { busyPools } from "../../blocking/busy-pools.js";
import type { RuntimeCore, SpawnOptions } from "../../core.js";
import * as counter from "../../metrics/counters.js";
import type { Task } from "../../task/task.js";
import { otherThreads } from "../other-threads.js";
import { type Control, FORCED, WORKING } from "./control.js";
import { Parker } from "./parker.js";
import { QuietAnswer } from "./quiet-answer.js";
import { type RemoteTasks, remoteTasks } from "./remote-tasks.js";
import { ServedTasks } from "./served-tasks.js";
import { SharedMetrics } from "./shared-metrics.js";
import { TaskFinder, type WorkerSeat } from "./task-finder.js";
import type { ThreadPart } from "./thread-part.js";
import type { WorkerPort } from "./worker-thread.js";

/** Milliseconds a searcher spins before it parks: what a lone task that comes now would wait for the wake-up is about as much. */
const SPIN_MS = 0.05;
/** How many looks-out in a row may be in vain. A worker that has only its own sockets and timers to wait for would look out after each event, at many times its cost. */
const PATIENCE = 16;

/** Milliseconds between looks at whether the runtimes that were made on this thread have come to rest. */
const OWN_MS = 100;

/** @internal */
export class Worker extends TaskFinder implements ThreadPart {
  readonly tasks: RemoteTasks;
  readonly served: ServedTasks;
  readonly metrics: SharedMetrics;

  private readonly mailbox: Mailbox;
  private readonly parker: Parker;
  private readonly port: WorkerPort;
  private readonly quiet: QuietAnswer;
  private readonly processors: number;
  private isParked = false;
  private patience = PATIENCE;
  private waiting: Promise<void> | null = null;
  private phase = WORKING;
  onMessage: (message: unknown) => void = () => {};

  /** @param port - to the thread that made the runtime */
  constructor(rt: RuntimeCore, control: Control, mailbox: Mailbox, seat: WorkerSeat, port: WorkerPort) {
    super(rt, control, mailbox, seat);
    const { memory } = this;
    this.mailbox = mailbox;
    this.processors = rt.host.parallelism();
    this.port = port;
    this.tasks = remoteTasks(mailbox);
    this.served = new ServedTasks(rt, this.tasks, this);
    this.parker = new Parker(memory, control.idle, seat.index);
    this.metrics = new SharedMetrics(rt, control.workers, seat.index);
    this.metrics.join(memory, control);
    const { own } = this.metrics;
    counter.resumeCounters(rt, own);
    this.resumeThefts(own);
    this.quiet = new QuietAnswer(rt, memory, mailbox.slot);
    mailbox.onRung = () => rt.executor.drain();
    mailbox.setParker(control.idleBase, control.workers, seat.index);
    // It may take the place of a thread that died as a sleeper.
    this.isSearching = control.idle.leave(seat.index);
  }

  // Spawning

  spawn(future: FnFuture<unknown>, fn: PortableFn, options: SpawnOptions | undefined): Task<unknown> {
    return this.tasks.spawn(this.rt, this, future, fn, options);
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

  dropParcels(id: number): void {
    this.port.post({ drop: id }, []);
  }

  takeBlockingThread(max: number): boolean {
    if (!this.control.takeBlockingThread(max)) return false;
    this.memory.add(slotBase(this.seat.slot) + BLOCKING_THREADS, 1);
    return true;
  }

  returnBlockingThread(): void {
    this.memory.sub(slotBase(this.seat.slot) + BLOCKING_THREADS, 1);
    this.control.returnBlockingThreads(1);
  }

  /** Sends a message to the thread that made the runtime. */
  tell(message: unknown): void {
    this.port.post(message, []);
  }

  workerOf(_slot: number): number | undefined {
    return undefined;
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
    this.quiet.stir();
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
    if (this.quiet.isAsked) this.port.setRef(false);
    return true;
  }

  /** Home wants to know when it is quiet (quiet.ts). */
  ask(question: number): void {
    this.quiet.ask(question);
    if (this.isParked) this.port.setRef(false);
  }

  onIdle(): void {
    for (let message = this.port.receive(); message !== undefined; message = this.port.receive()) {
      this.onMessage(message);
    }
    // After the messages, of which one may have been a question; else the thread would end.
    this.port.setRef(true);
    if (!this.quiet.isAsked) return;
    const { executor, host } = this.rt;
    if (busyPools.size > 0 || !this.areOwnQuiet()) {
      host.setTimer(() => executor.drain(), OWN_MS);
      return;
    }
    if (!this.isParked || executor.hasRunnable || this.mailbox.hasMail) {
      // Not at the end of this turn: to park lets go of the channel, and the loop is alive by then only if it has something else.
      host.immediate(() => executor.drain());
      return;
    }
    this.port.post(this.quiet.answer(), []);
  }

  /** Whether nothing will happen on the workers of runtimes that were made on this thread. */
  private areOwnQuiet(): boolean {
    const own = otherThreads.current;
    if (own === null || own.areQuiet()) return true;
    own.ask();
    return false;
  }

  get hasMail(): boolean {
    return this.mailbox.hasMail;
  }

  /** Waits for mail, and for the hold to end. To others it is a worker that runs a task. */
  private parkHeld(): boolean {
    this.stopSearching();
    return this.control.phase === this.phase && this.mailbox.listen();
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

  sleep(ms: number): void {
    this.mailbox.sleep(ms);
  }

  // The end

  private onPhase(phase: number): void {
    this.phase = phase;
    if (phase === FORCED) this.rt.shutdownBackground();
    else void this.rt.shutdown();
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
    this.readThefts(own);
    own[counter.MEAN_POLL_MS] = rt.executor.meanPoll.ms;
    // The others count where they were spawned.
    own[counter.ALIVE_TASKS] = rt.liveTasks - this.served.alive;
  }
}
