/*
 * A JoinSet whose tasks have keys.
 *
 *   byKey   the task of each key: the one spawned last under it
 *   byTask  the same, by task id
 *
 * A task that is in the set and in neither was displaced by a newer one of its key: it has been aborted, stays in the set until it is over, so that the
 * map waits for its cleanup, and is passed over when it is joined.
 */
import { driveAsyncIterator } from "../future/async-iterable.js";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { FnFuture } from "../future/frame.js";
import type { Future } from "../future/future.js";
import type { IntoFuture } from "../future/into-future.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { AbortHandle, AbortOptions } from "../task/abort-handle.js";
import type { BlockingJob } from "../task/blocking.js";
import { type Closing, describeTasks, shutdown } from "../task/join-all.js";
import type { JoinResult } from "../task/join-result.js";
import { JoinSet } from "../task/join-set.js";
import { Next } from "../task/sole-waiter.js";
import type { JoinSetSpawnLocalOptions, JoinSetSpawnOptions } from "../task/spawn-into.js";

/** A key of a {@link JoinMap}, and how its task ended. */
export type JoinMapEntry<K, V> = [key: K, result: JoinResult<V>];

const SHUTDOWN = { name: "JoinMap.shutdown" };

/**
 * A {@link JoinSet} whose tasks have keys. A task that is spawned under a key that is taken displaces the one that has it, which is aborted, and whose
 * result is dropped.
 *
 * Keys are compared as those of a `Map`. The map owns its tasks: disposing it aborts all that are left. One task at a time may wait on it.
 *
 * @typeParam K - the keys
 * @typeParam V - the value of its tasks
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 * import { JoinMap } from "toki/util";
 *
 * const load = fn(function* (path: string, ms: number) {
 *   yield* sleep(ms);
 *   return path.length;
 * });
 *
 * await main(function* () {
 *   using map = new JoinMap<string, number>();
 *   map.spawn("a.txt", load("a.txt", 20));
 *   map.spawn("readme.md", load("readme.md", 10));
 *   for (let entry; (entry = yield* map.joinNext()); ) {
 *     const [path, result] = entry;
 *     console.log(path, result.ok && result.value);
 *   }
 *   // readme.md 9
 *   // a.txt 5
 * });
 * ```
 */
export class JoinMap<K, V> implements Disposable {
  private readonly tasks = new JoinSet<V>();
  private readonly byKey = new Map<K, AbortHandle>();
  private readonly byTask = new Map<number, K>();

  /** @internal */
  get closing(): Closing {
    return this.tasks.closing;
  }

  /** How many keys have a task: one that runs, or is over and not joined yet. */
  get size(): number {
    return this.byKey.size;
  }

  /** Whether no key has a task. */
  isEmpty(): boolean {
    return this.byKey.size === 0;
  }

  /**
   * Starts a task under a key. As {@link JoinSet.spawn} otherwise.
   *
   * @param key - the task's; the task that has it is displaced
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @returns the right to abort the task
   * @throws NoRuntimeError outside a runtime, unless `on` is given; MisuseError if `future` is not a future. Nothing is displaced then
   *
   * @example
   * ```ts
   * import { main, pending, ready } from "toki";
   * import { JoinMap } from "toki/util";
   *
   * await main(function* () {
   *   const map = new JoinMap<string, number>();
   *   map.spawn("key", pending());
   *   map.spawn("key", ready(2));
   *   const entry = yield* map.joinNext();
   *   console.log(entry?.[0], entry?.[1].ok && entry[1].value); // key 2
   *   console.log(yield* map.joinNext()); // undefined
   * });
   * ```
   */
  spawn(key: K, future: IntoFuture<V>, options?: JoinSetSpawnOptions): AbortHandle {
    return this.enter(key, this.tasks.spawn(future, options));
  }

  /**
   * Starts a task under a key that stays on this thread: see {@link JoinSet.spawnLocal}.
   *
   * @param key - the task's; the task that has it is displaced
   * @param future - a future, or a `function*` body
   * @param options - `name` for await trees, `on` for a {@link LocalSet} to spawn it in
   * @throws NoRuntimeError outside a runtime
   */
  spawnLocal(key: K, future: IntoFuture<V>, options?: JoinSetSpawnLocalOptions): AbortHandle {
    return this.enter(key, this.tasks.spawnLocal(future, options));
  }

  /**
   * Runs a function on a thread of the blocking pool, as the task of a key: see {@link JoinSet.spawnBlocking}. A job that has started is not stopped when
   * it is displaced; its result is dropped.
   *
   * **Cancel safety**: that of `spawnBlocking`.
   *
   * @param key - the job's; the task that has it is displaced
   * @param job - what a function made by `blocking` returns
   * @param options - `name` for await trees, `on` for another runtime than the current one
   * @throws NoRuntimeError outside a runtime, unless `on` is given
   */
  spawnBlocking(key: K, job: BlockingJob<V>, options?: JoinSetSpawnOptions): AbortHandle {
    return this.enter(key, this.tasks.spawnBlocking(job, options));
  }

  private enter(key: K, task: AbortHandle): AbortHandle {
    const displaced = this.byKey.get(key);
    this.byKey.set(key, task);
    this.byTask.set(task.id, key);
    if (displaced !== undefined) {
      this.byTask.delete(displaced.id);
      displaced.abort();
    }
    return task;
  }

  /** The entry of a task that has left the set; undefined if it was displaced. */
  private entryOf(result: JoinResult<V>): JoinMapEntry<K, V> | undefined {
    if (!this.byTask.has(result.id)) return undefined;
    const key = this.byTask.get(result.id) as K;
    this.byTask.delete(result.id);
    this.byKey.delete(key);
    return [key, result];
  }

  /**
   * Waits until a task ends and takes it out of the map, with its key. A task that threw or was cancelled is a result too; nothing is thrown.
   *
   * **Cancel safety**: safe. When it loses a `select`, no task has left the map.
   *
   * @returns undefined if the map is empty, once the cleanup of displaced tasks has ended
   * @throws MisuseError if another task is waiting on the map
   */
  joinNext(): Future<JoinMapEntry<K, V> | undefined> {
    return new Next(this, "joinNext");
  }

  /** Takes out a task that is over, with its key, without waiting. Undefined if none is, which the map being empty includes. */
  tryJoinNext(): JoinMapEntry<K, V> | undefined {
    for (;;) {
      const result = this.tasks.tryJoinNext();
      if (result === undefined) return undefined;
      const entry = this.entryOf(result);
      if (entry !== undefined) return entry;
    }
  }

  /** @internal */
  pollFor(who: Future<unknown> | null, cx: Context): Poll<JoinMapEntry<K, V> | undefined> {
    for (;;) {
      const result = this.tasks.pollFor(who, cx);
      if (result === Pending) return Pending;
      if (result === undefined) return undefined;
      const entry = this.entryOf(result);
      if (entry !== undefined) return entry;
    }
  }

  /** @internal */
  stopWaiting(who: Future<unknown>): void {
    this.tasks.stopWaiting(who);
  }

  /**
   * Asks the task of a key to stop; it stays in the map until it is joined.
   *
   * @param key - whose task
   * @param options - a limit for its cleanup
   * @returns whether the key has a task
   */
  abort(key: K, options?: AbortOptions): boolean {
    const task = this.byKey.get(key);
    task?.abort(options);
    return task !== undefined;
  }

  /**
   * Asks the task of every key that `predicate` holds for to stop.
   *
   * @param predicate - called with each key
   * @param options - a limit for the cleanup of each
   * @throws InvalidArgumentError if `predicate` is not a function
   */
  abortMatching(predicate: (key: K) => boolean, options?: AbortOptions): void {
    if (typeof predicate !== "function") {
      throw invalidArgument("JoinMap.abortMatching", "predicate", "a function", predicate);
    }
    for (const [key, task] of [...this.byKey]) if (predicate(key)) task.abort(options);
  }

  /**
   * Asks every task to stop. They stay in the map and are joined as any other.
   *
   * @param options - a limit for the cleanup of each
   */
  abortAll(options?: AbortOptions): void {
    this.tasks.abortAll(options);
  }

  /**
   * Aborts every task and waits until their cleanup has ended, that of displaced ones too. What they threw is ignored; the map is empty afterwards. What is
   * spawned into it before that is aborted as well.
   *
   * **Cancel safety**: safe. The tasks that are left when it is dropped have been aborted and stay in the map.
   *
   * @param options - a limit for the cleanup of each
   */
  shutdown(options?: AbortOptions): Future<void> {
    return new FnFuture(shutdown(this, options), SHUTDOWN);
  }

  /** Lets go of every task: those that run go on, the results of those that are over are dropped. The map is empty afterwards. */
  detachAll(): void {
    this.tasks.detachAll();
    this.clear();
  }

  private clear(): void {
    this.byKey.clear();
    this.byTask.clear();
  }

  /** Whether a key has a task. */
  containsKey(key: K): boolean {
    return this.byKey.has(key);
  }

  /** Whether the map has the task with this id under a key. */
  containsTask(id: number): boolean {
    return this.byTask.has(id);
  }

  /** The keys that have a task, in the order they were first spawned under. */
  keys(): IterableIterator<K> {
    return this.byKey.keys();
  }

  /** Aborts every task that is left and forgets them all. Their cleanup runs; {@link JoinMap.shutdown} awaits it. */
  [Symbol.dispose](): void {
    this.tasks[Symbol.dispose]();
    this.clear();
  }

  /**
   * Makes `for await (const [key, result] of map)` work in plain async code: entries in the order the tasks end, until the map is empty. Drives the runtime
   * while it waits. Leaving the loop aborts nothing.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<JoinMapEntry<K, V>, undefined, void> {
    return driveAsyncIterator(this.tasks.runtime ?? current.runtime, () => this.joinNext(), undefined);
  }

  /** @internal */
  describe(): string {
    return describeTasks("JoinMap", this.size);
  }
}
