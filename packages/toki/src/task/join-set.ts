/*
 * A set of tasks, joined in the order they end.
 *
 * Each task in the set has an entry, which is also the joiner that the task wakes at its end. An entry is in one of two lists:
 *
 *   running   doubly linked; the task is not over                          spawn
 *   ended     singly linked, first in first out; nobody has joined it      Entry.wake, once, from the task's end
 *   neither   joined, detached, or the set was disposed: `set` is null     take, forget
 *
 * running -> ended -> neither, or running -> neither (the entry then takes itself off the task, which wakes it no more). Every step is O(1),
 * whatever the number of tasks.
 *
 * One waiter (sole-waiter.ts), woken when a task ends or the set is emptied. A wake between the look at `ended` and the registration cannot happen: all of
 * it is one thread.
 *
 * A failed task is in the runtime's failure log until it is joined: if the set is dropped or forgotten, it is reported.
 */
import { driveAsyncIterator } from "../future/async-iterable.js";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { FnFuture } from "../future/frame.js";
import { Future } from "../future/future.js";
import type { IntoFuture } from "../future/into-future.js";
import { Pending, type Poll } from "../future/poll.js";
import { Waker } from "../future/waker.js";
import type { RuntimeCore } from "../runtime/core.js";
import type { Task } from "../runtime/task/task.js";
import { AbortHandle, type AbortOptions, abortTask, checkAbortOptions } from "./abort-handle.js";
import type { BlockingJob } from "./blocking.js";
import { proceed } from "./coop.js";
import { Closing, describeTasks, joinAll, shutdown, spawnAll } from "./join-all.js";
import type { JoinResult } from "./join-result.js";
import { takeResult } from "./outcome.js";
import { Next, SoleWaiter } from "./sole-waiter.js";
import {
  type JoinSetSpawnLocalOptions,
  type JoinSetSpawnOptions,
  spawnBlockingInto,
  spawnInto,
  spawnLocalInto,
} from "./spawn-into.js";

class Entry<T> extends Waker {
  set: JoinSet<T> | null;
  readonly task: Task<T>;
  prev: Entry<T> | null;
  next: Entry<T> | null;

  constructor(set: JoinSet<T>, task: Task<T>) {
    super();
    this.set = set;
    this.task = task;
    this.prev = null;
    this.next = null;
  }

  /** The task is over. */
  wake(): void {
    this.set?.onEnd(this);
  }
}

/** Waits until no task of a set runs; joins none. */
class AllEnded<T> extends Future<void> {
  private readonly set: JoinSet<T>;

  constructor(set: JoinSet<T>) {
    super();
    this.set = set;
  }

  poll(cx: Context): Poll<void> {
    return this.set.pollEnded(this, cx);
  }

  override [Symbol.dispose](): void {
    this.set.stopWaiting(this);
  }

  override describe(): string {
    return `the end of ${this.set.describe()}`;
  }
}

/**
 * A set of tasks of one result type, joined in the order they end.
 *
 * Tasks start when they are spawned, whether or not anybody joins them. A task that is over keeps its result in the set until it is joined. The set
 * owns its tasks: disposing it aborts all that are left, so `using set = new JoinSet()` lets none of them outlive the block. Where children must end
 * with their cleanup before the caller goes on, and the first failure must stop the others, use {@link scope}.
 *
 * One task at a time may wait on a set.
 *
 * @typeParam T - the value of its tasks
 *
 * @example
 * ```ts
 * import { fn, JoinSet, main, sleep } from "toki";
 *
 * const fetchUser = fn(function* (id: number) {
 *   yield* sleep(30 - 10 * id);
 *   if (id === 3) throw new Error("no such user");
 *   return `user ${id}`;
 * });
 *
 * await main(function* () {
 *   using set = new JoinSet<string>();
 *   for (const id of [1, 2, 3]) set.spawn(fetchUser(id));
 *   for (let result; (result = yield* set.joinNext()); ) {
 *     console.log(result.ok ? result.value : result.error.message);
 *   }
 *   // task 3 panicked with message "no such user"
 *   // user 2
 *   // user 1
 * });
 * ```
 */
export class JoinSet<T> extends SoleWaiter<JoinResult<T> | undefined> implements Disposable {
  /** @internal */
  readonly closing: Closing;
  private count: number;
  private running: Entry<T> | null;
  private endedHead: Entry<T> | null;
  private endedTail: Entry<T> | null;
  /** Where the latest task was spawned: what `for await` drives. */
  private rt: RuntimeCore | null;

  /**
   * Makes a set, with a task for each of `futures`.
   *
   * @param futures - futures or `function*` bodies to spawn
   * @throws NoRuntimeError if there are any and there is no runtime here
   */
  constructor(futures?: Iterable<IntoFuture<T>>) {
    super();
    this.closing = new Closing();
    this.count = 0;
    this.running = null;
    this.endedHead = null;
    this.endedTail = null;
    this.rt = null;
    if (futures !== undefined) spawnAll(this, futures, "JoinSet");
  }

  /** Where the latest task was spawned. @internal */
  get runtime(): RuntimeCore | null {
    return this.rt;
  }

  /** How many tasks are in the set: those that run, and those that are over and not joined yet. */
  get size(): number {
    return this.count;
  }

  /** Whether no task is in the set. */
  isEmpty(): boolean {
    return this.count === 0;
  }

  /**
   * Starts a task in the set. As {@link spawn} otherwise.
   *
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @returns the right to abort the task
   * @throws NoRuntimeError outside a runtime, unless `on` is given
   * @throws MisuseError if `future` is not a future
   *
   * @example
   * ```ts
   * import { JoinSet, main, pending } from "toki";
   *
   * await main(function* () {
   *   const set = new JoinSet<never>();
   *   const task = set.spawn(pending(), { name: "waits for ever" });
   *   task.abort();
   *   const result = yield* set.joinNext();
   *   console.log(result?.ok, result?.id === task.id); // false true
   * });
   * ```
   */
  spawn(future: IntoFuture<T>, options?: JoinSetSpawnOptions): AbortHandle {
    return this.adopt(spawnInto(future, options, "JoinSet.spawn"));
  }

  /**
   * Starts a task in the set that stays on this thread: see {@link spawnLocal}.
   *
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for a {@link LocalSet} to spawn it in
   * @returns the right to abort the task
   * @throws NoRuntimeError outside a runtime
   */
  spawnLocal(future: IntoFuture<T>, options?: JoinSetSpawnLocalOptions): AbortHandle {
    return this.adopt(spawnLocalInto(future, options, "JoinSet.spawnLocal"));
  }

  /**
   * Runs a function on a thread of the blocking pool, as a task of the set: see {@link spawnBlocking}.
   *
   * **Cancel safety**: that of `spawnBlocking`.
   *
   * @param job - what a function made by `blocking` returns
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @returns the right to abort the job
   * @throws NoRuntimeError outside a runtime, unless `on` is given
   *
   * @example
   * ```ts
   * import { blocking, JoinSet, main } from "toki";
   *
   * const square = blocking(import.meta, function square(x: number) {
   *   return x * x;
   * });
   *
   * await main(function* () {
   *   const set = new JoinSet<number>();
   *   set.spawnBlocking(square(3));
   *   console.log(yield* set.joinAll()); // [ 9 ]
   * });
   * ```
   */
  spawnBlocking(job: BlockingJob<T>, options?: JoinSetSpawnOptions): AbortHandle {
    return this.adopt(spawnBlockingInto(job, options, "JoinSet.spawnBlocking"));
  }

  private adopt(task: Task<T>): AbortHandle {
    const entry = new Entry(this, task);
    this.rt = task.rt;
    this.count++;
    if (task.isComplete) {
      // The runtime has been shut down: the task was cancelled before it began.
      this.pushEnded(entry);
    } else {
      const head = this.running;
      entry.next = head;
      if (head !== null) head.prev = entry;
      this.running = entry;
      task.addJoiner(entry);
      this.closing.admit(task as Task<unknown>);
    }
    return new AbortHandle(task as Task<unknown>);
  }

  /**
   * Starts a task for each of `futures`.
   *
   * @param futures - futures or `function*` bodies
   * @throws NoRuntimeError outside a runtime
   *
   * @example
   * ```ts
   * import { JoinSet, main, ready } from "toki";
   *
   * await main(function* () {
   *   const set = new JoinSet<number>();
   *   set.extend([ready(1), ready(2)]);
   *   console.log(set.size); // 2
   * });
   * ```
   */
  extend(futures: Iterable<IntoFuture<T>>): void {
    spawnAll(this, futures, "JoinSet.extend");
  }

  /** Moves the entry of a task that is over to those that can be joined. @internal */
  onEnd(entry: Entry<T>): void {
    this.unlink(entry);
    this.pushEnded(entry);
  }

  private pushEnded(entry: Entry<T>): void {
    const tail = this.endedTail;
    if (tail === null) this.endedHead = entry;
    else tail.next = entry;
    this.endedTail = entry;
    this.wakeWaiter();
  }

  private unlink(entry: Entry<T>): void {
    const { prev, next } = entry;
    if (prev === null) this.running = next;
    else prev.next = next;
    if (next !== null) next.prev = prev;
    entry.prev = null;
    entry.next = null;
  }

  private take(): JoinResult<T> | undefined {
    const entry = this.endedHead;
    if (entry === null) return undefined;
    const { next, task } = entry;
    this.endedHead = next;
    if (next === null) this.endedTail = null;
    entry.set = null;
    this.count--;
    return takeResult(task);
  }

  /**
   * Waits until a task ends and takes it out of the set.
   *
   * A task that threw or was cancelled is a result too, with `ok: false` and the `JoinError`; nothing is thrown. `id` is the task's.
   *
   * **Cancel safety**: safe. When it loses a `select`, no task has left the set.
   *
   * @returns undefined if the set is empty
   * @throws MisuseError if another task is waiting on the set
   *
   * @example
   * ```ts
   * import { JoinSet, main, ready } from "toki";
   *
   * await main(function* () {
   *   const set = new JoinSet([ready(42)]);
   *   const result = yield* set.joinNext();
   *   if (result?.ok) console.log(result.value); // 42
   *   console.log(yield* set.joinNext()); // undefined
   * });
   * ```
   */
  joinNext(): Future<JoinResult<T> | undefined> {
    return new Next(this, "joinNext");
  }

  /**
   * Takes out a task that is over, without waiting.
   *
   * @returns undefined if no task is over, which the set being empty includes
   *
   * @example
   * ```ts
   * import { JoinSet, main, ready, yieldNow } from "toki";
   *
   * await main(function* () {
   *   const set = new JoinSet([ready(42)]);
   *   console.log(set.tryJoinNext()); // undefined: it has not run yet
   *   yield* yieldNow();
   *   console.log(set.tryJoinNext()?.ok); // true
   * });
   * ```
   */
  tryJoinNext(): JoinResult<T> | undefined {
    return this.take();
  }

  /**
   * One poll of {@link JoinSet.joinNext}, for hand-written futures. When the answer is `Pending`, the context's waker is woken once a task ends. It
   * may be `Pending` although a task is over, when the cooperative budget is used up.
   *
   * @param cx - carries the waker
   * @returns a result, undefined if the set is empty, or `Pending`
   * @throws MisuseError if another task is waiting on the set
   *
   * @example
   * ```ts
   * import { Context, JoinSet, main, Pending, ready, Waker } from "toki";
   *
   * await main(function* () {
   *   const set = new JoinSet([ready(42)]);
   *   console.log(set.pollJoinNext(Context.fromWaker(Waker.noop)) === Pending); // true
   * });
   * ```
   */
  pollJoinNext(cx: Context): Poll<JoinResult<T> | undefined> {
    return this.pollFor(null, cx);
  }

  /** @internal */
  pollFor(who: Future<unknown> | null, cx: Context): Poll<JoinResult<T> | undefined> {
    this.startWaiting(who, cx.waker);
    if (this.endedHead === null) {
      if (this.count > 0) return Pending;
    } else if (!proceed(cx)) return Pending;
    this.endWait();
    return this.take();
  }

  /** @internal */
  pollEnded(who: Future<unknown>, cx: Context): Poll<void> {
    this.startWaiting(who, cx.waker);
    if (this.running !== null) return Pending;
    this.endWait();
  }

  /** @internal */
  describe(): string {
    return describeTasks("JoinSet", this.count);
  }

  /** @internal */
  allEnded(): Future<void> {
    return new AllEnded(this);
  }

  /**
   * Waits for every task and gives their values in the order the tasks ended, which need not be the order they were spawned in.
   *
   * The first task that threw ends it: the others, and what their cleanup spawns into the set, are aborted, their cleanup is awaited, and what the task threw is thrown. A task that was aborted
   * ends it likewise, with its `JoinError`.
   *
   * **Cancel safety**: not safe. Dropping it aborts every task in the set and awaits their cleanup; the values so far are lost.
   *
   * @throws what a task threw; JoinError if a task was cancelled
   *
   * @example
   * ```ts
   * import { fn, JoinSet, main, sleep } from "toki";
   *
   * const work = fn(function* (ms: number) {
   *   yield* sleep(ms);
   *   return ms;
   * });
   *
   * await main(function* () {
   *   const set = new JoinSet([work(30), work(10), work(20)]);
   *   console.log(yield* set.joinAll()); // [ 10, 20, 30 ]
   * });
   * ```
   */
  joinAll(): Future<T[]> {
    return new FnFuture(joinAll(this), JOIN_ALL);
  }

  /**
   * Asks every task in the set to stop. They stay in the set and are joined as any other: as cancelled, or with their value if they were over or end
   * without another await.
   *
   * @param options - a limit for the cleanup of each
   */
  abortAll(options?: AbortOptions): void {
    checkAbortOptions(options);
    for (let entry = this.running; entry !== null; entry = entry.next) abortTask(entry.task as Task<unknown>, options);
  }

  /**
   * Aborts every task and waits until their cleanup has ended. What they threw is ignored; the set is empty afterwards. What is spawned into it before that
   * is aborted as well.
   *
   * **Cancel safety**: safe. The tasks that are left when it is dropped have been aborted and stay in the set.
   *
   * @param options - a limit for the cleanup of each
   *
   * @example
   * ```ts
   * import { JoinSet, main, pending } from "toki";
   *
   * await main(function* () {
   *   const set = new JoinSet<never>([pending(), pending()]);
   *   yield* set.shutdown();
   *   console.log(set.isEmpty()); // true
   * });
   * ```
   */
  shutdown(options?: AbortOptions): Future<void> {
    return new FnFuture(shutdown(this, options), SHUTDOWN);
  }

  /**
   * Lets go of every task: those that run go on, the results of those that are over are dropped. The set is empty afterwards. A failure that nobody
   * joined is reported, as that of any detached task.
   */
  detachAll(): void {
    this.forget(false);
  }

  /** Aborts every task that is left and forgets them all. Their cleanup runs; {@link JoinSet.shutdown} awaits it. */
  [Symbol.dispose](): void {
    this.forget(true);
  }

  private forget(abort: boolean): void {
    for (let entry = this.running; entry !== null; ) {
      const { next, task } = entry;
      entry.set = null;
      entry.prev = null;
      entry.next = null;
      task.removeJoiner(entry);
      if (abort) task.abort();
      entry = next;
    }
    this.running = null;
    this.endedHead = null;
    this.endedTail = null;
    this.count = 0;
    this.wakeWaiter();
  }

  /**
   * Makes `for await (const result of set)` work in plain async code: results in the order the tasks end, until the set is empty. Drives the runtime
   * while it waits. Leaving the loop aborts nothing.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<JoinResult<T>, undefined, void> {
    return driveAsyncIterator(this.rt ?? current.runtime, () => this.joinNext(), undefined);
  }
}

const JOIN_ALL = { name: "JoinSet.joinAll" };
const SHUTDOWN = { name: "JoinSet.shutdown" };
