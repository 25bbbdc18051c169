import type { TaskTracker } from "./task-tracker.js";

/**
 * Is tracked by a {@link TaskTracker} until it is disposed. Made by {@link TaskTracker.token}.
 *
 * @example
 * ```ts
 * import { TaskTracker } from "toki/util";
 *
 * const tracker = new TaskTracker();
 * const token = tracker.token();
 * const other = token.clone();
 * token[Symbol.dispose]();
 * console.log(tracker.length, other.taskTracker === tracker); // 1 true
 * other[Symbol.dispose]();
 * ```
 */
export class TaskTrackerToken implements Disposable {
  /** Who tracks it. */
  readonly taskTracker: TaskTracker;
  private isTracked = true;

  /** @internal */
  constructor(taskTracker: TaskTracker) {
    this.taskTracker = taskTracker;
  }

  /** Another one, of the same tracker, to be disposed by itself. */
  clone(): TaskTrackerToken {
    return this.taskTracker.token();
  }

  /** Ends the tracking. Does nothing the second time. */
  [Symbol.dispose](): void {
    if (!this.isTracked) return;
    this.isTracked = false;
    this.taskTracker.leave();
  }
}
