import type { Context } from "./context.js";
import { type AwaitEdge, Future } from "./future.js";
import { type IntoFuture, intoFuture } from "./into-future.js";
import type { Poll } from "./poll.js";

class Pinned<T> extends Future<T> {
  private readonly inner: Future<T>;

  constructor(inner: Future<T>) {
    super();
    this.inner = inner;
  }

  poll(cx: Context): Poll<T> {
    return this.inner.poll(cx);
  }

  // Lent, not given: whoever drops the loan leaves the future as it is.
  override pollCancel(): Poll<void> {
    return undefined;
  }

  override forceCancel(): void {}

  override describe(): string {
    return this.inner.describe();
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.inner.awaits();
  }
}

/**
 * Lends a future to `select` or `timeout`: when it loses it is not dropped, and can be awaited again where it stopped.
 *
 * The caller keeps the duty to finish it: await it, or drop it with `[Symbol.dispose]()`.
 *
 * **Cancel safety**: dropping the loan leaves the future suspended where it is.
 *
 * @param future - the future to lend
 *
 * @example
 * ```ts
 * import { fn, main, pin, select, sleep } from "toki";
 *
 * const slow = fn(function* slow() {
 *   yield* sleep(30);
 *   return "done";
 * });
 *
 * await main(function* () {
 *   const work = slow();
 *   let ticks = 0;
 *   for (;;) {
 *     const { key, value } = yield* select({ work: pin(work), tick: sleep(10) });
 *     if (key === "work") {
 *       console.log(value, ticks >= 1);
 *       break;
 *     }
 *     ticks++;
 *   }
 * });
 * ```
 */
export function pin<T>(future: IntoFuture<T>): Future<T> {
  return new Pinned(intoFuture(future, "pin"));
}
