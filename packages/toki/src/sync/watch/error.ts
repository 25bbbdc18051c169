import { crosses } from "../../portable/error-classes.js";
import { SyncError, UnsentError } from "../error.js";

/**
 * `send` failed: the {@link watch} channel has no receiver. The value was not stored; `error.value` is it.
 *
 * @example
 * ```ts
 * import { WatchSendError, WatchSender } from "toki/sync";
 *
 * const tx = new WatchSender("first");
 * try {
 *   tx.send("second"); // nobody has subscribed
 * } catch (error) {
 *   console.log(error instanceof WatchSendError && error.value, tx.borrow()); // second first
 * }
 * ```
 */
export class WatchSendError<T> extends UnsentError<T> {
  override readonly name = "WatchSendError";
  readonly code = "TOKI_CHANNEL_CLOSED";

  constructor(value: T) {
    super("channel closed", value);
  }
}

crosses(WatchSendError, "WatchSendError", "value");

/**
 * The value of a {@link watch} channel will not change any more: all senders were disposed.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { watch, WatchRecvError } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = watch(0);
 *   tx[Symbol.dispose]();
 *   try {
 *     yield* rx.changed();
 *   } catch (error) {
 *     console.log(error instanceof WatchRecvError, rx.borrow()); // true 0
 *   }
 * });
 * ```
 */
export class WatchRecvError extends SyncError {
  override readonly name = "WatchRecvError";
  readonly code = "TOKI_CHANNEL_CLOSED";

  constructor() {
    super("channel closed");
  }
}

crosses(WatchRecvError, "WatchRecvError");
