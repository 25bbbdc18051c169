import type { Context } from "../future/context.js";
import { Future, pollingContext, suspendOn } from "../future/future.js";
import { NOTHING, Pending, type Poll, type Suspend } from "../future/poll.js";
import { keepShape } from "../internal/keep-shape.js";

class YieldNow extends Future<void> {
  private yielded: boolean;

  constructor() {
    super();
    this.yielded = false;
  }

  poll(cx: Context): Poll<void> {
    if (this.yielded) return undefined;
    this.yielded = true;
    const waker = cx.waker;
    const task = waker.owner;
    // Behind every runnable task, if the task itself is the one to wake; a combinator's branch is just woken.
    if (task === waker) task.yieldTurn();
    else waker.wake();
    return Pending;
  }

  override next(): IteratorResult<Suspend, void> {
    if (this.yielded) return NOTHING;
    const cx = pollingContext(this);
    const task = cx.waker.owner;
    this.yielded = true;
    if (task !== cx) cx.waker.wake();
    else if (task.rt.executor.yieldInPlace(task)) return NOTHING;
    else task.yieldTurn();
    return suspendOn(this as Future<unknown>);
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

keepShape(new YieldNow());
