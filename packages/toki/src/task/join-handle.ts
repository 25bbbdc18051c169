import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { Future, suspendOn } from "../future/future.js";
import { outsideRuntime } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { Waker } from "../future/waker.js";
import { keepShape } from "../internal/keep-shape.js";
import { COMPLETE, type Task } from "../runtime/task/task.js";
import { AbortHandle, type AbortOptions, abortTask } from "./abort-handle.js";
import { proceed, refund } from "./coop.js";
import { takeOutcome } from "./outcome.js";

/**
 * The right to a task's outcome: `yield* handle` inside Toki, `await handle` outside.
 *
 * Ignoring the handle detaches the task: it goes on. When the task threw and nobody can ever see it any more, the failure is reported once.
 * When the handle settles, the task's cleanup has ended.
 *
 * **Cancel safety**: safe. Losing a `select` neither cancels the task nor loses its outcome; the handle can be awaited again, and as often as
 * one likes.
 *
 * @typeParam T - the task's value
 *
 * @example
 * ```ts
 * import { main, sleep, spawn } from "toki";
 *
 * await main(function* () {
 *   const handle = spawn(function* () {
 *     yield* sleep(10);
 *     return 42;
 *   });
 *   console.log(yield* handle); // 42
 * });
 * ```
 */
export class JoinHandle<T> extends Future<T> implements PromiseLike<T> {
  /** @internal */
  readonly task: Task<T>;

  /** @internal */
  constructor(task: Task<T>) {
    super();
    this.task = task;
  }

  /** The task's id, unique in the process. */
  get id(): number {
    return this.task.id;
  }

  /**
   * @throws JoinError if the task threw or was cancelled
   */
  poll(cx: Context): Poll<T> {
    const task = this.task;
    if (!proceed(cx)) return Pending;
    if ((task.state & COMPLETE) === 0) {
      task.addJoiner(cx.waker);
      // A multi-thread runtime moves by itself: also if nobody but this task of another one waits for it.
      if (task.rt.threads !== null && task.rt !== current.runtime) task.rt.driveFor(task as Task<unknown>, cx.waker);
      refund();
      return Pending;
    }
    return takeOutcome(task);
  }

  override next(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null) throw outsideRuntime(this);
    const { task } = this;
    if ((task.state & COMPLETE) === 0 && !task.rt.executor.runInPlace(task as Task<unknown>, cx)) {
      return suspendOn(this as Future<unknown>);
    }
    const value = this.poll(cx);
    if (value === Pending) return suspendOn(this as Future<unknown>);
    return { done: true, value: value as T };
  }

  // The task goes on; only this waiter's wait ends. Others may be waiting through the same handle.
  override pollCancel(cx: Context): Poll<void> {
    this.stopWaiting(cx.waker);
    return undefined;
  }

  override [Symbol.dispose](): void {
    const { cx } = current;
    if (cx !== null) this.stopWaiting(cx.waker);
  }

  private stopWaiting(waker: Waker): void {
    const { task } = this;
    task.removeJoiner(waker);
    if (task.rt.threads !== null) task.rt.stopDrivingFor(task as Task<unknown>, waker);
  }

  /**
   * Asks the task to stop at the await it is suspended on; its `finally` blocks run, and may await. A task that was never polled does not start.
   * The handle settles once cleanup has ended, as cancelled, or with the value if the task finished without another await. Does nothing if the
   * task is over or was aborted before.
   */
  abort(options?: AbortOptions): void {
    abortTask(this.task as Task<unknown>, options);
  }

  /** Whether the task is over: finished, failed, or cancelled with its cleanup ended. */
  isFinished(): boolean {
    return this.task.isComplete;
  }

  /** A handle that can abort the task and not join it. */
  abortHandle(): AbortHandle {
    return new AbortHandle(this.task as Task<unknown>);
  }

  /**
   * Settles as the task does: makes `await handle` work in plain async code. Drives the runtime until then.
   */
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.settled().then(onFulfilled, onRejected);
  }

  private settled(): Promise<T> {
    const task = this.task;
    return new Promise<T>((resolve, reject) => {
      const settle = () => {
        try {
          resolve(takeOutcome(task) as T);
        } catch (error) {
          reject(error);
        }
      };
      if (task.isComplete) {
        settle();
        return;
      }
      const stop = task.rt.drive((error) => {
        reject(error);
        stop();
      });
      const onEnd = () => {
        settle();
        stop();
      };
      // The start hook may have shut the runtime down.
      if (task.isComplete) onEnd();
      else task.addJoiner(Waker.from(onEnd));
    });
  }

  override describe(): string {
    const name = this.task.extra?.name;
    return `join of task ${this.id}${name === undefined ? "" : ` "${name}"`}`;
  }
}

keepShape(new JoinHandle(null as unknown as Task<void>));
