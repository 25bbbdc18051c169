import { invalidArgument } from "../../internal/invalid-argument.js";
import { DisposedError } from "../../sync/error.js";
import { refuseUndefined } from "../../sync/mpsc/message.js";
import { giveBack } from "../acquire-future.js";
import { dropValue, putValue } from "../values.js";
import { BaseSender } from "./base-sender.js";
import { deliverNow } from "./send.js";
import type { Sender } from "./sender.js";

/**
 * A reserved slot of a shared bounded channel together with the sender that reserved it: the sender cannot be used until `send` or `release` hands it back.
 * Disposing the permit disposes the sender too.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<number>(1);
 *   const permit = yield* tx.reserveOwned();
 *   const sender = permit.send(1);
 *   console.log(sender === tx, yield* rx.recv()); // true 1
 * });
 * ```
 */
export class OwnedPermit<T> implements Disposable {
  private sender: Sender<T> | null;

  /** @internal */
  constructor(sender: Sender<T>) {
    this.sender = sender;
    sender.share.held(1);
  }

  /**
   * Sends into the reserved slot, and hands the sender back. Never waits.
   *
   * @throws NotSendError if the value cannot be sent: the slot is still reserved
   * @throws DisposedError if the permit has sent before or was given back
   * @throws InvalidArgumentError if `value` is undefined
   */
  send(value: T): Sender<T> {
    if (value === undefined) refuseUndefined("OwnedPermit.send", "value");
    const { share } = this.held("send");
    const message = putValue(share.thread, value, "OwnedPermit.send", "value", false);
    let sender: Sender<T>;
    try {
      sender = this.giveBack("send");
    } catch (error) {
      // Given back by a getter of the value.
      dropValue(share.thread, message);
      throw error;
    }
    deliverNow(share, message);
    return sender;
  }

  /**
   * Gives the slot back without sending, and hands the sender back.
   *
   * @throws DisposedError if the permit has sent before or was given back
   */
  release(): Sender<T> {
    const sender = this.giveBack("release");
    giveBack(sender.share, 1);
    return sender;
  }

  private held(method: string): Sender<T> {
    if (this.sender === null) throw new DisposedError(`OwnedPermit.${method}`, "sent with or given back");
    return this.sender;
  }

  private giveBack(method: string): Sender<T> {
    const sender = this.held(method);
    this.sender = null;
    sender.share.held(-1);
    sender.takeBack();
    return sender;
  }

  /** Whether `other` is a permit of the same channel. */
  sameChannel(other: OwnedPermit<T>): boolean {
    if (!(other instanceof OwnedPermit)) {
      throw invalidArgument("OwnedPermit.sameChannel", "other", "an OwnedPermit", other);
    }
    return this.sender !== null && this.sender.share === other.sender?.share;
  }

  /** Whether `sender` is a sender of the same channel. */
  sameChannelAsSender(sender: Sender<T>): boolean {
    if (!(sender instanceof BaseSender)) {
      throw invalidArgument("OwnedPermit.sameChannelAsSender", "sender", "a Sender", sender);
    }
    return this.sender?.share === sender.share;
  }

  /** Gives the slot back and disposes the sender. Does nothing after `send` or `release`. */
  [Symbol.dispose](): void {
    if (this.sender !== null) this.release()[Symbol.dispose]();
  }
}
