/*
 * The blocking pool of one runtime. All on the runtime's thread; other threads are reached by messages alone.
 *
 * A thread:   starting --ready--> idle <--> at a job;  any of them --ended--> gone
 *   A thread takes its next job when it is ready or has answered, in order of arrival; with no job it is idle, and stopped after `keepAlive`.
 *   The idle thread used last is used first.
 *
 * No job is left behind: it enters the queue, and then an idle thread takes it, or a thread is started, or the cap is reached, or as many threads as there are
 * cores are starting already. In the last two cases every thread that becomes ready, answers or ends looks at the queue, so that each of
 * these events makes up for what was put off. A thread that ends fails its job, or, if it was starting, the first of the queue: what keeps threads
 * from starting is not tried for ever.
 *
 * A job that was let go of (its cleanup was cut short) keeps its thread until it answers.
 *
 * Closing: idle threads are told to stop, the others once they have answered. `ended` resolves when none is left.
 *
 * `blockOn` holds the event loop, which would deliver the messages: waitSync reads them instead. Each message is followed by a notification of `cell`, and
 * `cell` is read before the ports are: a message that comes after that changes it, and the wait returns at once.
 */
import { Decoder, discard, discardArgs } from "../../portable/codec/decoder.js";
import { encodeMessage } from "../../portable/codec/message.js";
import { decodeThrown } from "../../portable/errors.js";
import { Inspector, isDetached, isPrimitive } from "../../portable/inspect.js";
import { NotSendError } from "../../portable/not-send-error.js";
import type { EncodedMessage, Reply } from "../../portable/registry.js";
import type { BlockingJob } from "../../task/blocking.js";
import { toMillis } from "../../time/duration.js";
import type { RuntimeCore, SpawnOptions } from "../core.js";
import { MAX_TIMER_MS } from "../driver/host.js";
import { CANCEL, type Task } from "../task/task.js";
import { threadHooks } from "../thread-hooks.js";
import { BlockingFuture, DONE, FAILED_JOB, OVER, QUEUED, STARTED } from "./blocking-future.js";
import { busyPools, jobEnded } from "./busy-pools.js";
import { MemorySlot } from "./memory-slot.js";
import { PoolThread } from "./pool-thread.js";
import { ThreadEndedError } from "./thread-ended-error.js";
import { WORKER_SOURCE } from "./worker-source.js";

const DEFAULT_MAX_THREADS = 512;
const DEFAULT_KEEP_ALIVE_MS = 10_000;
/** Milliseconds between looks at whether a thread is still there, while the event loop cannot say so. */
const PROBE_MS = 50;

interface Message {
  readonly ready?: true;
  readonly exit?: number;
  /** A message came that could not be read. */
  readonly broken?: string;
  readonly job?: number;
  readonly reply?: Reply;
}

/** The runtime's pool, made at the first use. @internal */
export function poolOf(rt: RuntimeCore): BlockingPool {
  rt.blocking ??= new BlockingPool(rt);
  return rt.blocking;
}

/** @internal */
export class BlockingPool {
  private readonly rt: RuntimeCore;
  private readonly threads = new Set<PoolThread>();
  private readonly idle: PoolThread[] = [];
  private starting = 0;
  private head: BlockingFuture<unknown> | null = null;
  private tail: BlockingFuture<unknown> | null = null;
  private depth = 0;
  private nextJob = 1;
  private isClosed = false;
  /** Who waits for the end of the threads: there may be several shutdowns. */
  private onEnded: (() => void)[] = [];
  private readonly cell: Int32Array;
  private readonly maxThreads: number;
  private readonly maxStarting: number;
  private readonly keepAliveMs: number;

  constructor(rt: RuntimeCore) {
    const { options, host } = rt;
    this.rt = rt;
    this.maxStarting = host.parallelism();
    this.cell = new Int32Array(new SharedArrayBuffer(4));
    this.maxThreads = options.maxBlockingThreads ?? DEFAULT_MAX_THREADS;
    const keepAlive = options.threadKeepAlive ?? DEFAULT_KEEP_ALIVE_MS;
    this.keepAliveMs = Math.min(toMillis(keepAlive, "Runtime", "threadKeepAlive"), MAX_TIMER_MS);
  }

  get numThreads(): number {
    return this.threads.size;
  }

  get numIdle(): number {
    return this.idle.length;
  }

  get queueDepth(): number {
    return this.depth;
  }

  spawn<T>(job: BlockingJob<T>, options: SpawnOptions | undefined): Task<T> {
    const { rt } = this;
    const future = new BlockingFuture<T>(this, job);
    if (job.transfer.some(isDetached)) {
      throw new NotSendError(`blocking ${job.name}: an argument is a buffer that has been moved away`, "arguments");
    }
    const task = rt.spawn(future, options);
    if (task.isComplete) return task;
    future.task = task;
    rt.blockingJobs++;
    busyPools.add(this);
    rt.hold();
    let refusal: { readonly error: unknown } | undefined;
    if (job.hasCrossings) refusal = this.encodeArguments(future as BlockingFuture<unknown>);
    // Only now: a spawn hook may have given a job to the thread that was idle.
    else if (this.idle.length === 0) refusal = this.detachArguments(future as BlockingFuture<unknown>);
    if (refusal !== undefined) {
      this.settle(future as BlockingFuture<unknown>, FAILED_JOB, refusal.error);
      return task;
    }
    this.push(future as BlockingFuture<unknown>);
    this.assign();
    return task;
  }

  /** The arguments as they are now: a job that has to wait must not see what is done to them later. */
  private detachArguments(future: BlockingFuture<unknown>): { readonly error: unknown } | undefined {
    if (future.args.every(isPrimitive)) return undefined;
    try {
      const args = structuredClone([...future.args], { transfer: [...future.transfer] as ArrayBuffer[] });
      const inspector = new Inspector(`blocking ${future.job.name}`, true);
      for (const arg of args) inspector.check(arg, "an argument");
      future.args = args;
      future.transfer = inspector.transfer;
      return undefined;
    } catch (error) {
      return { error: cloneError(future, error) };
    }
  }

  /** Arguments with shared objects among them are encoded at once: the message has references of its own. */
  private encodeArguments(future: BlockingFuture<unknown>): { readonly error: unknown } | undefined {
    try {
      const { encoded, transfer } = encodeMessage(`blocking ${future.job.name}`, (encoder) =>
        encoder.args(future.args),
      );
      // Parcels that are transferred leave this thread now, as all arguments do.
      future.message = {
        ...encoded,
        parcels: structuredClone([...encoded.parcels], { transfer: [...transfer] as ArrayBuffer[] }),
      };
      future.args = [];
      future.transfer = future.message.parcels.filter(
        (value) => value instanceof MessagePort || value instanceof ArrayBuffer,
      );
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  // The queue

  private push(future: BlockingFuture<unknown>): void {
    future.prev = this.tail;
    if (this.tail === null) this.head = future;
    else this.tail.following = future;
    this.tail = future;
    this.depth++;
  }

  private remove(future: BlockingFuture<unknown>): void {
    const { prev, following } = future;
    if (prev === null) this.head = following;
    else prev.following = following;
    if (following === null) this.tail = prev;
    else following.prev = prev;
    future.prev = null;
    future.following = null;
    this.depth--;
  }

  /** The first job that nobody has aborted: those that were will leave the queue at their task's next poll. */
  private nextQueued(): BlockingFuture<unknown> | null {
    let future = this.head;
    while (future !== null && ((future.task?.state ?? 0) & CANCEL) !== 0) future = future.following;
    return future;
  }

  /** The job is cancelled, or its cleanup was cut short. */
  letGo(future: BlockingFuture<unknown>): void {
    if (future.state === QUEUED) {
      this.remove(future);
      if (future.message !== null) discardArgs(future.message.words, 0);
      this.settle(future, OVER, undefined);
    } else if (future.state === STARTED) {
      if (future.thread !== null) future.thread.job = null;
      this.settle(future, OVER, undefined);
    }
  }

  private settle(future: BlockingFuture<unknown>, state: number, outcome: unknown): void {
    if (--this.rt.blockingJobs === 0) busyPools.delete(this);
    this.rt.release();
    jobEnded();
    future.settle(state, outcome);
  }

  // Threads

  /** Gives queued jobs to idle threads, and starts threads for the rest. */
  private assign(): void {
    for (let future = this.nextQueued(); future !== null && this.idle.length > 0; future = this.nextQueued()) {
      const thread = this.idle.pop() as PoolThread;
      thread.stopKeepAlive();
      this.start(future, thread);
    }
    while (this.starting < Math.min(this.depth, this.maxStarting) && this.mayStart()) {
      try {
        this.startThread();
      } catch (error) {
        this.rt.threads?.returnBlockingThread();
        this.failFirst(error);
      }
    }
  }

  /** The limit is for the runtime, on all its threads; but each of them that has jobs gets one thread for them. */
  private mayStart(): boolean {
    const { threads, maxThreads } = this;
    if (this.rt.threads === null) return threads.size < maxThreads;
    return this.rt.threads.takeBlockingThread(threads.size === 0 ? Number.POSITIVE_INFINITY : maxThreads);
  }

  private failFirst(error: unknown): void {
    const future = this.head;
    if (future === null) return;
    this.remove(future);
    this.settle(future, FAILED_JOB, error);
  }

  private start(future: BlockingFuture<unknown>, thread: PoolThread): void {
    this.remove(future);
    const { job, args, transfer } = future;
    const id = this.nextJob++;
    future.state = STARTED;
    future.thread = thread;
    thread.job = future;
    thread.jobId = id;
    try {
      const message = future.message ?? undefined;
      thread.host.post({ job: id, key: job.key, url: job.url, name: job.name, args, message }, transfer);
    } catch (error) {
      thread.job = null;
      this.settle(future, FAILED_JOB, cloneError(future, error));
      this.rest(thread);
    }
    future.args = [];
    future.transfer = [];
    future.message = null;
  }

  private startThread(): void {
    const { options, host } = this.rt;
    const thread = new PoolThread(options.threadNameFn?.() ?? options.threadName ?? "toki-worker");
    thread.slot = MemorySlot.reserve();
    thread.host = host.startThread({
      name: thread.name,
      source: WORKER_SOURCE,
      cell: this.cell,
      data: thread.slot?.setup,
      stackSize: options.threadStackSize,
      onMessage: (message) => this.onMessage(thread, message as Message),
      onEnd: (exitCode, error) => this.onEnd(thread, exitCode, error),
    });
    this.threads.add(thread);
    this.starting++;
    threadHooks(this.rt, options.onThreadStart);
  }

  private onMessage(thread: PoolThread, message: Message): void {
    if (message.exit !== undefined) thread.exitCode = message.exit;
    else if (message.broken !== undefined) {
      this.onReply(thread, { job: thread.jobId, reply: { error: new Error(message.broken) } });
    } else if (message.ready === true) {
      thread.isReady = true;
      this.starting--;
      this.rest(thread);
      if (!this.isClosed) this.assign();
    } else this.onReply(thread, message);
    this.changed();
  }

  private onReply(thread: PoolThread, message: Message): void {
    if (message.job !== thread.jobId || thread.isTerminated) return;
    const future = thread.job;
    const reply = message.reply as Reply;
    thread.job = null;
    if (future !== null) {
      if ("error" in reply) this.settle(future, FAILED_JOB, decodeThrown(reply.error));
      else if ("encoded" in reply) this.settleEncoded(future, reply.encoded);
      else this.settle(future, DONE, reply.value);
    } else if ("encoded" in reply) discard(reply.encoded.words, 0);
    this.rest(thread);
  }

  private settleEncoded(future: BlockingFuture<unknown>, { words, parcels }: EncodedMessage): void {
    try {
      this.settle(future, DONE, new Decoder().value(words, 0, parcels));
    } catch (error) {
      this.settle(future, FAILED_JOB, error);
    }
  }

  /** The thread has nothing to do: the next job, or idle, or its end. */
  private rest(thread: PoolThread): void {
    if (this.isClosed) {
      this.stop(thread);
      return;
    }
    const next = this.nextQueued();
    if (next !== null) {
      this.start(next, thread);
      return;
    }
    this.idle.push(thread);
    thread.startKeepAlive(this.rt.host, this.keepAliveMs, () => {
      this.idle.splice(this.idle.indexOf(thread), 1);
      this.stop(thread);
      this.changed();
    });
  }

  private stop(thread: PoolThread): void {
    thread.isStopping = true;
    thread.host.post({ stop: true }, []);
  }

  private onEnd(thread: PoolThread, exitCode: number | undefined, error: unknown): void {
    if (!this.threads.delete(thread)) return;
    this.rt.threads?.returnBlockingThread();
    thread.stopKeepAlive();
    thread.slot?.giveUp();
    const at = this.idle.indexOf(thread);
    if (at >= 0) this.idle.splice(at, 1);
    const future = thread.job;
    const why = thread.exitCode ?? (error === undefined ? exitCode : undefined);
    if (!thread.isReady) {
      this.starting--;
      if (!this.isClosed)
        this.failFirst(
          new ThreadEndedError(beforeReturn(this.head?.job.name ?? ""), why, error ?? new Error("it could not start")),
        );
    } else if (future !== null) {
      if (thread.isTerminated) this.settle(future, OVER, undefined);
      else this.settle(future, FAILED_JOB, new ThreadEndedError(beforeReturn(future.job.name), why, error));
    } else if (error !== undefined && !this.isClosed) {
      this.rt.host.report(`toki: an idle thread of the blocking pool ended: ${String(error)}`);
    }
    threadHooks(this.rt, this.rt.options.onThreadStop);
    if (!this.isClosed) this.assign();
    if (this.onEnded.length > 0) this.checkEnded();
    this.changed();
  }

  /** What the metrics say may be different, and no batch of polls need follow that would show it. */
  private changed(): void {
    this.rt.threads?.publish();
  }

  /** Blocks until a thread has something to say, or `ms` have passed, and takes what there is. */
  waitSync(ms: number): void {
    const seen = Atomics.load(this.cell, 0);
    if (this.receiveAll()) return;
    this.rt.host.waitForChange(this.cell, seen, Math.min(ms, PROBE_MS));
    if (this.receiveAll()) return;
    for (const thread of [...this.threads]) {
      if (!thread.isReady || (!thread.isTerminated && thread.host.isAlive())) continue;
      this.onEnd(thread, undefined, thread.exitCode === undefined ? new Error("out of memory or stopped") : undefined);
    }
  }

  private receiveAll(): boolean {
    let any = false;
    for (const thread of [...this.threads]) {
      for (let message = thread.host.receive(); message !== undefined; message = thread.host.receive()) {
        any = true;
        this.onMessage(thread, message as Message);
      }
    }
    return any;
  }

  // The end

  /** The runtime is closed: no job is left that anybody waits for. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const thread of this.idle.splice(0)) {
      thread.stopKeepAlive();
      this.stop(thread);
    }
  }

  /** Resolves when the threads that have nothing to do are gone; one at a job that was let go of ends by itself. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.onEnded.push(resolve);
      this.checkEnded();
    });
  }

  private checkEnded(): void {
    const ending = [...this.threads].filter(isEnding);
    // Here, because one may have come to its end since the wait began.
    for (const thread of ending) thread.host.setRef(true);
    if (ending.length === 0) for (const resolve of this.onEnded.splice(0)) resolve();
  }
}

/** What only cloning finds out: proxies, a cause that is a function, a buffer that the platform keeps. */
function cloneError({ job, args, transfer }: BlockingFuture<unknown>, error: unknown): unknown {
  if (!(error instanceof DOMException && error.name === "DataCloneError")) return error;
  const at = transfer.length === 0 ? args.findIndex((arg) => !isCloned(arg)) : -1;
  const path = at < 0 ? "an argument" : `argument ${at}`;
  return new NotSendError(
    `blocking ${job.name}: ${path} cannot be sent: ${error.message}`,
    at < 0 ? "arguments" : path,
  );
}

function isCloned(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function beforeReturn(job: string): string {
  return `blocking ${job}: its thread ended before the function returned`;
}

function isEnding(thread: PoolThread): boolean {
  return thread.isStopping || !thread.isReady;
}
