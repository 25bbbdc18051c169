import type { Context } from "../future/context.js";
import type { Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { Task } from "../runtime/task/task.js";
import { JoinHandle } from "../task/join-handle.js";
import { TaskEnd } from "../task/task-end.js";

/**
 * A {@link JoinHandle} that aborts its task when it is dropped: at the end of a `using` scope, or as the loser of a `select` or a `timeout`, which then
 * wait until the task's cleanup has ended. {@link AbortOnDropHandle.detach} opts out, and {@link pin} lends it to a `select` without dropping it.
 *
 * **Cancel safety**: dropping it aborts the task.
 *
 * @typeParam T - the task's value
 *
 * @example
 * ```ts
 * import { main, sleep, spawn } from "toki";
 * import { AbortOnDropHandle } from "toki/util";
 *
 * await main(function* () {
 *   const task = spawn(sleep(60_000));
 *   {
 *     using handle = new AbortOnDropHandle(task);
 *     yield* sleep(5);
 *   }
 *   yield* sleep(1);
 *   console.log(task.isFinished()); // true
 * });
 * ```
 */
export class AbortOnDropHandle<T> extends JoinHandle<T> implements Disposable {
  private isArmed = true;
  private end: TaskEnd | null = null;

  /**
   * @param handle - of the task to abort
   * @throws InvalidArgumentError if `handle` is not a JoinHandle
   */
  constructor(handle: JoinHandle<T>) {
    if (!(handle instanceof JoinHandle)) {
      throw invalidArgument("AbortOnDropHandle", "handle", "a JoinHandle", handle);
    }
    super(handle.task);
  }

  /**
   * Gives a plain handle to the task: dropping this one aborts nothing any more.
   *
   * @example
   * ```ts
   * import { main, ready, spawn } from "toki";
   * import { AbortOnDropHandle } from "toki/util";
   *
   * await main(function* () {
   *   const handle = new AbortOnDropHandle(spawn(ready(42)));
   *   const task = handle.detach();
   *   handle[Symbol.dispose]();
   *   console.log(yield* task); // 42
   * });
   * ```
   */
  detach(): JoinHandle<T> {
    this.isArmed = false;
    return new JoinHandle(this.task);
  }

  // The drop of an owner: it is over when the task is.
  override pollCancel(cx: Context): Poll<void> {
    if (!this.isArmed) return super.pollCancel(cx);
    this.abort();
    this.end ??= new TaskEnd(this.task as Task<unknown>);
    return this.end.poll(cx);
  }

  override forceCancel(): void {
    this[Symbol.dispose]();
  }

  /** Aborts the task, unless it was detached or is over. Its cleanup runs; awaiting the handle waits for it. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.end?.[Symbol.dispose]();
    if (this.isArmed) this.abort();
  }
}
