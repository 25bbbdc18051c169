import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import { BlockingFuture } from "../runtime/blocking/blocking-future.js";
import { CANCELLED, COMPLETE, type Task } from "../runtime/task/task.js";
import { type Duration, toMillis } from "../time/duration.js";

/** How much time cleanup gets, and whether a blocking job is stopped. */
export interface AbortOptions {
  /**
   * How long the task's cleanup may take from now. After that its awaits no longer wait: each is cut, and only synchronous cleanup still runs.
   * For a task on another thread, the handle settles when the time is over, and the synchronous cleanup runs when that thread comes to it.
   *
   * @default no limit
   */
  cleanupTimeout?: Duration;
  /**
   * For a blocking job that has started, which is not stopped otherwise: end its thread, in the middle of whatever it does. Other tasks have no thread of their
   * own, and take no notice.
   *
   * @default false
   */
  terminate?: boolean;
}

/**
 * The right to abort a task, without that of joining it. A task may have any number of them; dropping one does nothing.
 *
 * @example
 * ```ts
 * import { main, pending, spawn } from "toki";
 *
 * await main(function* () {
 *   const task = spawn(pending());
 *   task.abortHandle().abort();
 *   try {
 *     yield* task;
 *   } catch (error) {
 *     console.log((error as Error).message.endsWith("was cancelled")); // true
 *   }
 * });
 * ```
 */
export class AbortHandle {
  readonly #task: Task<unknown>;

  /** @internal */
  constructor(task: Task<unknown>) {
    this.#task = task;
  }

  /** The task's id. */
  get id(): number {
    return this.#task.id;
  }

  /**
   * Asks the task to stop at the await it is suspended on. It is over once its cleanup has ended; aborting again, or a task that is over, does
   * nothing.
   */
  abort(options?: AbortOptions): void {
    abortTask(this.#task, options);
  }

  /** Whether the task is over: finished, failed, or cancelled with its cleanup ended. */
  isFinished(): boolean {
    return this.#task.isComplete;
  }
}

/** Checks options before there is a task to abort. Answers with the limit for cleanup. @internal */
export function checkAbortOptions(options: AbortOptions | undefined): number | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, "abort");
  const { cleanupTimeout, terminate } = options;
  if (terminate !== undefined && typeof terminate !== "boolean")
    throw invalidArgument("abort", "options.terminate", "a boolean", terminate);
  return cleanupTimeout === undefined ? undefined : toMillis(cleanupTimeout, "abort", "options.cleanupTimeout");
}

/** @internal */
export function abortTask(task: Task<unknown>, options: AbortOptions | undefined): void {
  const limit = checkAbortOptions(options);
  task.abort();
  if (options?.terminate === true && task.future instanceof BlockingFuture) task.future.terminate();
  if (limit === undefined || (task.state & (COMPLETE | CANCELLED)) !== 0) return;
  task.rt.limitCleanup(task, limit);
}
