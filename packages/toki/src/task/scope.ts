/*
 * Structured concurrency: a body and the tasks it spawns, none of which outlives the scope.
 *
 *   IDLE        not polled: the body has not been called
 *   RUNNING     the body runs, inside the task that awaits the scope; its children run as tasks
 *   DRAINING    the body has returned; children are left
 *   CANCELLING  somebody failed, or the scope itself is being cancelled: body and children unwind, all at the same time
 *   DONE
 *
 *   IDLE -> RUNNING                                first poll
 *   RUNNING -> DRAINING -> DONE                    the body returned, the last child ended
 *   RUNNING, DRAINING -> CANCELLING                a failure (`fail`) seen by the next poll, or pollCancel
 *   CANCELLING -> DONE                             body and children are over, or the time for cleanup is up and everything was cut short
 *
 * A child's entry is the joiner its task wakes at the end. The first failure, of a child, the body or `cancel`, is kept as `error` and thrown at
 * the end; it aborts the siblings there and then, so that none of them sees the failed task as a JoinError first. Failures of other children stay
 * in the runtime's failure log; one of the body's cleanup is attached to `error` as suppressed, as the frame driver does.
 *
 * The awaiting task is woken when there is something for it to do: a failure, or the last child's end while it waits for that.
 */

import { type BodyOf, bindBody, checkBody } from "../future/bound-body.js";
import type { Context } from "../future/context.js";
import { dropStarted } from "../future/drop.js";
import { type AwaitEdge, Future, pollingContext, resultOf } from "../future/future.js";
import type { IntoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { suppressed } from "../future/suppressed-error.js";
import { Waker } from "../future/waker.js";
import { checkOptions } from "../internal/invalid-argument.js";
import type { RuntimeCore, SpawnOptions } from "../runtime/core.js";
import { FAILED, type Task } from "../runtime/task/task.js";
import { type Duration, toMillis } from "../time/duration.js";
import { Instant } from "../time/instant.js";
import { type Sleep, sleep } from "../time/sleep.js";
import { type AbortOptions, abortTask, checkAbortOptions } from "./abort-handle.js";
import { JoinHandle } from "./join-handle.js";
import { takeError } from "./outcome.js";
import { ScopeError } from "./scope-error.js";
import { currentRuntime, spawnOn } from "./spawn.js";

const IDLE = 0;
const RUNNING = 1;
const DRAINING = 2;
const CANCELLING = 3;
const DONE = 4;

class Child extends Waker {
  readonly scope: Scope;
  readonly task: Task<unknown>;
  prev: Child | null;
  next: Child | null;

  constructor(scope: Scope, task: Task<unknown>) {
    super();
    this.scope = scope;
    this.task = task;
    this.prev = null;
    this.next = null;
  }

  /** The task is over. */
  wake(): void {
    this.scope.onChildEnd(this);
  }
}

/**
 * Never runs the task in place of the await, as a plain handle may: a failure would come out of the await before the scope could cancel the one that
 * awaits.
 */
class ChildHandle<T> extends JoinHandle<T> {
  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }
}

/**
 * The inside of a {@link scope}: what its body spawns with. It may be handed to children and to functions, which then spawn into the same scope.
 *
 * @example
 * ```ts
 * import { fn, main, type Scope, scope, sleep } from "toki";
 *
 * const crawl = fn(function* (s: Scope, depth: number) {
 *   yield* sleep(1);
 *   if (depth < 3) for (let i = 0; i < 2; i++) s.spawn(crawl(s, depth + 1));
 * });
 *
 * await main(function* () {
 *   yield* scope(function* (s) {
 *     s.spawn(crawl(s, 0));
 *   });
 *   console.log("every page was visited");
 * });
 * ```
 */
export class Scope {
  /** @internal */
  state = IDLE;
  /** @internal */
  failed = false;
  /** @internal */
  error: unknown = undefined;
  /** @internal */
  waker: Waker | null = null;
  private readonly rt: RuntimeCore;
  private children: Child | null = null;
  private count = 0;

  /** @internal */
  constructor(rt: RuntimeCore) {
    this.rt = rt;
  }

  /** How many tasks of the scope are not over. */
  get size(): number {
    return this.count;
  }

  /**
   * Starts a task in the scope. The scope does not end before the task, and the task's failure ends the scope: catch what should not.
   *
   * The body and the tasks of the scope may spawn as long as it lasts. While it is being cancelled, what comes back is a cancelled task.
   *
   * @param future - a future, or a `function*` body
   * @param options - a `name` for await trees and reports
   * @returns the right to the task's value. Aborting it is no failure
   * @throws ScopeError when the scope has ended
   *
   * @example
   * ```ts
   * import { main, scope, sleep } from "toki";
   *
   * await main(function* () {
   *   const sum = yield* scope(function* (s) {
   *     const a = s.spawn(function* () { yield* sleep(5); return 1; });
   *     const b = s.spawn(function* () { yield* sleep(5); return 2; });
   *     return (yield* a) + (yield* b);
   *   });
   *   console.log(sum); // 3
   * });
   * ```
   */
  spawn<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
    if (this.state === DONE) throw new ScopeError("TOKI_SCOPE_CLOSED");
    const handle = new ChildHandle(spawnOn(this.rt, future, options, "Scope.spawn").task);
    const task = handle.task as Task<unknown>;
    if (task.isComplete) return handle; // the runtime has been shut down
    const child = new Child(this, task);
    const head = this.children;
    child.next = head;
    if (head !== null) head.prev = child;
    this.children = child;
    this.count++;
    task.addJoiner(child);
    if (this.failed || this.state === CANCELLING) task.abort();
    return handle;
  }

  /**
   * Aborts the tasks that are in the scope now, and only them: the body goes on, and its value is the scope's, which still waits for their cleanup.
   * For helpers that run as long as the body does.
   *
   * @param options - a limit for the cleanup of each
   *
   * @example
   * ```ts
   * import { interval, main, scope, sleep } from "toki";
   *
   * await main(function* () {
   *   const result = yield* scope(function* (s) {
   *     s.spawn(function* heartbeat() {
   *       const ticks = interval(10);
   *       for (;;) yield* ticks.tick();
   *     });
   *     yield* sleep(25);
   *     s.abortAll();
   *     return "done";
   *   });
   *   console.log(result); // done
   * });
   * ```
   */
  abortAll(options?: AbortOptions): void {
    checkAbortOptions(options);
    for (let child = this.children; child !== null; child = child.next) abortTask(child.task, options);
  }

  /**
   * Cancels the whole scope, its body included. The scope throws `reason` once all cleanup has ended. Does nothing when it has failed already or is
   * over.
   *
   * @param reason - what the scope throws. Default: a ScopeError
   */
  cancel(reason: unknown = new ScopeError("TOKI_SCOPE_CANCELLED")): void {
    if (this.failed || this.state >= CANCELLING) return;
    this.fail(reason);
  }

  /** Keeps the first failure and stops the children; the body is stopped by the poll that the wake leads to. @internal */
  fail(error: unknown): void {
    this.failed = true;
    this.error = error;
    this.abortAll();
    this.waker?.wake();
  }

  /** An error of the body, or of its cleanup. @internal */
  record(error: unknown): void {
    if (this.failed) this.error = suppressed(error, this.error);
    else this.fail(error);
  }

  /** @internal */
  onChildEnd(child: Child): void {
    const { prev, next, task } = child;
    if (prev === null) this.children = next;
    else prev.next = next;
    if (next !== null) next.prev = prev;
    this.count--;
    if ((task.state & FAILED) !== 0 && !this.failed && this.state !== DONE) {
      takeError(task); // the scope has seen it; those of the others stay in the failure log
      this.fail(task.output);
      return;
    }
    if (this.count === 0 && (this.failed || this.state >= DRAINING)) this.waker?.wake();
  }

  /** Cuts the cleanup of the children short. @internal */
  force(): void {
    for (let child = this.children; child !== null; child = child.next) child.task.forceUnwind();
  }
}

/** Options of {@link scope}. */
export interface ScopeOptions {
  /**
   * How long cleanup may take once the scope is being cancelled, by a failure or from outside. After that the awaits in it no longer wait: each is
   * cut, and only synchronous cleanup still runs.
   *
   * @default no limit
   */
  cleanupTimeout?: Duration;
}

class ScopeFuture<T> extends Future<T> {
  private makeBody: BodyOf<Scope, T> | undefined;
  private readonly cleanupMs: number | undefined;
  private scope: Scope | undefined = undefined;
  private body: Future<T> | undefined = undefined;
  private value: T | undefined = undefined;
  private deadline: Sleep | undefined = undefined;
  private isDone = false;

  constructor(makeBody: BodyOf<Scope, T>, cleanupMs: number | undefined) {
    super();
    this.makeBody = makeBody;
    this.cleanupMs = cleanupMs;
  }

  poll(cx: Context): Poll<T> {
    const scope = this.scope ?? this.start();
    scope.waker = cx.waker;
    if (scope.state === RUNNING && !scope.failed) this.pollBody(scope, cx);
    if (scope.state !== CANCELLING) {
      if (!scope.failed) {
        if (scope.state === RUNNING || scope.size > 0) return Pending;
        const value = this.value as T;
        this.finish();
        return value;
      }
      this.beginCancel(scope);
    }
    if (this.pollCleanup(scope, cx) === Pending) return Pending;
    this.finish();
    throw scope.error;
  }

  private start(): Scope {
    const { makeBody } = this;
    if (makeBody === undefined) throw polledAfterCompletion("a scope");
    this.makeBody = undefined;
    const scope = new Scope(currentRuntime("scope"));
    // Made here, so that a runtime without timers is noticed before anything runs; it starts to count when cleanup does.
    if (this.cleanupMs !== undefined) this.deadline = sleep(0);
    scope.state = RUNNING;
    this.scope = scope;
    try {
      this.body = bindBody(makeBody, scope, "scope");
    } catch (error) {
      scope.record(error); // the function may have spawned before it threw
    }
    return scope;
  }

  private pollBody(scope: Scope, cx: Context): void {
    let value: Poll<T>;
    try {
      value = (this.body as Future<T>).poll(cx);
    } catch (error) {
      this.body = undefined;
      scope.record(error);
      return;
    }
    if (value === Pending) return;
    this.body = undefined;
    this.value = value as T;
    scope.state = DRAINING;
  }

  private beginCancel(scope: Scope): void {
    scope.state = CANCELLING;
    this.value = undefined;
    scope.abortAll();
    if (this.cleanupMs !== undefined) this.deadline?.reset(Instant.now().add(this.cleanupMs));
  }

  /** Waits until the body's cleanup and every child are over, or for the deadline. Errors go to the scope. */
  private pollCleanup(scope: Scope, cx: Context): Poll<void> {
    const { body, deadline } = this;
    if (body !== undefined) {
      try {
        if (body.pollCancel(cx) !== Pending) this.body = undefined;
      } catch (error) {
        this.body = undefined;
        scope.record(error);
      }
    }
    if (this.body === undefined && scope.size === 0) return undefined;
    if (deadline === undefined || deadline.poll(cx) === Pending) return Pending;
    this.deadline = undefined;
    this.force(scope);
    return scope.size === 0 ? undefined : Pending;
  }

  private force(scope: Scope): void {
    const { body } = this;
    this.body = undefined;
    scope.force();
    try {
      body?.forceCancel();
    } catch (error) {
      scope.record(error);
    }
  }

  private finish(): void {
    this.isDone = true;
    this.makeBody = undefined;
    this.body = undefined;
    this.value = undefined;
    this.deadline?.[Symbol.dispose]();
    const { scope } = this;
    if (scope === undefined) return;
    scope.state = DONE;
    scope.waker = null;
    this.scope = undefined;
  }

  override pollCancel(cx: Context): Poll<void> {
    const { scope } = this;
    if (scope === undefined) {
      this.finish();
      return undefined;
    }
    scope.waker = cx.waker;
    if (scope.state !== CANCELLING) this.beginCancel(scope);
    if (this.pollCleanup(scope, cx) === Pending) return Pending;
    this.finish();
    if (scope.failed) throw scope.error;
    return undefined;
  }

  // The children are tasks: each is cut short at its next poll, which comes before anything else they could do.
  override forceCancel(): void {
    const { scope } = this;
    if (scope !== undefined) {
      scope.state = CANCELLING;
      this.force(scope);
    }
    this.finish();
    if (scope?.failed) throw scope.error;
  }

  override [Symbol.dispose](): void {
    if (this.scope === undefined) this.finish();
    else dropStarted(this as Future<unknown>);
  }

  override describe(): string {
    const { scope } = this;
    if (scope === undefined) return this.isDone ? "scope (over)" : "scope (not started)";
    const tasks = `${scope.size} ${scope.size === 1 ? "task" : "tasks"}`;
    if (scope.state === CANCELLING) return `scope (cancelling, ${tasks} left)`;
    return scope.state === DRAINING ? `scope (waiting for ${tasks})` : `scope (${tasks})`;
  }

  override awaits(): Iterable<AwaitEdge> {
    const { body } = this;
    return body === undefined ? [] : [{ label: "body", future: body as Future<unknown> }];
  }
}

/**
 * Structured concurrency: runs a body that spawns tasks, and ends when all of them have. No task of a scope outlives it, whichever way it ends.
 *
 * - The body returns: the scope waits for the tasks that are left, then gives the body's value.
 * - The body or a task throws: everything else in the scope, the body included, is cancelled, and once all cleanup has ended the scope throws that
 *   error itself, not wrapped in a `JoinError`. What other tasks throw after it goes to the runtime's unhandled failures.
 * - The scope is cancelled, because its task is aborted or it loses a `select`: body and tasks are cancelled and their cleanup is awaited.
 *
 * The body runs in the calling task, the others beside it. Resources the tasks use belong outside the scope: those of the body are released when the
 * body ends, before the tasks do.
 *
 * **Cancel safety**: not safe. Dropping it cancels the body and every task; nothing of it goes on.
 *
 * @param body - a `function*` that takes the {@link Scope}, or a function that makes a future of it; called at the first poll
 * @param options - a limit for the cleanup
 * @returns the body's value
 * @throws the first error of the body or a task
 *
 * @example
 * ```ts
 * import { fn, main, scope, sleep } from "toki";
 *
 * const download = fn(function* (name: string, ms: number) {
 *   try {
 *     yield* sleep(ms);
 *     if (name === "b") throw new Error("b is gone");
 *     console.log("got", name);
 *   } finally {
 *     console.log("released", name);
 *   }
 * });
 *
 * await main(function* () {
 *   try {
 *     yield* scope(function* (s) {
 *       s.spawn(download("a", 5));
 *       s.spawn(download("b", 10));
 *       s.spawn(download("c", 60_000));
 *     });
 *   } catch (error) {
 *     console.log((error as Error).message);
 *   }
 *   // got a, released a, released b, released c, b is gone
 * });
 * ```
 */
export function scope<T>(body: BodyOf<Scope, T>, options?: ScopeOptions): Future<T> {
  checkBody(body, "scope");
  checkOptions(options, "scope");
  const limit = options?.cleanupTimeout;
  return new ScopeFuture(body, limit === undefined ? undefined : toMillis(limit, "scope", "options.cleanupTimeout"));
}
