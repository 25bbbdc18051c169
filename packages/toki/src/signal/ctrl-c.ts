import type { Future } from "../future/future.js";
import { SignalRecv } from "./recv.js";

/**
 * Waits for Ctrl-C (`SIGINT`).
 *
 * It listens from its first poll on: an earlier Ctrl-C does not count, and every future that is waiting gets the next one. From then on Ctrl-C no
 * longer ends the process, also after the future is done or dropped: the program has taken that over for good. `main` leaves the signal alone
 * as well. A task that waits for it keeps the process alive.
 *
 * **Cancel safety**: safe; a Ctrl-C that arrives while nobody waits is not remembered. Use {@link signal} with `SignalKind.interrupt()` to miss none
 * in a loop.
 *
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its IO is disabled; IoError (`unsupported`) on a platform without signals, and on threads
 * other than the main one, which get none: listen there, and tell them by a token of `toki/shared`. All at the first poll
 *
 * @example
 * ```ts
 * import { main, select, sleep } from "toki";
 * import { ctrlC } from "toki/signal";
 *
 * await main(function* () {
 *   const { key } = yield* select({ interrupted: ctrlC(), done: sleep(20) });
 *   console.log(key === "interrupted" ? "Shutting down" : "Finished");
 * });
 * ```
 */
export function ctrlC(): Future<void> {
  return new SignalRecv("ctrlC", "SIGINT", null);
}
