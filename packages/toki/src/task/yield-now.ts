import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";

class YieldNow extends Future<void> {
  private yielded = false;

  poll(cx: Context): Poll<void> {
    if (this.yielded) return undefined;
    this.yielded = true;
    const task = current.task;
    // Behind every runnable task, if the task itself is the one to wake; a combinator's branch is just woken.
    if (task !== null && cx === task) task.rt.executor.yielding = task;
    cx.waker.wake();
    return Pending;
  }

  override describe(): string {
    return "yieldNow";
  }
}

/**
 * Lets every other ready task run, and the event loop have its turn if it is due, before going on. For long computations that should share.
 *
 * The order among tasks that yield is not specified. A paused clock does not advance by yielding.
 *
 * **Cancel safety**: safe, and a place where a task can be cancelled.
 *
 * @example
 * ```ts
 * import { main, spawn, yieldNow } from "toki";
 *
 * await main(function* () {
 *   spawn(function* () { console.log("the other task"); });
 *   yield* yieldNow();
 *   console.log("this one");
 * });
 * ```
 */
export function yieldNow(): Future<void> {
  return new YieldNow();
}
