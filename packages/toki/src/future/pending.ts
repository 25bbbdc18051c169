import { Future } from "./future.js";
import { Pending } from "./poll.js";

class PendingFuture extends Future<never> {
  poll(): Pending {
    return Pending;
  }

  override describe(): string {
    return "pending (never ready)";
  }
}

/**
 * A future that is never ready: for a branch that must not win, or a task that lives until it is aborted. It does not keep the process alive;
 * a program in which only such futures are left ends with the deadlock report.
 *
 * **Cancel safety**: nothing to lose.
 *
 * @example
 * ```ts
 * import { main, pending, spawn, yieldNow } from "toki";
 *
 * await main(function* () {
 *   const task = spawn(function* () {
 *     try {
 *       yield* pending();
 *     } finally {
 *       console.log("aborted");
 *     }
 *   });
 *   yield* yieldNow();
 *   task.abort();
 * });
 * ```
 */
export function pending(): Future<never> {
  return new PendingFuture();
}
