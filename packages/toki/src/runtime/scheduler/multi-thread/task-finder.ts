/*
 * Where a worker's next task comes from, and where those go that it spawns. On the worker's thread alone; what is shared has its protocol in local-queue.ts,
 * inject-queue.ts and idle.ts. One object with the rest of the worker (worker.ts), which makes and parks it.
 *
 *   queue, lifoWord   what is queued here. The queue is for all to steal from. The LIFO slot is looked at by nobody else while the thread lives
 *   isSearching       whether idle.ts counts this worker as one that searches: search() and runningDry() begin, stopSearching() ends it. The worker, too:
 *                     to park ends it, and it may wake as a searcher
 *   hadWork           set by whatever comes from other threads; spinning clears it
 *
 * The task spawned last goes to the LIFO slot, which no other worker sees, and the one that was there to the queue, where others do: a task that spawns
 * one other and awaits it never wakes anybody. At most LIFO_STREAK in a row come from the slot.
 */
import { LIFO, slotBase } from "../../../memory/layout.js";
import type { Mailbox } from "../../../memory/mailbox.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import type { RuntimeCore } from "../../core.js";
import * as counter from "../../metrics/counters.js";
import type { Task } from "../../task/task.js";
import type { Control } from "./control.js";
import { type LocalQueue, NO_TASK } from "./local-queue.js";
import type { ServedTasks } from "./served-tasks.js";
import type { TaskSource } from "./thread-part.js";

const LIFO_STREAK = 3;
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
export abstract class TaskFinder implements TaskSource {
  readonly index: number;
  readonly workers: number;
  abstract readonly served: ServedTasks;
  isSearching = false;

  protected readonly rt: RuntimeCore;
  protected readonly control: Control;
  protected readonly seat: WorkerSeat;
  protected readonly memory: SharedMemory;
  /** Whether other threads have had something for this one since it last looked out. */
  protected hadWork = true;
  private readonly queue: LocalQueue;
  /** Where the LIFO slot is: in shared memory, so that what is in it outlives the thread. */
  private readonly lifoWord: number;
  private lifoStreak = 0;
  private steals = 0;
  private stealOperations = 0;
  private overflows = 0;

  constructor(rt: RuntimeCore, control: Control, mailbox: Mailbox, seat: WorkerSeat) {
    this.rt = rt;
    this.memory = mailbox.arena.memory;
    this.lifoWord = slotBase(mailbox.slot) + LIFO;
    this.control = control;
    this.seat = seat;
    this.index = seat.index;
    this.workers = control.workers;
    this.queue = control.ownQueue(seat.index);
  }

  /** Queues a record: of a task that was spawned here. */
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
      const task = this.begin(number);
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
      const number = this.queue.takeFrom(maker, share);
      if (number === NO_TASK) return null;
      const task = this.begin(number);
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
      const task = this.begin(number);
      if (task !== null) return task;
    }
  }

  /** Makes a task of a record that others had queued. */
  private begin(number: number): Task<unknown> | null {
    this.hadWork = true;
    // First: it may take a while, and there may be more to take.
    if (this.isSearching) this.stopSearching();
    // What was moved here without searching was in no queue for a moment, and may have been looked for then: it is announced again.
    else if (!this.queue.isEmpty) this.control.idle.wakeOne();
    return this.served.take(number);
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

  protected get isWorkAnywhere(): boolean {
    const { queues, inject } = this.control;
    if (!inject.isEmpty) return true;
    for (let i = 0; i < queues.length; i++) if (i !== this.index && !(queues[i] as LocalQueue).isEmpty) return true;
    return this.hasTasks;
  }

  /** A task is over; if nothing else is to be done here, this worker begins to search. */
  runningDry(): void {
    if (this.isSearching || this.rt.executor.hasRunnable) return;
    this.isSearching = this.control.idle.beginSearch(this.index);
  }

  /** All that is queued here goes to the others. */
  handOver(): void {
    const { inject, idle } = this.control;
    const lifo = this.takeLifo();
    if (lifo !== EMPTY) inject.push(lifo);
    for (let number = this.queue.pop(); number !== NO_TASK; number = this.queue.pop()) inject.push(number);
    // Whoever takes one of them wakes the next.
    if (!inject.isEmpty) idle.wakeOne();
  }

  close(): void {
    this.served.enterLast();
    // Nobody else sees what is in the slot: it is refused, and its home told.
    const number = this.takeLifo();
    if (number !== EMPTY) this.served.take(number);
  }

  /** Goes on from the numbers of the thread whose place this one takes. */
  protected resumeThefts(from: Float64Array): void {
    this.steals = from[counter.STEALS] as number;
    this.stealOperations = from[counter.STEAL_OPERATIONS] as number;
    this.overflows = from[counter.OVERFLOWS] as number;
  }

  protected readThefts(into: Float64Array): void {
    into[counter.STEALS] = this.steals;
    into[counter.STEAL_OPERATIONS] = this.stealOperations;
    into[counter.OVERFLOWS] = this.overflows;
  }
}
