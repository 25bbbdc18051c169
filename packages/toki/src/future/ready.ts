import { Future } from "./future.js";
import type { Poll } from "./poll.js";

class Ready<T> extends Future<T> {
  private readonly value: T;

  constructor(value: T) {
    super();
    this.value = value;
  }

  poll(): Poll<T> {
    return this.value;
  }

  override describe(): string {
    return "ready";
  }
}

/**
 * A future that is done from the start.
 *
 * **Cancel safety**: nothing to lose.
 *
 * @param value - what it evaluates to, each time it is awaited
 *
 * @example
 * ```ts
 * import { join, main, ready } from "toki";
 *
 * await main(function* () {
 *   console.log(yield* join(ready(1), ready("two"))); // [ 1, "two" ]
 * });
 * ```
 */
export function ready<T>(value: T): Future<T> {
  return new Ready(value);
}
