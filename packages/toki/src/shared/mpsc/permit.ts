import { DisposedError } from "../../sync/error.js";
import { refuseUndefined } from "../../sync/mpsc/message.js";
import { giveBack } from "../acquire-future.js";
import type { Share } from "../share.js";
import { dropValue, putValue } from "../values.js";
import { deliverNow } from "./send.js";

/**
 * A slot of a shared bounded channel, reserved for one message. Given back at the end of a `using` scope if nothing was sent.
 *
 * Threads: belongs to the thread that reserved it. If that thread dies, the slot is free again.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(1);
 *   using permit = yield* tx.reserve(); // waits for room
 *   permit.send("expensive to make");   // does not wait
 *   console.log(yield* rx.recv());
 * });
 * ```
 */
export class Permit<T> implements Disposable {
  private share: Share | null;

  /** @internal */
  constructor(share: Share) {
    this.share = share.use();
    share.held(1);
  }

  /**
   * Sends into the reserved slot. Never waits: a channel that was closed since still delivers the message, if its receiver lives.
   *
   * @throws NotSendError if the value cannot be sent: the slot is still reserved
   * @throws DisposedError if the permit has sent before or was given back
   * @throws InvalidArgumentError if `value` is undefined
   */
  send(value: T): void {
    const { share } = this;
    if (value === undefined) refuseUndefined("Permit.send", "value");
    if (share === null) throw new DisposedError("Permit.send", "sent with or given back");
    const message = putValue(share.thread, value, "Permit.send", "value", false);
    if (this.share === null) {
      // By a getter of the value.
      dropValue(share.thread, message);
      throw new DisposedError("Permit.send", "given back");
    }
    this.share = null;
    share.held(-1);
    deliverNow(share, message);
    share.unuse();
  }

  /** Gives the slot back: to the sender that waits longest, if any. Does nothing after `send`. */
  release(): void {
    const { share } = this;
    this.share = null;
    if (share === null) return;
    share.held(-1);
    giveBack(share, 1);
    share.unuse();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
