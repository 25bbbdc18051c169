import { invalidArgument } from "../internal/invalid-argument.js";
import type { Waker } from "./waker.js";

/**
 * What a future gets to see of the world that polls it: the {@link Waker} to call when it can make progress.
 *
 * @example
 * ```ts
 * import { Context, Waker, ready } from "toki";
 *
 * const cx = Context.fromWaker(Waker.noop);
 * console.log(ready(42).poll(cx)); // 42
 * ```
 */
export abstract class Context {
  /** Wakes the task that is being polled. Keep it, not the context, when returning `Pending`. */
  abstract readonly waker: Waker;

  /** The context that polls on behalf of `waker`. */
  static fromWaker(waker: Waker): Context {
    if (!(waker instanceof Context)) {
      throw invalidArgument("Context.fromWaker", "waker", "a Waker (Waker.from(callback), or Waker.noop)", waker);
    }
    return waker;
  }
}
