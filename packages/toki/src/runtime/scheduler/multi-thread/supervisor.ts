/*
 * The thread that made a multi-thread runtime: it has the workers started at the first spawn that needs one (crew.ts), queues what is spawned here, passes
 * on what they post, and stops everything. On that thread alone.
 *
 *   IDLE      no thread, no shared memory: a program that spawns nothing for workers stays here
 *   STARTED   -> at the first such spawn
 *   CLOSING   -> close(): the workers cancel their tasks and end; force() makes them do it without waiting
 *   ENDED     -> the last one has ended, and so has every task of this thread, which may be in a queue until then: the memory is given back
 */
import type { FnFuture } from "../../../future/frame.js";
import { decodeThrown } from "../../../portable/errors.js";
import type { PortableFn } from "../../../portable/portable-fn.js";
import { portable, refuseWhileImporting } from "../../../portable/registry.js";
import type { RuntimeCore, SpawnOptions } from "../../core.js";
import { readCounters, readParks } from "../../metrics/counters.js";
import type { Task } from "../../task/task.js";
import { CLOSING, FORCED, WORKING } from "./control.js";
import { Crew } from "./crew.js";
import { Lookout } from "./lookout.js";
import type { FromWorker } from "./messages.js";
import { ParcelStore, undeliverable } from "./parcel-store.js";
import { type QuietWatch, quietWatch } from "./quiet.js";
import { QuietWorkers } from "./quiet-workers.js";
import { SharedMetrics } from "./shared-metrics.js";
import { SharedPart } from "./shared-part.js";
import type { ThreadPart } from "./thread-part.js";
import type { WorkerHandle } from "./worker-handle.js";

/** Milliseconds between looks at whether the threads are still there, while `blockOn` holds the event loop that would say so. */
const PROBE_MS = 50;

/** @internal */
export class Supervisor implements ThreadPart {
  readonly index = undefined;
  readonly workers: number;
  readonly metrics: SharedMetrics;
  private readonly rt: RuntimeCore;
  private started: SharedPart | null = null;
  private readonly crew: Crew;
  private readonly parcels = new ParcelStore((slot, id, values, transfer) =>
    this.message(slot, { parcels: values, id }, transfer),
  );
  /** Of this thread's own pool. */
  private blockingThreads = 0;
  /** As it is in control.ts for the workers. Only `setPhase` changes it. */
  phase: number = WORKING;
  private readonly quiet: QuietWatch;
  private readonly quietWorkers: QuietWorkers;
  private onEnded: (() => void)[] = [];
  private isEnded = false;
  private readonly lookout: Lookout;

  constructor(rt: RuntimeCore, workers: number) {
    this.rt = rt;
    this.workers = workers;
    this.crew = new Crew(rt, workers, this);
    this.quiet = quietWatch(rt.host);
    this.quietWorkers = new QuietWorkers(rt, this, this.crew, this.quiet);
    this.lookout = new Lookout(rt.host, rt.executor);
    this.metrics = new SharedMetrics(rt, workers, workers);
  }

  // Spawning

  spawn(future: FnFuture<unknown>, fn: PortableFn, options: SpawnOptions | undefined): Task<unknown> {
    const { tasks } = this.started ?? this.start(fn);
    const task = tasks.spawn(this.rt, this, future, fn, options);
    if (this.crew.failure !== undefined) tasks.failQueued(this.rt, this.crew.failure);
    return task;
  }

  push(number: number): void {
    const { queue, control } = this.started as SharedPart;
    this.rt.executor.remoteSchedules++;
    queue.push(number, control.inject);
    control.idle.wakeOne();
  }

  message(slot: number, message: unknown, transfer: readonly unknown[]): void {
    const worker = this.crew.at(slot);
    if (worker === undefined) undeliverable(message);
    else worker.post(message, transfer);
  }

  keepParcels(id: number, values: readonly unknown[], transfer: readonly unknown[]): void {
    this.parcels.keep(id, structuredClone([...values], { transfer: [...transfer] as ArrayBuffer[] }));
  }

  dropParcels(id: number): void {
    this.parcels.drop(id);
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
  private get live(): SharedPart | null {
    return this.isEnded ? null : this.started;
  }

  workerOf(slot: number): number | undefined {
    return this.crew.at(slot)?.index;
  }

  publish(): void {
    readCounters(this.rt, this.metrics.own);
  }

  publishPark(): void {
    readParks(this.rt, this.metrics.own);
  }

  // The beginning

  private start(first: PortableFn): SharedPart {
    if (portable().importing.size > 0) this.watchSpawns(first);
    const shared = new SharedPart(this.workers);
    const { control, mailbox } = shared;
    this.started = shared;
    control.returnBlockingThreads(-this.blockingThreads);
    this.quietWorkers.join(shared);
    this.metrics.open(mailbox.arena, control);
    this.crew.start(shared);
    return shared;
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

  onMessage(worker: WorkerHandle, message: FromWorker): void {
    const { tasks, burial } = this.started as SharedPart;
    if ("ready" in message) this.crew.onReady(worker);
    else if ("quiet" in message) this.quietWorkers.onAnswer(worker, message);
    else if ("exit" in message) worker.exitCode = message.exit;
    else if ("to" in message) this.message(message.to, message.message, message.transfer);
    else if ("keep" in message) this.parcels.keep(message.id, message.keep);
    else if ("want" in message) this.parcels.want(message.want, message.slot);
    else if ("drop" in message) this.parcels.drop(message.drop);
    else if ("buried" in message) burial.onHeard(worker, message.buried);
    else if ("outcome" in message) tasks.onParcels(message.id, message.outcome);
    else if ("failure" in message) {
      const { id, name, error } = message.failure;
      this.rt.options.onUnhandledFailure?.({ id, name, error: decodeThrown(error) });
    }
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
    const { mailbox, control } = this.started as SharedPart;
    if (this.lookout.look(mailbox, control.idle)) return;
    mailbox.sleep(Math.min(ms, PROBE_MS));
    this.crew.receive();
    this.crew.probe();
  }

  get hasMail(): boolean {
    return this.live?.mailbox.hasMail === true;
  }

  onIdle(): void {
    if (this.isEndAwaited) this.quietWorkers.onStuck();
  }

  // The end

  close(): void {
    if (this.phase !== WORKING) return;
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
    for (const worker of this.crew.handles.values()) worker.stir();
    live.control.setPhase(phase);
    // Those that are held sleep as any other thread does.
    for (const worker of this.crew.handles.values()) live.mailbox.ring(worker.slot);
  }

  ended(): Promise<void> | undefined {
    if (this.started === null || this.isEnded) return undefined;
    return new Promise((resolve) => {
      this.onEnded.push(resolve);
      this.quietWorkers.holdForEnd();
      if (this.crew.handles.size === 0) this.finish();
    });
  }

  /** Whether somebody waits for the end of the threads. */
  get isEndAwaited(): boolean {
    return this.onEnded.length > 0;
  }

  onGone(): void {
    if (this.rt.isClosed) this.finish();
  }

  /** No thread is left: gives the memory back. */
  private finish(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const shared = this.started as SharedPart;
    const { control, mailbox, burial } = shared;
    mailbox.drain();
    this.parcels.close();
    shared.dropQueued();
    burial.closeAll();
    this.crew.stop();
    this.metrics.close(mailbox.arena);
    control.free();
    this.quietWorkers.leave();
    for (const resolve of this.onEnded.splice(0)) resolve();
  }
}
