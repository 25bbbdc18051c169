/*
 * Counts what must be over before a shutdown may go on. It keeps nothing of a task but that it is there: one waker joins all of them, and takes one from
 * the count at the end of each.
 *
 *   open,   any count   wait() waits
 *   closed, count > 0   wait() waits
 *   closed, count = 0   wait() is ready. At the moment it becomes so, by close() or by the last end, everybody who waits is told, and stays told whatever
 *                       comes next
 */
import { Around } from "../future/around.js";
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { ready } from "../future/ready.js";
import { adoptWaker } from "../future/sharing.js";
import { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { Task } from "../runtime/task/task.js";
import { Notify } from "../sync/notify.js";
import type { BlockingJob } from "../task/blocking.js";
import { JoinHandle } from "../task/join-handle.js";
import {
  type JoinSetSpawnLocalOptions,
  type JoinSetSpawnOptions,
  spawnBlockingInto,
  spawnInto,
  spawnLocalInto,
} from "../task/spawn-into.js";
import { TaskTrackerToken } from "./task-tracker-token.js";

class Wait extends Future<void> {
  private readonly tracker: TaskTracker;
  private readonly notified: Future<void>;
  private isOver = false;
  private waker: Waker | undefined = undefined;

  constructor(tracker: TaskTracker, notified: Future<void>) {
    super();
    this.tracker = tracker;
    this.notified = notified;
  }

  poll(cx: Context): Poll<void> {
    const { tracker, notified } = this;
    if (this.isOver) throw polledAfterCompletion("TaskTracker wait");
    this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
    if (tracker.isClosed && tracker.isEmpty()) notified[Symbol.dispose]();
    else if (notified.poll(cx) === Pending) return Pending;
    this.isOver = true;
    this.waker = undefined;
    return undefined;
  }

  override [Symbol.dispose](): void {
    this.isOver = true;
    this.waker = undefined;
    this.notified[Symbol.dispose]();
  }

  override describe(): string {
    const { length, isClosed } = this.tracker;
    return `TaskTracker wait (${length} tracked, ${isClosed ? "closed" : "not closed"})`;
  }
}

/** A future that counts until it is over, its cleanup included. */
class Tracked<T> extends Around<T> {
  private readonly token: TaskTrackerToken;

  constructor(inner: Future<T>, token: TaskTrackerToken) {
    super(inner);
    this.token = token;
  }

  protected around<R>(step: () => Poll<R>): Poll<R> {
    let isOver = true;
    try {
      const value = step();
      isOver = value !== Pending;
      return value;
    } finally {
      if (isOver) this.token[Symbol.dispose]();
    }
  }

  override describe(): string {
    return "tracked";
  }
}

/** Joins every task of a tracker. */
class OnEnd extends Waker {
  private readonly tracker: TaskTracker;

  constructor(tracker: TaskTracker) {
    super();
    this.tracker = tracker;
  }

  wake(): void {
    this.tracker.leave();
  }
}

/**
 * Waits for tasks to end that come and go: the graceful half of a shutdown, whose other half is a {@link CancellationToken}.
 *
 * Unlike a {@link JoinSet} it keeps no results, so it does not grow in a program that runs for ever: a tracked task that is over is forgotten, and its
 * `JoinHandle` is the caller's. It owns nothing: a tracker that goes out of use aborts no task.
 *
 * {@link TaskTracker.wait} is ready once the tracker is closed and empty. Closing does not refuse new tasks: it says that the wait may end.
 *
 * A tracker belongs to its thread; tasks that it spawns on workers are counted until their outcome has come back.
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 * import { CancellationToken, TaskTracker } from "toki/util";
 *
 * const serve = fn(function* serve(token: CancellationToken, id: number) {
 *   yield* token.cancelled();
 *   yield* sleep(id); // finish what is under way
 * });
 *
 * await main(function* () {
 *   const token = new CancellationToken();
 *   const tracker = new TaskTracker();
 *   for (let id = 1; id <= 3; id++) tracker.spawn(serve(token, id));
 *   yield* sleep(5);
 *
 *   token.cancel();
 *   tracker.close();
 *   yield* tracker.wait();
 *   console.log(tracker.length); // 0
 * });
 * ```
 */
export class TaskTracker {
  private readonly emptied = new Notify();
  private readonly onEnd: Waker = new OnEnd(this);
  private count = 0;
  private closed = false;

  /** How many tasks, tracked futures and tokens there are that are not over. */
  get length(): number {
    return this.count;
  }

  /** Whether {@link TaskTracker.close} was called, and {@link TaskTracker.reopen} not since. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Whether nothing is tracked. */
  isEmpty(): boolean {
    return this.count === 0;
  }

  /**
   * Lets {@link TaskTracker.wait} end once nothing is tracked. Tasks can still be spawned.
   *
   * @returns whether it was open
   */
  close(): boolean {
    if (this.closed) return false;
    this.closed = true;
    if (this.count === 0) this.emptied.notifyWaiters();
    return true;
  }

  /**
   * Takes a {@link TaskTracker.close} back. Waits that have ended, or are about to, are not.
   *
   * @returns whether it was closed
   */
  reopen(): boolean {
    const { closed } = this;
    this.closed = false;
    return closed;
  }

  /**
   * Waits until the tracker is closed and empty: now, or at one moment after this call, whatever is spawned after that moment. Waits for ever if nobody
   * closes it.
   *
   * **Cancel safety**: safe.
   *
   * @example
   * ```ts
   * import { main, sleep } from "toki";
   * import { TaskTracker } from "toki/util";
   *
   * await main(function* () {
   *   const tracker = new TaskTracker();
   *   tracker.spawn(sleep(5));
   *   tracker.close();
   *   yield* tracker.wait();
   *   console.log(tracker.isEmpty()); // true
   * });
   * ```
   */
  wait(): Future<void> {
    const isOver = this.closed && this.count === 0; // and stays so, whatever comes before the first poll
    return new Wait(this, isOver ? ready(undefined) : this.emptied.notified());
  }

  /**
   * Starts a task and tracks it. As {@link spawn} otherwise.
   *
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @returns the right to the outcome, which the tracker does not keep
   * @throws NoRuntimeError outside a runtime, unless `on` is given; MisuseError if `future` is not a future
   */
  spawn<T>(future: IntoFuture<T>, options?: JoinSetSpawnOptions): JoinHandle<T> {
    return this.adopt(spawnInto(future, options, "TaskTracker.spawn"));
  }

  /**
   * Starts a task that stays on this thread and tracks it: see {@link spawnLocal}.
   *
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for a {@link LocalSet} to spawn it in
   * @throws NoRuntimeError outside a runtime
   */
  spawnLocal<T>(future: IntoFuture<T>, options?: JoinSetSpawnLocalOptions): JoinHandle<T> {
    return this.adopt(spawnLocalInto(future, options, "TaskTracker.spawnLocal"));
  }

  /**
   * Runs a function on a thread of the blocking pool and tracks it: see {@link spawnBlocking}.
   *
   * **Cancel safety**: that of `spawnBlocking`.
   *
   * @param job - what a function made by `blocking` returns
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @throws NoRuntimeError outside a runtime, unless `on` is given
   */
  spawnBlocking<T>(job: BlockingJob<T>, options?: JoinSetSpawnOptions): JoinHandle<T> {
    return this.adopt(spawnBlockingInto(job, options, "TaskTracker.spawnBlocking"));
  }

  private adopt<T>(task: Task<T>): JoinHandle<T> {
    // After the runtime's shutdown it was cancelled before it began.
    if (!task.isComplete) {
      this.count++;
      task.addJoiner(this.onEnd);
    }
    return new JoinHandle(task);
  }

  /**
   * Tracks a future from now on, polled or not, until it is done or dropped.
   *
   * **Cancel safety**: that of `future`.
   *
   * @param future - a future, or a `function*` body
   * @throws MisuseError if `future` is not a future
   *
   * @example
   * ```ts
   * import { main, ready } from "toki";
   * import { TaskTracker } from "toki/util";
   *
   * await main(function* () {
   *   const tracker = new TaskTracker();
   *   const future = tracker.track(ready(42));
   *   console.log(tracker.length); // 1
   *   console.log(yield* future, tracker.length); // 42 0
   * });
   * ```
   */
  track<T>(future: IntoFuture<T>): Future<T> {
    const inner = intoFuture(future, "TaskTracker.track");
    return new Tracked(inner, this.token());
  }

  /**
   * Something that is tracked until it is disposed: for what is no task.
   *
   * @example
   * ```ts
   * import { TaskTracker } from "toki/util";
   *
   * const tracker = new TaskTracker();
   * {
   *   using token = tracker.token();
   *   console.log(tracker.length); // 1
   * }
   * console.log(tracker.length); // 0
   * ```
   */
  token(): TaskTrackerToken {
    this.count++;
    return new TaskTrackerToken(this);
  }

  /** Another reference to this same tracker: as in Tokio, a clone is not another tracker. */
  clone(): TaskTracker {
    return this;
  }

  /**
   * Whether `other` is this same tracker. Tokio's `ptr_eq`.
   *
   * @throws InvalidArgumentError if `other` is not a TaskTracker
   */
  ptrEq(other: TaskTracker): boolean {
    if (!(other instanceof TaskTracker)) throw invalidArgument("TaskTracker.ptrEq", "other", "a TaskTracker", other);
    return this === other;
  }

  /** Something tracked is over. @internal */
  leave(): void {
    if (--this.count === 0 && this.closed) this.emptied.notifyWaiters();
  }
}
