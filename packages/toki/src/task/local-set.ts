/*
 * Tasks that advance only while their set is driven: by an await of the set, a runUntil or a blockOn.
 *
 * Each is an ordinary task of the runtime the set belongs to, whose future stands behind a gate. The gate lets polls through while `isDriven`; otherwise
 * the member is parked, and the next one who drives wakes it. Cancellation passes the gate at any time.
 *
 *   OPEN     spawnLocal adds members, those who drive come and go (`drivers`)
 *   CLOSED   -> the set was dropped, or shut down by a member that threw: every member is aborted, the gates stay open for their cleanup, and what is
 *               spawned from then on is cancelled before it begins
 *
 * `members` are those whose future is not over. Whoever drives or drops the set leaves its waker in `wakers`: woken when the last member is over, and
 * when a member's failure shuts the set down. All on one thread.
 *
 * Which set the free `spawnLocal` spawns on: `current.localSet`, as long as the code of `current.localOwner` runs, which `within` and guards of `enter`
 * set and take back.
 */
import { Around } from "../future/around.js";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { dropStarted } from "../future/drop.js";
import { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { rejectSharing } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { CANCELLING, RACING, Watched } from "../future/watched.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore, SpawnOptions } from "../runtime/core.js";
import type { Handle } from "../runtime/handle.js";
import type { Runtime } from "../runtime/runtime.js";
import type { Task } from "../runtime/task/task.js";
import type { JoinHandle } from "./join-handle.js";
import { LocalSetError } from "./local-set-error.js";
import { currentRuntime, spawnLocalOn } from "./spawn.js";

/** Options of a {@link LocalSet}. */
export interface LocalSetOptions {
  /**
   * What the failure of a task does to the set: nothing, or its end: all its tasks are cancelled, and whoever drives it gets a `LocalSetError`.
   *
   * @default "ignore"
   */
  unhandledPanic?: "ignore" | "shutdownRuntime";
}

/** A task's future behind the gate of its set. */
class Member<T> extends Around<T> {
  task: Task<T> | null = null;
  isParked = false;
  private readonly set: LocalSet;

  constructor(set: LocalSet, inner: Future<T>) {
    super(inner);
    this.set = set;
  }

  override poll(cx: Context): Poll<T> {
    this.isParked = !this.set.isDriven;
    if (this.isParked) return Pending;
    try {
      return super.poll(cx);
    } catch (error) {
      this.set.onFailure(error);
      throw error;
    }
  }

  protected around<R>(step: () => Poll<R>, cx: Context): Poll<R> {
    let isOver = true;
    try {
      const value = this.set.within(cx, step);
      isOver = value !== Pending;
      return value;
    } finally {
      if (isOver) this.set.onEnd(this as Member<unknown>);
    }
  }

  override describe(): string {
    return this.isParked ? "LocalSet task (its set is not driven)" : "LocalSet task";
  }
}

/** Drives a set while a future runs. */
class RunUntil<T> extends Watched<T> {
  private readonly set: LocalSet;
  private isDriving = false;
  private waker: Waker | null = null;

  constructor(set: LocalSet, future: Future<T>) {
    super(future);
    this.set = set;
  }

  poll(cx: Context): Poll<T> {
    const { future, set } = this;
    if (future === undefined) throw polledAfterCompletion("LocalSet runUntil");
    if (this.state === RACING) {
      if (!this.isDriving) {
        this.isDriving = true;
        set.startDriving();
      }
      if (set.failure === undefined) {
        const value = set.within(cx, () => this.pollFuture(future, cx));
        if (value !== Pending) return value;
      }
      if (set.failure === undefined) {
        this.waker = set.remember(this as Future<unknown>, this.waker, cx.waker);
        return Pending;
      }
    }
    if (this.cancelFuture(future, cx) === Pending) return Pending;
    throw set.failure;
  }

  // The set is driven until its cleanup has ended, which may wait for tasks of the set.
  protected override cancelFuture(future: Future<T>, cx: Context): Poll<void> {
    this.state = CANCELLING;
    try {
      if (this.set.within(cx, () => future.pollCancel(cx)) === Pending) return Pending;
    } catch (error) {
      this.finish();
      throw error;
    }
    this.finish();
    return undefined;
  }

  override [Symbol.dispose](): void {
    if (this.isDriving) dropStarted(this as Future<unknown>);
    else super[Symbol.dispose]();
  }

  protected stopWatching(): void {
    if (!this.isDriving) return;
    this.isDriving = false;
    this.set.stopDriving();
    if (this.waker !== null) this.set.forget(this.waker);
    this.waker = null;
  }

  override describe(): string {
    return `LocalSet runUntil (${tasks(this.set.size)})`;
  }
}

let nextId = 1;

/**
 * Tasks that stay on this thread and advance only while the set is driven: while somebody awaits the set, or a {@link LocalSet.runUntil} or
 * {@link LocalSet.blockOn} is under way. In between they stand still, and go on the next time. Awaiting the set waits until all its tasks are over.
 *
 * Dropping the set cancels what is left: with `[Symbol.dispose]`, or as the loser of a `select`, which {@link pin} prevents.
 *
 * Tasks that cannot be sent stay on their thread without a set: {@link spawnLocal} works everywhere. A set is for tasks that shall stand still with
 * the code that drives them, and end with it.
 *
 * The set belongs to the runtime that its first task is spawned on.
 *
 * **Cancel safety**: dropping an await of the set drops the set: its tasks are cancelled, and their cleanup is awaited.
 *
 * @example
 * ```ts
 * import { LocalSet, main, sleep, spawnLocal } from "toki";
 *
 * await main(function* () {
 *   const set = new LocalSet();
 *   let steps = 0;
 *   yield* set.runUntil(function* () {
 *     spawnLocal(function* () {
 *       for (; steps < 3; steps++) yield* sleep(10);
 *     });
 *     while (steps === 0) yield* sleep(1);
 *   });
 *   console.log(steps); // 1
 *   yield* sleep(30); // nobody drives the set
 *   console.log(steps); // 1
 *   yield* set;
 *   console.log(steps); // 3
 * });
 * ```
 */
export class LocalSet extends Future<void> implements Disposable {
  /** The set's number, unique on this thread. */
  readonly id: number = nextId++;
  /** Why the set was shut down. @internal */
  failure: LocalSetError | undefined = undefined;
  private readonly members = new Set<Member<unknown>>();
  private readonly wakers = new Set<Waker>();
  private readonly endsOnFailure: boolean;
  private rt: RuntimeCore | null = null;
  private drivers = 0;
  private isClosed = false;
  private isAwaited = false;
  private waker: Waker | null = null;
  /** Ends the visit of a set that is driven by another runtime than its own. */
  private stopVisit: (() => void) | null = null;

  /**
   * @throws InvalidArgumentError if an option is not what it should be
   */
  constructor(options: LocalSetOptions = {}) {
    super();
    checkOptions(options, "LocalSet");
    const panic = options.unhandledPanic ?? "ignore";
    if (panic !== "ignore" && panic !== "shutdownRuntime") {
      throw invalidArgument("LocalSet", "unhandledPanic", '"ignore" or "shutdownRuntime"', panic);
    }
    this.endsOnFailure = panic === "shutdownRuntime";
  }

  /** How many of its tasks are not over. @internal */
  get size(): number {
    return this.members.size;
  }

  /** @internal */
  get isDriven(): boolean {
    return this.drivers > 0 || this.isClosed;
  }

  /**
   * Starts a task of the set. It does not begin before the set is driven.
   *
   * @param future - a future, or a `function*` body
   * @param options - a `name` for await trees and reports
   * @returns as that of {@link spawn}; cancelled if the set was dropped
   * @throws NoRuntimeError outside a runtime, if it is the set's first task
   *
   * @example
   * ```ts
   * import { LocalSet, main } from "toki";
   *
   * await main(function* () {
   *   const set = new LocalSet();
   *   const task = set.spawnLocal(function* () {
   *     return 42;
   *   });
   *   console.log(yield* set.runUntil(task)); // 42
   * });
   * ```
   */
  spawnLocal<T>(future: IntoFuture<T>, options?: SpawnOptions): JoinHandle<T> {
    const inner = intoFuture(future, "LocalSet.spawnLocal");
    this.rt ??= currentRuntime("LocalSet.spawnLocal");
    const member = new Member(this, inner);
    const handle = spawnLocalOn(this.rt, member, options, "LocalSet.spawnLocal");
    if (handle.isFinished()) {
      inner[Symbol.dispose](); // the runtime has been shut down
      return handle;
    }
    member.task = handle.task;
    this.members.add(member as Member<unknown>);
    if (this.isClosed) handle.abort();
    return handle;
  }

  /**
   * Runs a future and drives the set meanwhile. The future is no task of the set: it ends when it is done, whatever tasks are left, and these go on when
   * the set is driven again. Inside, {@link spawnLocal} spawns on the set.
   *
   * **Cancel safety**: that of `future`. The tasks of the set stay where they are.
   *
   * @param future - a future, or a `function*` body
   * @throws what `future` throws; LocalSetError if a task's failure shut the set down
   */
  runUntil<T>(future: IntoFuture<T>): Future<T> {
    return new RunUntil(this, intoFuture(future, "LocalSet.runUntil"));
  }

  /**
   * Runs a future to its end on `runtime`, blocks this thread until then, and drives the set meanwhile: see {@link Runtime.blockOn}.
   *
   * @param runtime - what runs it
   * @param future - a future, or a `function*` body
   * @throws NestedRuntimeError inside a task; what `future` throws; LocalSetError if a task's failure shut the set down
   *
   * @example
   * ```ts
   * import { LocalRuntime, LocalSet, sleep, spawnLocal } from "toki";
   *
   * const rt = new LocalRuntime();
   * const set = new LocalSet();
   * const value = set.blockOn(rt, function* () {
   *   const task = spawnLocal(function* () {
   *     yield* sleep(5);
   *     return 42;
   *   });
   *   return yield* task;
   * });
   * console.log(value); // 42
   * ```
   */
  blockOn<T>(runtime: Runtime | Handle, future: IntoFuture<T>): T {
    if (typeof runtime?.blockOn !== "function") {
      throw invalidArgument("LocalSet.blockOn", "runtime", "a Runtime or a Handle", runtime);
    }
    return runtime.blockOn(this.runUntil(future));
  }

  /**
   * Until the guard is released, {@link spawnLocal} spawns on the set in the code that is running, in other tasks not. It drives nothing.
   *
   * @throws Error from the guard if guards are released in another order than the reverse of entering
   *
   * @example
   * ```ts
   * import { LocalSet, main, spawnLocal } from "toki";
   *
   * await main(function* () {
   *   const set = new LocalSet();
   *   {
   *     using guard = set.enter();
   *     spawnLocal(function* () {
   *       console.log("driven");
   *     });
   *   }
   *   yield* set; // driven
   * });
   * ```
   */
  enter(): Disposable {
    return new EnterGuard(this);
  }

  /**
   * @throws LocalSetError if a task's failure shut the set down
   */
  poll(cx: Context): Poll<void> {
    if (this.failure === undefined && this.members.size > 0) {
      this.waker = this.remember(this as Future<unknown>, this.waker, cx.waker);
      if (!this.isAwaited) {
        this.isAwaited = true;
        this.startDriving();
      }
      return Pending;
    }
    this.stopAwaiting();
    if (this.failure !== undefined) throw this.failure;
    return undefined;
  }

  override pollCancel(cx: Context): Poll<void> {
    this[Symbol.dispose]();
    if (this.members.size === 0 || this.has(cx.waker.owner)) return undefined; // a task of the set cannot wait for its own end
    this.wakers.add(cx.waker);
    return Pending;
  }

  /** Cancels the tasks that are left. Their cleanup runs, whether or not anybody drives the set. */
  override [Symbol.dispose](): void {
    this.stopAwaiting();
    this.close();
  }

  private has(task: Task<unknown> | null): boolean {
    for (const member of this.members) if (member.task === task) return true;
    return false;
  }

  private stopAwaiting(): void {
    if (this.waker !== null) this.wakers.delete(this.waker);
    this.waker = null;
    if (!this.isAwaited) return;
    this.isAwaited = false;
    this.stopDriving();
  }

  private close(): void {
    this.isClosed = true;
    for (const member of [...this.members]) member.task?.abort();
  }

  /** @internal */
  startDriving(): void {
    if (this.drivers++ > 0) return;
    if (this.rt !== null && this.rt !== current.runtime) this.stopVisit = this.rt.visit();
    for (const member of [...this.members]) if (member.isParked) member.task?.wake();
  }

  /** @internal */
  stopDriving(): void {
    if (--this.drivers > 0) return;
    this.stopVisit?.();
    this.stopVisit = null;
  }

  /** Whom to wake from now on, on behalf of `who`, in place of `held`. @throws MisuseError if that one's task still waits @internal */
  remember(who: Future<unknown>, held: Waker | null, waker: Waker): Waker {
    if (held !== null && held !== waker) {
      rejectSharing(who, held, waker);
      this.wakers.delete(held);
    }
    this.wakers.add(waker);
    return waker;
  }

  /** @internal */
  forget(waker: Waker): void {
    this.wakers.delete(waker);
  }

  private wakeAll(): void {
    const wakers = [...this.wakers];
    this.wakers.clear();
    for (const waker of wakers) waker.wake();
  }

  /** @internal */
  onEnd(member: Member<unknown>): void {
    if (this.members.delete(member) && this.members.size === 0) this.wakeAll();
  }

  /** A member threw. @internal */
  onFailure(error: unknown): void {
    if (!this.endsOnFailure || this.failure !== undefined) return;
    this.failure = new LocalSetError(error);
    this.close();
    this.wakeAll();
  }

  /** Code of the set, on behalf of the task of `cx`. @internal */
  within<R>(cx: Context, code: () => R): R {
    const { localSet, localOwner } = current;
    current.localSet = this;
    current.localOwner = cx.waker.owner;
    try {
      return code();
    } finally {
      current.localSet = localSet;
      current.localOwner = localOwner;
    }
  }

  override describe(): string {
    return `LocalSet (${tasks(this.members.size)})`;
  }
}

class EnterGuard implements Disposable {
  private readonly set: LocalSet;
  private readonly previous: LocalSet | null = current.localSet;
  private readonly previousOwner: Task<unknown> | null = current.localOwner;
  private isReleased = false;

  constructor(set: LocalSet) {
    this.set = set;
    current.localSet = set;
    current.localOwner = current.task;
  }

  [Symbol.dispose](): void {
    if (this.isReleased) return;
    if (current.localSet !== this.set) {
      throw new Error("LocalSet.enter: guards must be released in the reverse of the order they were made in");
    }
    this.isReleased = true;
    current.localSet = this.previous;
    current.localOwner = this.previousOwner;
  }
}

function tasks(count: number): string {
  return `${count} ${count === 1 ? "task" : "tasks"}`;
}
