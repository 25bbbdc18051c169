/*
 * Tasks joined in the order they were spawned in: a singly linked list, oldest first. Whoever waits is a joiner of the first task, the only one that
 * matters to it (`joined`), and is woken by its end or when the queue is emptied.
 */
import { driveAsyncIterator } from "../future/async-iterable.js";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { FnFuture } from "../future/frame.js";
import type { Future } from "../future/future.js";
import type { IntoFuture } from "../future/into-future.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore } from "../runtime/core.js";
import type { Task } from "../runtime/task/task.js";
import { AbortHandle, type AbortOptions, abortTask, checkAbortOptions } from "../task/abort-handle.js";
import type { BlockingJob } from "../task/blocking.js";
import { proceed, refund } from "../task/coop.js";
import { Closing, describeTasks, joinAll, shutdown, spawnAll } from "../task/join-all.js";
import { JoinHandle } from "../task/join-handle.js";
import type { JoinResult } from "../task/join-result.js";
import { takeResult } from "../task/outcome.js";
import { Next, SoleWaiter } from "../task/sole-waiter.js";
import {
  type JoinSetSpawnLocalOptions,
  type JoinSetSpawnOptions,
  spawnBlockingInto,
  spawnInto,
  spawnLocalInto,
} from "../task/spawn-into.js";
import { TaskEnd } from "../task/task-end.js";

interface Entry<T> {
  readonly task: Task<T>;
  next: Entry<T> | null;
}

const JOIN_ALL = { name: "JoinQueue.joinAll" };
const SHUTDOWN = { name: "JoinQueue.shutdown" };
const ALL_ENDED = { name: "the end of a JoinQueue" };

/**
 * Tasks of one result type, joined in the order they were spawned in: a {@link JoinSet} in which a task that is over waits for those before it.
 *
 * Tasks start when they are spawned, and run side by side. The queue owns them: disposing it aborts all that are left. One task at a time may wait on it.
 *
 * @typeParam T - the value of its tasks
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 * import { JoinQueue } from "toki/util";
 *
 * const fetchPage = fn(function* (page: number) {
 *   yield* sleep(30 - 10 * page);
 *   return `page ${page}`;
 * });
 *
 * await main(function* () {
 *   using queue = new JoinQueue<string>();
 *   for (const page of [1, 2, 3]) queue.spawn(fetchPage(page));
 *   console.log(yield* queue.joinAll()); // [ 'page 1', 'page 2', 'page 3' ]
 * });
 * ```
 */
export class JoinQueue<T> extends SoleWaiter<JoinResult<T> | undefined> implements Disposable {
  /** @internal */
  readonly closing = new Closing();
  private count = 0;
  private head: Entry<T> | null = null;
  private tail: Entry<T> | null = null;
  /** The task that the waiter has joined. */
  private joined: Task<T> | null = null;
  /** Where the latest task was spawned: what `for await` drives. */
  private rt: RuntimeCore | null = null;

  /**
   * Makes a queue, with a task for each of `futures`.
   *
   * @param futures - futures or `function*` bodies to spawn
   * @throws NoRuntimeError if there are any and there is no runtime here
   */
  constructor(futures?: Iterable<IntoFuture<T>>) {
    super();
    if (futures !== undefined) spawnAll(this, futures, "JoinQueue");
  }

  /** How many tasks are in the queue: those that run, and those that are over and not joined yet. */
  get size(): number {
    return this.count;
  }

  /** Whether no task is in the queue. */
  isEmpty(): boolean {
    return this.count === 0;
  }

  /**
   * Starts a task at the end of the queue. As {@link spawn} otherwise.
   *
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @returns the right to abort the task
   * @throws NoRuntimeError outside a runtime, unless `on` is given; MisuseError if `future` is not a future
   */
  spawn(future: IntoFuture<T>, options?: JoinSetSpawnOptions): AbortHandle {
    return this.push(spawnInto(future, options, "JoinQueue.spawn"));
  }

  /**
   * Starts a task at the end of the queue that stays on this thread: see {@link spawnLocal}.
   *
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for a {@link LocalSet} to spawn it in
   * @throws NoRuntimeError outside a runtime
   */
  spawnLocal(future: IntoFuture<T>, options?: JoinSetSpawnLocalOptions): AbortHandle {
    return this.push(spawnLocalInto(future, options, "JoinQueue.spawnLocal"));
  }

  /**
   * Runs a function on a thread of the blocking pool, as a task at the end of the queue: see {@link spawnBlocking}.
   *
   * **Cancel safety**: that of `spawnBlocking`.
   *
   * @param job - what a function made by `blocking` returns
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @throws NoRuntimeError outside a runtime, unless `on` is given
   */
  spawnBlocking(job: BlockingJob<T>, options?: JoinSetSpawnOptions): AbortHandle {
    return this.push(spawnBlockingInto(job, options, "JoinQueue.spawnBlocking"));
  }

  /**
   * Takes a task that was spawned elsewhere in at the end of the queue, which owns it from then on.
   *
   * @param handle - of the task
   * @returns the right to abort the task
   * @throws InvalidArgumentError if `handle` is not a JoinHandle
   *
   * @example
   * ```ts
   * import { main, ready, spawn } from "toki";
   * import { JoinQueue } from "toki/util";
   *
   * await main(function* () {
   *   const queue = new JoinQueue<number>();
   *   queue.pushBack(spawn(ready(42)));
   *   console.log(yield* queue.joinAll()); // [ 42 ]
   * });
   * ```
   */
  pushBack(handle: JoinHandle<T>): AbortHandle {
    if (!(handle instanceof JoinHandle)) {
      throw invalidArgument("JoinQueue.pushBack", "handle", "a JoinHandle", handle);
    }
    return this.push(handle.task);
  }

  private push(task: Task<T>): AbortHandle {
    const entry: Entry<T> = { task, next: null };
    if (this.tail === null) this.head = entry;
    else this.tail.next = entry;
    this.tail = entry;
    this.count++;
    this.rt = task.rt;
    this.closing.admit(task as Task<unknown>);
    return new AbortHandle(task as Task<unknown>);
  }

  private shift(): JoinResult<T> {
    const { task, next } = this.head as Entry<T>;
    this.head = next;
    if (next === null) this.tail = null;
    this.count--;
    return takeResult(task);
  }

  /**
   * Waits until the task that was spawned first has ended and takes it out of the queue. A task that threw or was cancelled is a result too, with `ok: false`
   * and the `JoinError`; nothing is thrown.
   *
   * **Cancel safety**: safe. When it loses a `select`, no task has left the queue.
   *
   * @returns undefined if the queue is empty
   * @throws MisuseError if another task is waiting on the queue
   */
  joinNext(): Future<JoinResult<T> | undefined> {
    return new Next(this, "joinNext");
  }

  /** Takes out the task that was spawned first, if it is over, without waiting. Undefined if it is not, or the queue is empty. */
  tryJoinNext(): JoinResult<T> | undefined {
    return this.head?.task.isComplete ? this.shift() : undefined;
  }

  /**
   * One poll of {@link JoinQueue.joinNext}, for hand-written futures. When the answer is `Pending`, the context's waker is woken once the first task is
   * over. It may be `Pending` although it is, when the cooperative budget is used up.
   *
   * @param cx - carries the waker
   * @returns a result, undefined if the queue is empty, or `Pending`
   * @throws MisuseError if another task is waiting on the queue
   */
  pollJoinNext(cx: Context): Poll<JoinResult<T> | undefined> {
    return this.pollFor(null, cx);
  }

  /** @internal */
  pollFor(who: Future<unknown> | null, cx: Context): Poll<JoinResult<T> | undefined> {
    const { waker: held, head } = this;
    this.startWaiting(who, cx.waker);
    if (this.joined !== null && (held !== cx.waker || this.joined !== head?.task)) {
      if (held !== null) this.joined.removeJoiner(held);
      this.joined = null;
    }
    if (head !== null) {
      if (!proceed(cx)) return Pending;
      if (!head.task.isComplete) {
        refund();
        if (this.joined === null) head.task.addJoiner(cx.waker);
        this.joined = head.task;
        return Pending;
      }
    }
    this.joined = null;
    this.endWait();
    return head === null ? undefined : this.shift();
  }

  /** @internal */
  override stopWaiting(who: Future<unknown>): void {
    if (this.waiting !== who) return;
    if (this.waker !== null) this.joined?.removeJoiner(this.waker);
    this.joined = null;
    this.endWait();
  }

  /**
   * Waits for every task and gives their values in the order the tasks were spawned in.
   *
   * The first one in that order that threw ends it: the others, and what their cleanup puts into the queue, are aborted, their cleanup is awaited, and what the task threw is thrown. A task that was
   * aborted ends it likewise, with its `JoinError`.
   *
   * **Cancel safety**: not safe. Dropping it aborts every task in the queue and awaits their cleanup; the values so far are lost.
   *
   * @throws what a task threw; JoinError if a task was cancelled
   */
  joinAll(): Future<T[]> {
    return new FnFuture(joinAll(this), JOIN_ALL);
  }

  /**
   * Asks every task in the queue to stop. They stay in the queue and are joined as any other.
   *
   * @param options - a limit for the cleanup of each
   */
  abortAll(options?: AbortOptions): void {
    checkAbortOptions(options);
    for (const task of this.tasks()) abortTask(task as Task<unknown>, options);
  }

  /**
   * Aborts every task and waits until their cleanup has ended. What they threw is ignored; the queue is empty afterwards. What is put into it before that is
   * aborted as well.
   *
   * **Cancel safety**: safe. The tasks that are left when it is dropped have been aborted and stay in the queue.
   *
   * @param options - a limit for the cleanup of each
   */
  shutdown(options?: AbortOptions): Future<void> {
    return new FnFuture(shutdown(this, options), SHUTDOWN);
  }

  /** Lets go of every task: those that run go on, the results of those that are over are dropped. The queue is empty afterwards. */
  detachAll(): void {
    const { waker } = this;
    if (waker !== null) this.joined?.removeJoiner(waker);
    this.joined = null;
    this.head = null;
    this.tail = null;
    this.count = 0;
    this.wakeWaiter();
  }

  /** Aborts every task that is left and forgets them all. Their cleanup runs; {@link JoinQueue.shutdown} awaits it. */
  [Symbol.dispose](): void {
    this.abortAll();
    this.detachAll();
  }

  /** @internal */
  allEnded(): Future<void> {
    return new FnFuture(allEnded(this.head), ALL_ENDED);
  }

  private tasks(): Task<T>[] {
    const tasks: Task<T>[] = [];
    for (let entry = this.head; entry !== null; entry = entry.next) tasks.push(entry.task);
    return tasks;
  }

  /**
   * Makes `for await (const result of queue)` work in plain async code: results in the order of spawning, until the queue is empty. Drives the runtime while
   * it waits. Leaving the loop aborts nothing.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<JoinResult<T>, undefined, void> {
    return driveAsyncIterator(this.rt ?? current.runtime, () => this.joinNext(), undefined);
  }

  /** @internal */
  describe(): string {
    return describeTasks("JoinQueue", this.count);
  }
}

function* allEnded(first: Entry<unknown> | null): Generator<Suspend, void, unknown> {
  for (let entry = first; entry !== null; entry = entry.next) yield* new TaskEnd(entry.task);
}
