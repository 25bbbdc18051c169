import { crosses } from "../../portable/error-classes.js";
import { SyncError, UnsentError } from "../error.js";

/**
 * `trySend` or a `tryReserve` failed. `value` is what could not be sent: the message, or the sender itself for `tryReserveOwned`.
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/sync";
 *
 * const [tx] = mpsc.channel<string>(1);
 * tx.trySend("first");
 * try {
 *   tx.trySend("second");
 * } catch (error) {
 *   if (error instanceof mpsc.TrySendError) console.log(error.kind, error.value); // full second
 * }
 * ```
 */
export class TrySendError<T> extends UnsentError<T> {
  override readonly name = "TrySendError";
  readonly code: "TOKI_CHANNEL_FULL" | "TOKI_CHANNEL_CLOSED";
  /** `full`: no slot is free now, or what is free belongs to those who wait. `closed`: the receiver was closed or disposed. */
  readonly kind: "full" | "closed";

  constructor(kind: "full" | "closed", value: T) {
    super(kind === "full" ? "no available capacity" : "channel closed", value);
    this.code = kind === "full" ? "TOKI_CHANNEL_FULL" : "TOKI_CHANNEL_CLOSED";
    this.kind = kind;
  }
}

crosses(TrySendError, "mpsc.TrySendError", "value");

/**
 * `sendTimeout` failed; `value` is the message.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx] = mpsc.channel<string>(1);
 *   yield* tx.send("first");
 *   try {
 *     yield* tx.sendTimeout("second", 5);
 *   } catch (error) {
 *     if (error instanceof mpsc.SendTimeoutError) console.log(error.kind, error.value); // timeout second
 *   }
 * });
 * ```
 */
export class SendTimeoutError<T> extends UnsentError<T> {
  override readonly name = "SendTimeoutError";
  readonly code: "TOKI_SEND_TIMEOUT" | "TOKI_CHANNEL_CLOSED";
  /** `timeout`: there was no slot in time. `closed`: the receiver was closed or disposed. */
  readonly kind: "timeout" | "closed";

  constructor(kind: "timeout" | "closed", value: T) {
    super(kind === "timeout" ? "timed out waiting on send operation" : "channel closed", value);
    this.code = kind === "timeout" ? "TOKI_SEND_TIMEOUT" : "TOKI_CHANNEL_CLOSED";
    this.kind = kind;
  }
}

crosses(SendTimeoutError, "mpsc.SendTimeoutError", "value");

/**
 * `tryRecv` found no message.
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/sync";
 *
 * const [tx, rx] = mpsc.channel<string>(1);
 * tx[Symbol.dispose]();
 * try {
 *   rx.tryRecv();
 * } catch (error) {
 *   console.log(error instanceof mpsc.TryRecvError && error.kind); // disconnected
 * }
 * ```
 */
export class TryRecvError extends SyncError {
  override readonly name = "TryRecvError";
  readonly code: "TOKI_CHANNEL_EMPTY" | "TOKI_CHANNEL_CLOSED";
  /** `empty`: none now. `disconnected`: none will ever come. */
  readonly kind: "empty" | "disconnected";

  constructor(kind: "empty" | "disconnected") {
    super(kind === "empty" ? "receiving on an empty channel" : "receiving on a closed channel");
    this.code = kind === "empty" ? "TOKI_CHANNEL_EMPTY" : "TOKI_CHANNEL_CLOSED";
    this.kind = kind;
  }
}

crosses(TryRecvError, "mpsc.TryRecvError");

/**
 * Two receive at once: a `recv` or `recvMany` was polled while another one, of another task, waits for the next message. A channel has a single
 * consumer; give each its own channel, or let one task receive and hand the messages out. Of a broadcast channel each task can have a receiver.
 *
 * @example
 * ```ts
 * import { main, spawn, yieldNow } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [, rx] = mpsc.channel<number>(1);
 *   spawn(rx.recv());
 *   yield* yieldNow();
 *   try {
 *     yield* rx.recv();
 *   } catch (error) {
 *     console.log(error instanceof mpsc.ConcurrentRecvError); // true
 *   }
 * });
 * ```
 */
export class ConcurrentRecvError extends TypeError {
  override readonly name = "ConcurrentRecvError";
  readonly code = "TOKI_CONCURRENT_RECV";

  constructor(
    advice = "A channel has a single consumer: let one task receive, or make a channel for each.",
    what = "channel",
  ) {
    super(
      `recv: another recv of this ${what} is waiting already. ${advice} (A recv lent with pin() counts until it is dropped.)`,
    );
  }
}

crosses(ConcurrentRecvError, "ConcurrentRecvError");
