/*
 * The thread that made a multi-thread runtime: it starts the workers at the first spawn that needs one, replaces those that end, queues what is spawned
 * here, and stops everything. On that thread alone.
 *
 *   IDLE      no thread, no shared memory: a program that spawns nothing for workers stays here
 *   STARTED   -> at the first such spawn
 *   CLOSING   -> close(): the workers cancel their tasks and end; force() makes them do it without waiting
 *   ENDED     -> the last one has ended, and so has every task of this thread, which may be in a queue until then: the memory is given back
 *
 * A worker: starting --ready--> working --ended--> gone, and another one with its number takes its place while the runtime is STARTED
 *   A worker that ends while it starts is tried again, MAX_START_FAILURES times in a row: then no task that is queued will ever run, and all fail.
 *   A worker that ends while it works fails the tasks it had begun, wherever they were spawned. It gets a slot of its own only once in its life, so that
 *   tasks its successor has taken by then are not mistaken for its own.
 */
import type { FnFuture } from "../../../future/frame.js";
import { LIFO, MAIL, QUIET, slotBase } from "../../../memory/layout.js";
import type { Mailbox } from "../../../memory/mailbox.js";
import { MEMORY_COPY, threadEnded, threadMailbox } from "../../../memory/thread.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import { portable, refuseWhileImporting } from "../../../portable/registry.js";
import { ThreadEndedError } from "../../blocking/thread-ended-error.js";
import { type RuntimeCore, type SpawnOptions, shareTaskIds } from "../../core.js";
import { TaskDump, type TaskSnapshot } from "../../dump.js";
import { DeadlockError } from "../../error.js";
import { readCounters, readParks } from "../../metrics/counters.js";
import type { Task } from "../../task/task.js";
import { threadHooks } from "../../thread-hooks.js";
import { CLOSING, Control, FORCED } from "./control.js";
import { type LocalQueue, NO_TASK } from "./local-queue.js";
import { Lookout } from "./lookout.js";
import { ParcelStore, undeliverable } from "./parcel-store.js";
import { type QuietMember, type QuietWatch, quietWatch } from "./quiet.js";
import * as record from "./record.js";
import { type RemoteTasks, remoteTasks } from "./remote-tasks.js";
import { breakLocks } from "./repair.js";
import { SharedMetrics } from "./shared-metrics.js";
import type { ThreadPart } from "./thread-part.js";
import { WorkerHandle } from "./worker-handle.js";
import { workerOptions } from "./worker-options.js";
import { WORKER_SOURCE } from "./worker-source.js";
import { WORKER_MODULE, type WorkerSetup } from "./worker-thread.js";

const MAX_START_FAILURES = 3;
/** Milliseconds between looks at whether the threads are still there, while `blockOn` holds the event loop that would say so. */
const PROBE_MS = 50;

/** Milliseconds that this thread waits for a lock before it looks whether a thread died that had it. */
const STALL_MS = 50;

interface Started {
  readonly control: Control;
  readonly queue: LocalQueue;
  readonly tasks: RemoteTasks;
  readonly mailbox: Mailbox;
}

/** @internal */
export class Supervisor implements ThreadPart, QuietMember {
  readonly index = undefined;
  readonly workers: number;
  readonly metrics: SharedMetrics;
  private readonly rt: RuntimeCore;
  private started: Started | null = null;
  private readonly threads = new Map<number, WorkerHandle>();
  /** The slots of workers that are no more, and who has yet to hear of it. */
  private readonly graves = new Map<number, Set<WorkerHandle>>();
  private stopWatching = () => {};
  private readonly parcels = new ParcelStore((slot, id, values, transfer) =>
    this.message(slot, { parcels: values, id }, transfer),
  );
  /** Of this thread's own pool. */
  private blockingThreads = 0;
  private startFailures = 0;
  private phase = 0;
  private readonly quiet: QuietWatch;
  private onEnded: (() => void)[] = [];
  private isEnded = false;
  private stopIdleWatch: (() => void) | undefined;
  private isBroken: unknown;
  private readonly lookout: Lookout;

  constructor(rt: RuntimeCore, workers: number) {
    this.rt = rt;
    this.workers = workers;
    this.quiet = quietWatch(rt.host);
    this.lookout = new Lookout(rt.host, rt.executor);
    this.metrics = new SharedMetrics(rt, workers, workers);
  }

  // Spawning

  spawn(future: FnFuture<unknown>, fn: PortableFn, options: SpawnOptions | undefined): Task<unknown> {
    const { tasks } = this.started ?? this.start(fn);
    const task = tasks.spawn(this.rt, this, future, fn, options);
    if (this.isBroken !== undefined) tasks.failQueued(this.rt, this.isBroken);
    return task;
  }

  push(number: number): void {
    const { queue, control } = this.started as Started;
    this.rt.executor.remoteSchedules++;
    queue.push(number, control.inject);
    control.idle.wakeOne();
  }

  message(slot: number, message: unknown, transfer: readonly unknown[]): void {
    for (const worker of this.threads.values()) {
      if (worker.slot !== slot) continue;
      worker.post(message, transfer);
      return;
    }
    undeliverable(message);
  }

  keepParcels(id: number, values: readonly unknown[], transfer: readonly unknown[]): void {
    this.parcels.keep(id, structuredClone([...values], { transfer: [...transfer] as ArrayBuffer[] }));
  }

  dropParcels(id: number, isMessage: boolean): void {
    this.parcels.drop(id, isMessage);
  }

  takeBlockingThread(max: number): boolean {
    if (this.blockingThreads >= max) return false;
    if (this.live !== null && !this.live.control.takeBlockingThread(max)) return false;
    this.blockingThreads++;
    return true;
  }

  returnBlockingThread(): void {
    this.blockingThreads--;
    this.live?.control.returnBlockingThreads(1);
  }

  /** The shared part, while there is one. */
  private get live(): Started | null {
    return this.isEnded ? null : this.started;
  }

  workerOf(slot: number): number | undefined {
    for (const worker of this.threads.values()) if (worker.slot === slot) return worker.index;
    return undefined;
  }

  publish(): void {
    readCounters(this.rt, this.metrics.own);
  }

  publishPark(): void {
    readParks(this.rt, this.metrics.own);
  }

  // Threads

  private start(first: PortableFn): Started {
    if (portable().importing.size > 0) this.watchSpawns(first);
    const mailbox = threadMailbox();
    shareTaskIds(mailbox.arena.memory);
    const control = Control.create(mailbox.arena, this.workers);
    const tasks = remoteTasks(mailbox);
    this.started = { control, tasks, mailbox, queue: control.ownQueue(this.workers) };
    control.returnBlockingThreads(-this.blockingThreads);
    this.quiet.join(this);
    this.stopWatching = mailbox.arena.memory.watch(() => this.breakLocks(), STALL_MS);
    this.metrics.open(mailbox.arena, control);
    for (let index = 0; index < this.workers; index++) this.startThread(index);
    return this.started;
  }

  /** It is started while a module is being imported, maybe by that module. Over the method of this one, so that all others need not ask. */
  private watchSpawns(first: PortableFn): void {
    refuseWhileImporting(first.url, "spawn");
    const { spawn } = this;
    this.spawn = (future, fn, options) => {
      refuseWhileImporting(fn.url, "spawn");
      return spawn.call(this, future, fn, options);
    };
  }

  private startThread(index: number): void {
    const { rt } = this;
    const { control, mailbox } = this.started as Started;
    const { options, host } = rt;
    const slot = mailbox.arena.reserveSlot();
    const worker = new WorkerHandle(index, slot, options.threadNameFn?.() ?? options.threadName ?? "toki-worker");
    const setup: WorkerSetup = {
      module: WORKER_MODULE,
      buffer: mailbox.arena.buffer,
      copy: MEMORY_COPY,
      crossings: [...portable().crossings],
      control: control.base,
      workers: this.workers,
      seat: { index, slot, supervisor: mailbox.slot, lifoSlot: options.lifoSlot ?? true },
      options: workerOptions(options, index),
    };
    worker.host = host.startThread({
      name: worker.name,
      source: WORKER_SOURCE,
      data: setup,
      stackSize: options.threadStackSize,
      memoryLimit: options.threadMemoryLimit,
      onMessage: (message) => this.onMessage(worker, message as Message),
      onEnd: (exitCode, error) => this.onEnd(worker, exitCode, error),
    });
    this.threads.set(index, worker);
    threadHooks(rt, options.onThreadStart);
  }

  private onMessage(worker: WorkerHandle, message: Message): void {
    const { tasks } = this.started as Started;
    if ("ready" in message) {
      worker.isReady = true;
      this.startFailures = 0;
    } else if ("quiet" in message) this.onAnswer(worker, message);
    else if ("exit" in message) worker.exitCode = message.exit;
    else if ("to" in message) this.message(message.to, message.message, message.transfer);
    else if ("keep" in message) this.parcels.keep(message.id, message.keep);
    else if ("want" in message) this.parcels.want(message.want, message.slot);
    else if ("drop" in message) this.parcels.drop(message.drop, message.isMessage);
    else if ("buried" in message) this.onBuried(worker, message.buried);
    else if ("outcome" in message) tasks.onParcels(message.id, message.outcome);
    else if ("failure" in message) this.rt.options.onUnhandledFailure?.(message.failure);
  }

  private onEnd(worker: WorkerHandle, exitCode: number | undefined, error: unknown): void {
    // Known already, if `blockOn` found out by itself.
    if (this.threads.get(worker.index) !== worker) return;
    const { tasks, control, mailbox } = this.started as Started;
    const { index, slot } = worker;
    this.threads.delete(index);
    const code = worker.exitCode ?? (error === undefined ? exitCode : undefined);
    const wasLocking = breakLocks(mailbox.arena.memory, slot);
    const isSudden = wasLocking || error !== undefined || worker.exitCode === undefined;
    for (const queue of control.queues) queue.forget(control.queues[index] as LocalQueue);
    control.idle.bury(index);
    mailbox.silence(slot);
    this.rescue(slot);
    threadEnded(slot);
    const reason = new ThreadEndedError(`worker ${index} ended while it had the task`, code, error);
    tasks.failTasksOf(slot, reason, isSudden);
    this.graves.set(slot, new Set(this.threads.values()));
    for (const other of this.threads.values()) {
      other.post({ dead: slot, worker: index, code, text: error === undefined ? "" : String(error), isSudden }, []);
    }
    for (const grave of [...this.graves.keys()]) this.onBuried(worker, grave);
    if (this.phase === 0 && !worker.isReady && ++this.startFailures >= MAX_START_FAILURES * this.workers) {
      this.isBroken ??= reason;
      tasks.failQueued(this.rt, reason);
    }
    threadHooks(this.rt, this.rt.options.onThreadStop);
    if (this.phase === 0 && this.isBroken === undefined) {
      this.startThread(index);
      // What is queued may have been announced to the dead alone.
      control.idle.wakeOne();
    } else if (this.threads.size === 0 && this.rt.isClosed) this.finish();
  }

  /** Queues for others what was in a dead worker's LIFO slot; its queue is there for everybody. */
  private rescue(slot: number): void {
    const { control, mailbox } = this.started as Started;
    const number = mailbox.arena.memory.exchange(slotBase(slot) + LIFO, 0);
    if (number !== 0) control.inject.push(number);
  }

  /** A thread knows of the death of that of `slot`, or is no more itself. When all do, nobody posts to the slot, and another thread can have it. */
  private onBuried(worker: WorkerHandle, slot: number): void {
    const waiting = this.graves.get(slot);
    if (waiting === undefined) return;
    waiting.delete(worker);
    if (waiting.size > 0) return;
    this.graves.delete(slot);
    const { mailbox } = this.started as Started;
    mailbox.adopt(slot);
    mailbox.arena.releaseSlot(slot);
  }

  /** This thread waits for a lock, and hears of no thread's end meanwhile. The rest is done when it does. */
  private breakLocks(): void {
    const { memory } = (this.started as Started).mailbox.arena;
    for (const worker of this.threads.values()) if (!worker.host.isAlive()) breakLocks(memory, worker.slot);
  }

  // Running

  poll(): boolean {
    const { started } = this;
    if (started === null) return false;
    const had = started.mailbox.drain();
    if (this.rt.executor.hasRunnable) this.lookout.over(started.mailbox);
    return had;
  }

  park(): boolean {
    const { started } = this;
    if (started === null || started.mailbox.expected === 0) return true;
    const { mailbox, control } = started;
    if (this.lookout.look(mailbox, control.idle)) return false;
    if (!this.quiet.isRunning) this.quiet.run();
    return mailbox.listen();
  }

  /** What is queued here is for others anyway. */
  handOver(): void {}

  sleep(ms: number): void {
    const { mailbox, control } = this.started as Started;
    if (this.lookout.look(mailbox, control.idle)) return;
    mailbox.sleep(Math.min(ms, PROBE_MS));
    this.receive();
    // The event loop would say why it has ended, but gets no turn.
    for (const worker of [...this.threads.values()]) {
      if (!worker.host.isAlive()) this.onEnd(worker, undefined, undefined);
    }
  }

  get hasMail(): boolean {
    return this.live?.mailbox.hasMail === true;
  }

  onIdle(): void {}

  // Quiet workers

  get isAwaited(): boolean {
    return this.live !== null && (this.rt.waitsForThreads || this.onEnded.length > 0);
  }

  get activity(): number {
    return this.rt.executor.polls + this.rt.spawnedTasks + this.rt.remoteTasks;
  }

  /** Takes what the event loop would deliver. */
  receive(): void {
    for (const worker of [...this.threads.values()]) {
      for (let message = worker.host.receive(); message !== undefined; message = worker.host.receive()) {
        this.onMessage(worker, message as Message);
      }
    }
  }

  ask(): void {
    for (const worker of this.threads.values()) {
      if (!worker.isReady || worker.question !== undefined || this.isQuiet(worker)) continue;
      worker.question = worker.posts;
      worker.host.post({ ask: worker.posts }, []);
    }
  }

  private onAnswer(worker: WorkerHandle, { quiet, question, tasks }: Answer): void {
    worker.question = undefined;
    if (question !== worker.posts) return;
    worker.quietWord = quiet;
    worker.tasks = tasks;
    this.quiet.releaseIfQuiet();
  }

  private isQuiet({ index, slot, quietWord }: WorkerHandle): boolean {
    const { mailbox, control } = this.started as Started;
    // One that was woken, for work or for the end, and has yet to run is not quiet, although its word still says so.
    if (quietWord === 0 || !control.idle.isParked(index)) return false;
    return mailbox.arena.memory.load(slotBase(slot) + QUIET) === quietWord;
  }

  quietWords(): readonly number[] | undefined {
    if (this.phase === 0 && this.threads.size < this.workers && this.isBroken === undefined) return undefined;
    const words: number[] = [];
    for (const worker of this.threads.values()) {
      if (!this.isQuiet(worker)) return undefined;
      words.push(worker.quietWord);
    }
    return words;
  }

  get hasWork(): boolean {
    const { control, mailbox } = this.started as Started;
    const { memory } = mailbox.arena;
    if (mailbox.hasMail || !control.inject.isEmpty) return true;
    if (this.isBroken === undefined && control.queues.some((queue) => !queue.isEmpty)) return true;
    for (const { slot } of this.threads.values()) {
      if (memory.load(slotBase(slot) + MAIL) !== 0 || memory.load(slotBase(slot) + LIFO) !== 0) return true;
    }
    return false;
  }

  release(): void {
    this.rt.releaseForThreads();
    if (this.onEnded.length > 0) this.holdThreads(false);
  }

  *trees(): Generator<{ worker: number; tasks: readonly TaskSnapshot[] }> {
    for (const worker of this.threads.values()) {
      if (worker.quietWord !== 0) yield { worker: worker.index, tasks: worker.tasks };
    }
  }

  get isStarted(): boolean {
    return this.started !== null;
  }

  // The end

  close(): void {
    if (this.phase !== 0) return;
    this.setPhase(CLOSING);
  }

  force(): void {
    this.setPhase(FORCED);
  }

  private setPhase(phase: number): void {
    this.phase = phase;
    const { live } = this;
    if (live === null) return;
    // What they have answered is of no worth once they are told: they may not have woken yet when they are next looked at.
    for (const worker of this.threads.values()) worker.stir();
    live.control.setPhase(phase);
    // Those that are held sleep as any other thread does.
    for (const worker of this.threads.values()) live.mailbox.ring(worker.slot);
  }

  ended(): Promise<void> | undefined {
    if (this.started === null || this.isEnded) return undefined;
    return new Promise((resolve) => {
      this.onEnded.push(resolve);
      // The wait for the threads' end is what keeps the process alive now.
      this.holdThreads(true);
      this.stopIdleWatch ??= this.rt.host.onIdle(() => this.onStuck());
      this.quiet.run();
      if (this.threads.size === 0) this.finish();
    });
  }

  private holdThreads(ref: boolean): void {
    for (const worker of this.threads.values()) worker.host.setRef(ref);
  }

  /** The runtime is over, and the event loop has nothing left: the cleanup of tasks on workers may wait for ever. */
  private onStuck(): void {
    this.holdThreads(true);
    if (!this.quiet.areQuiet()) {
      this.quiet.ask();
      return;
    }
    if (this.phase === FORCED) return;
    const dump = this.quiet.complete(new TaskDump([], this.rt.options.name));
    const error = new DeadlockError(dump.toString());
    this.rt.host.report(`toki: ${error.message}\n\n${error.report}`);
    this.force();
  }

  /** No thread is left: gives the memory back. */
  private finish(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const { control, mailbox, queue, tasks } = this.started as Started;
    mailbox.drain();
    this.parcels.close();
    const { memory } = mailbox.arena;
    const drop = (number: number) => {
      const block = number << record.RECORD_SHIFT;
      const state = memory.load(block + record.STATE);
      // Cancelled before it started, or its home is no more.
      if (state !== record.MOVED) tasks.values.dropArgs(block);
      mailbox.arena.free(block, record.RECORD_CLASS);
    };
    for (let number = queue.pop(); number !== NO_TASK; number = queue.pop()) drop(number);
    for (let number = control.inject.pop(); number !== NO_TASK; number = control.inject.pop()) drop(number);
    for (let index = 0; index < this.workers; index++) {
      const left = control.ownQueue(index);
      for (let number = left.pop(); number !== NO_TASK; number = left.pop()) drop(number);
    }
    for (const slot of this.graves.keys()) {
      mailbox.adopt(slot);
      mailbox.arena.releaseSlot(slot);
    }
    this.graves.clear();
    this.stopWatching();
    this.metrics.close(mailbox.arena);
    control.free();
    this.quiet.leave(this);
    this.stopIdleWatch?.();
    for (const resolve of this.onEnded.splice(0)) resolve();
  }
}

interface Answer {
  readonly quiet: number;
  readonly question: number;
  readonly tasks: readonly TaskSnapshot[];
}

type Message =
  | { readonly ready: true }
  | Answer
  | { readonly exit: number }
  | { readonly to: number; readonly message: unknown; readonly transfer: readonly unknown[] }
  | { readonly keep: readonly unknown[]; readonly id: number }
  | { readonly want: number; readonly slot: number }
  | { readonly drop: number; readonly isMessage: boolean }
  | { readonly buried: number }
  | { readonly outcome: readonly unknown[]; readonly id: number }
  | { readonly failure: { readonly id: number; readonly name: string | undefined; readonly error: unknown } };
