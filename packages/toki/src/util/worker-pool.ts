/*
 * Threads to pin tasks to. Each is the one worker of a runtime of its own, so a task that starts there stays there, and so does what it spawns.
 *
 * A seat's `load` counts the tasks that it was given and that are not over, wherever they are: queued, being imported, running, or with their outcome under
 * way. While there are any, its runtime is driven (`stop`), so that outcomes come home and aborts go out whether or not anybody awaits them.
 */
import { current } from "../future/current.js";
import { type IntoFuture, isFuture } from "../future/into-future.js";
import { Waker } from "../future/waker.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore, SpawnOptions } from "../runtime/core.js";
import type { RuntimeOptions } from "../runtime/options.js";
import { Runtime } from "../runtime/runtime.js";
import type { JoinHandle } from "../task/join-handle.js";
import { spawnOn } from "../task/spawn.js";
import type { Duration } from "../time/duration.js";

/** Options of a {@link WorkerPool}: those of a {@link Runtime} that hold for each of its threads. */
export type WorkerPoolOptions = Omit<RuntimeOptions, "flavor" | "workerThreads" | "startPaused" | "unhandledPanic">;

const CALL = "a call of a portable function, fn(import.meta, ...)";

/** One thread of a pool. Joins its tasks. */
class Seat extends Waker {
  load = 0;
  readonly runtime: Runtime;
  private readonly core: RuntimeCore;
  private stop: (() => void) | null = null;

  constructor(runtime: Runtime) {
    super();
    this.runtime = runtime;
    const guard = runtime.enter();
    this.core = current.runtime as RuntimeCore;
    guard[Symbol.dispose]();
  }

  spawn<T>(call: IntoFuture<T>, options: SpawnOptions | undefined, where: string): JoinHandle<T> {
    const handle = spawnOn(this.core, call, options, where);
    if (handle.isFinished()) return handle;
    if (this.load++ === 0) this.stop = this.core.visit();
    handle.task.addJoiner(this);
    return handle;
  }

  wake(): void {
    if (--this.load > 0) return;
    this.stop?.();
    this.stop = null;
  }
}

/**
 * A number of threads that tasks are pinned to: a task starts on the thread with the fewest, or on the one that is asked for, and what it spawns stays
 * there with it. For tasks that share what cannot be sent: a cache, a connection, an open file. Where any thread will do, {@link spawn} spreads calls over
 * the workers of the runtime and moves those that wait to whoever is idle. Tokio-util's `LocalPoolHandle`.
 *
 * The pool belongs to the thread that made it, and has nothing to do with the runtime of the code that uses it. A thread starts with its first task. The pool
 * is to be shut down, or its threads are left to the end of the process, which they do not hold up.
 *
 * @example
 * ```ts
 * import { fn, main } from "toki";
 * import { WorkerPool } from "toki/util";
 *
 * const seen = new Map<string, number>(); // one on each thread
 *
 * const visit = fn(import.meta, function* visit(name: string) {
 *   const count = (seen.get(name) ?? 0) + 1;
 *   seen.set(name, count);
 *   return count;
 * });
 *
 * await main(function* () {
 *   const pool = new WorkerPool(2);
 *   yield* pool.spawnPinnedByIdx(visit("a"), 0);
 *   console.log(yield* pool.spawnPinnedByIdx(visit("a"), 0)); // 2
 *   console.log(yield* pool.spawnPinnedByIdx(visit("a"), 1)); // 1
 *   pool.shutdownBackground();
 * });
 * ```
 */
export class WorkerPool implements AsyncDisposable {
  private readonly seats: readonly Seat[];

  /**
   * @param threads - how many
   * @param options - for each of them
   * @throws InvalidArgumentError if `threads` is not an integer above 0, or an option is not what it should be
   */
  constructor(threads: number, options: WorkerPoolOptions = {}) {
    if (!(Number.isSafeInteger(threads) && threads > 0)) {
      throw invalidArgument("WorkerPool", "threads", "an integer above 0", threads);
    }
    checkOptions(options, "WorkerPool");
    const seats: Seat[] = [];
    for (let i = 0; i < threads; i++) {
      seats.push(new Seat(new Runtime({ ...options, flavor: "multiThread", workerThreads: 1 })));
    }
    this.seats = seats;
  }

  /** How many threads there are. */
  get numThreads(): number {
    return this.seats.length;
  }

  /** How many tasks each thread has been given that are not over, by index. Tokio's `get_task_loads_for_each_worker`. */
  taskLoads(): number[] {
    return this.seats.map((seat) => seat.load);
  }

  /**
   * Starts a task on the thread that has the fewest; of several, the first.
   *
   * @param call - a call of a portable function (`fn(import.meta, ...)`): its arguments are copied, or moved, as they are now
   * @param options - a `name` for await trees and reports
   * @returns the right to the outcome; after the pool's shutdown that of a cancelled task
   * @throws InvalidArgumentError if `call` is something else, which could not leave this thread; NotSendError if an argument cannot be sent
   */
  spawnPinned<T>(call: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
    checkCall("WorkerPool.spawnPinned", call);
    let least = this.seats[0] as Seat;
    for (const seat of this.seats) if (seat.load < least.load) least = seat;
    return least.spawn(call, options, "WorkerPool.spawnPinned");
  }

  /**
   * Starts a task on a certain thread.
   *
   * @param call - a call of a portable function: see {@link WorkerPool.spawnPinned}
   * @param index - of the thread, from 0
   * @param options - a `name` for await trees and reports
   * @throws InvalidArgumentError if there is no thread with that index, or `call` is something that could not leave this thread
   */
  spawnPinnedByIdx<T>(call: IntoFuture<T>, index: number, options?: SpawnOptions): JoinHandle<T> {
    checkCall("WorkerPool.spawnPinnedByIdx", call);
    const seat = this.seats[index];
    if (seat === undefined) {
      const last = this.seats.length - 1;
      throw invalidArgument("WorkerPool.spawnPinnedByIdx", "index", `an integer from 0 to ${last}`, index);
    }
    return seat.spawn(call, options, "WorkerPool.spawnPinnedByIdx");
  }

  /** Cancels every task and resolves once their cleanup has ended and the threads are gone: see {@link Runtime.shutdown}. */
  async shutdown(): Promise<void> {
    await Promise.all(this.seats.map((seat) => seat.runtime.shutdown()));
  }

  /** As {@link WorkerPool.shutdown}, but cleanup that takes longer than `duration` of real time is cut short. */
  async shutdownTimeout(duration: Duration): Promise<void> {
    await Promise.all(this.seats.map((seat) => seat.runtime.shutdownTimeout(duration)));
  }

  /** Cancels every task without waiting: their synchronous cleanup runs, its awaits do not wait. */
  shutdownBackground(): void {
    for (const seat of this.seats) seat.runtime.shutdownBackground();
  }

  /** The same as {@link WorkerPool.shutdown}: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

function checkCall(where: string, call: unknown): void {
  if (!isFuture(call) || call.asPortable() === null) throw invalidArgument(where, "call", CALL, call);
}
