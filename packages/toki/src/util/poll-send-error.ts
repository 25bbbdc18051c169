import { UnsentError } from "../sync/error.js";

/**
 * A {@link PollSender} or its channel is closed. `value` is the message that was not sent, undefined if there was none yet.
 *
 * @typeParam T - the messages
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/sync";
 * import { PollSendError, PollSender } from "toki/util";
 *
 * const [tx] = mpsc.channel<string>(1);
 * const sender = new PollSender(tx);
 * sender.close();
 * try {
 *   sender.sendItem("late");
 * } catch (error) {
 *   console.log(error instanceof PollSendError && error.value); // late
 * }
 * ```
 */
export class PollSendError<T = unknown> extends UnsentError<T | undefined> {
  override readonly name = "PollSendError";
  readonly code = "TOKI_CHANNEL_CLOSED";

  /** @internal */
  constructor(value: T | undefined) {
    super("channel closed", value);
  }
}
