import { checkFunction } from "../internal/invalid-argument.js";
import type { Context } from "./context.js";
import { Future } from "./future.js";
import type { Poll } from "./poll.js";

class PollFn<T> extends Future<T> {
  private readonly callback: (cx: Context) => Poll<T>;

  constructor(callback: (cx: Context) => Poll<T>) {
    super();
    this.callback = callback;
  }

  poll(cx: Context): Poll<T> {
    return (0, this.callback)(cx);
  }

  override describe(): string {
    return `pollFn ${this.callback.name}`.trimEnd();
  }
}

/**
 * Makes a future of a poll function: it is called on every poll, and answers with a value or {@link Pending}.
 *
 * **Cancel safety**: as the callback makes it; nothing is called when the future is dropped. Extend {@link Future} when something has to be
 * released.
 *
 * @param callback - gets the context; has to keep `cx.waker` when it returns `Pending`
 *
 * @example
 * ```ts
 * import { main, Pending, pollFn } from "toki";
 *
 * await main(function* () {
 *   let polls = 0;
 *   const value = yield* pollFn<string>((cx) => {
 *     if (++polls === 3) return "third time";
 *     cx.waker.wake();
 *     return Pending;
 *   });
 *   console.log(value, polls); // third time 3
 * });
 * ```
 */
export function pollFn<T>(callback: (cx: Context) => Poll<T>): Future<T> {
  checkFunction(callback, "pollFn", "callback");
  return new PollFn(callback);
}
