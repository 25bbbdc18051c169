import { crosses } from "../../portable/error-classes.js";
import { SyncError } from "../error.js";

/**
 * The value will never come: the sender was disposed without sending, or the receiver was closed before it sent.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { oneshot } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<number>();
 *   tx[Symbol.dispose]();
 *   try {
 *     yield* rx;
 *   } catch (error) {
 *     console.log(error instanceof oneshot.RecvError); // true
 *   }
 * });
 * ```
 */
export class RecvError extends SyncError {
  override readonly name = "RecvError";
  readonly code = "TOKI_CHANNEL_CLOSED";

  constructor() {
    super("channel closed");
  }
}

crosses(RecvError, "RecvError");

/**
 * `tryRecv` found no value.
 *
 * @example
 * ```ts
 * import { oneshot } from "toki/sync";
 *
 * const [, rx] = oneshot<number>();
 * try {
 *   rx.tryRecv();
 * } catch (error) {
 *   console.log(error instanceof oneshot.TryRecvError && error.kind); // empty
 * }
 * ```
 */
export class TryRecvError extends SyncError {
  override readonly name = "TryRecvError";
  readonly code: "TOKI_CHANNEL_EMPTY" | "TOKI_CHANNEL_CLOSED";
  /** `empty`: not sent yet. `closed`: it will never come, or was taken before. */
  readonly kind: "empty" | "closed";

  constructor(kind: "empty" | "closed") {
    super(kind === "empty" ? "channel empty" : "channel closed");
    this.code = kind === "empty" ? "TOKI_CHANNEL_EMPTY" : "TOKI_CHANNEL_CLOSED";
    this.kind = kind;
  }
}

crosses(TryRecvError, "oneshot.TryRecvError");
