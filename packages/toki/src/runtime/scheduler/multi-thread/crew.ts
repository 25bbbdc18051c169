/*
 * The threads of the workers: starts them, replaces those that end, takes in what they post. On the thread that made the runtime alone.
 *
 * A worker: starting --ready--> working --ended--> gone, and another one with its number takes its place while the runtime is WORKING
 *   A worker that ends while it starts is tried again, MAX_START_FAILURES times in a row: then no task that is queued will ever run, and all fail.
 *   A worker that ends while it works fails the tasks it had begun, wherever they were spawned. It gets a slot of its own only once in its life, so that
 *   tasks its successor has taken by then are not mistaken for its own.
 *
 *   handles         the workers whose end is not known, by number
 *   startFailures   grows with each that ends before it was ready, until one is
 *   failure         set once, when it is given up to start any
 */
import { MEMORY_COPY } from "../../../memory/thread.js";
import { portable } from "../../../portable/registry.js";
import { ThreadEndedError } from "../../blocking/thread-ended-error.js";
import type { RuntimeCore } from "../../core.js";
import { threadHooks } from "../../thread-hooks.js";
import { WORKING } from "./control.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { breakLocks } from "./repair.js";
import type { SharedPart } from "./shared-part.js";
import { WorkerHandle } from "./worker-handle.js";
import { workerOptions } from "./worker-options.js";
import { WORKER_SOURCE } from "./worker-source.js";
import { WORKER_MODULE, type WorkerSetup } from "./worker-thread.js";

const MAX_START_FAILURES = 3;
/** Milliseconds that this thread waits for a lock before it looks whether a thread died that had it. */
const STALL_MS = 50;

/** Whose threads they are. */
interface Owner {
  /** WORKING, or later: none is replaced any more. */
  readonly phase: number;
  onMessage(worker: WorkerHandle, message: FromWorker): void;
  /** One has ended that is not replaced, and none is left. */
  onGone(): void;
}

/** @internal */
export class Crew {
  readonly handles = new Map<number, WorkerHandle>();
  /** Why no thread is started any more; undefined while they are. */
  failure: unknown;
  private readonly rt: RuntimeCore;
  private readonly workers: number;
  private readonly owner: Owner;
  /** From `start` on. */
  private shared!: SharedPart;
  private startFailures = 0;
  private stopWatching = () => {};

  constructor(rt: RuntimeCore, workers: number, owner: Owner) {
    this.rt = rt;
    this.workers = workers;
    this.owner = owner;
  }

  start(shared: SharedPart): void {
    this.shared = shared;
    this.stopWatching = shared.mailbox.arena.memory.watch(() => this.breakLocks(), STALL_MS);
    for (let index = 0; index < this.workers; index++) this.startThread(index);
  }

  private startThread(index: number): void {
    const { rt } = this;
    const { control, mailbox } = this.shared;
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
      tellsFailures: options.onUnhandledFailure !== undefined,
    };
    worker.host = host.startThread({
      name: worker.name,
      source: WORKER_SOURCE,
      data: setup,
      stackSize: options.threadStackSize,
      memoryLimit: options.threadMemoryLimit,
      onMessage: (message) => this.owner.onMessage(worker, message as FromWorker),
      onEnd: (exitCode, error) => this.onEnd(worker, exitCode, error),
    });
    this.handles.set(index, worker);
    threadHooks(rt, options.onThreadStart);
  }

  onReady(worker: WorkerHandle): void {
    worker.isReady = true;
    this.startFailures = 0;
  }

  private onEnd(worker: WorkerHandle, exitCode: number | undefined, error: unknown): void {
    // Known already, if `blockOn` found out by itself.
    if (this.handles.get(worker.index) !== worker) return;
    const { tasks, control, burial } = this.shared;
    const { index, slot } = worker;
    this.handles.delete(index);
    const code = worker.exitCode ?? (error === undefined ? exitCode : undefined);
    const wasLocking = burial.layOut(worker);
    const isSudden = wasLocking || error !== undefined || worker.exitCode === undefined;
    const reason = new ThreadEndedError(`worker ${index} ended while it had the task`, code, error);
    tasks.failTasksOf(slot, reason, isSudden);
    burial.dig(worker, this.handles.values());
    const text = error === undefined ? "" : String(error);
    const death: ToWorker = { dead: slot, worker: index, code, text, isSudden };
    for (const other of this.handles.values()) other.post(death, []);
    burial.strike(worker);
    if (this.owner.phase === WORKING && !worker.isReady) this.onStartFailure(reason);
    threadHooks(this.rt, this.rt.options.onThreadStop);
    if (this.owner.phase === WORKING && this.failure === undefined) {
      this.startThread(index);
      // What is queued may have been announced to the dead alone.
      control.idle.wakeOne();
    } else if (this.handles.size === 0) this.owner.onGone();
  }

  private onStartFailure(reason: ThreadEndedError): void {
    if (++this.startFailures < MAX_START_FAILURES * this.workers) return;
    this.failure ??= reason;
    this.shared.tasks.failQueued(this.rt, reason);
  }

  /** This thread waits for a lock, and hears of no thread's end meanwhile. The rest is done when it does. */
  private breakLocks(): void {
    const { arena } = this.shared.mailbox;
    for (const worker of this.handles.values()) if (!worker.host.isAlive()) breakLocks(arena, worker.slot);
  }

  /** Finds those that have ended: the event loop would say so, and why, but gets no turn. */
  probe(): void {
    for (const worker of [...this.handles.values()]) {
      if (!worker.host.isAlive()) this.onEnd(worker, undefined, undefined);
    }
  }

  /** Takes what the event loop would deliver. */
  receive(): void {
    for (const worker of [...this.handles.values()]) {
      for (let message = worker.host.receive(); message !== undefined; message = worker.host.receive()) {
        this.owner.onMessage(worker, message as FromWorker);
      }
    }
  }

  /** Which worker has the slot. */
  at(slot: number): WorkerHandle | undefined {
    for (const worker of this.handles.values()) if (worker.slot === slot) return worker;
    return undefined;
  }

  /** Whether they keep the process alive. */
  hold(ref: boolean): void {
    for (const worker of this.handles.values()) worker.host.setRef(ref);
  }

  /** None is left, or will come. */
  stop(): void {
    this.stopWatching();
  }
}
