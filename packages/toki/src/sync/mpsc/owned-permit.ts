import { invalidArgument } from "../../internal/invalid-argument.js";
import { DisposedError } from "../error.js";
import { Chan } from "./chan.js";
import { refuseUndefined } from "./message.js";
import type { Sender } from "./sender.js";

/**
 * A reserved slot of a bounded channel together with the sender that reserved it: the sender cannot be used until `send` or `release` hands it back.
 * Disposing the permit disposes the sender too.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
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
  }

  /**
   * Sends into the reserved slot, and hands the sender back. Never waits, never fails.
   *
   * @throws DisposedError if the permit has sent before or was given back
   * @throws InvalidArgumentError if `value` is undefined
   */
  send(value: T): Sender<T> {
    if (value === undefined) refuseUndefined("OwnedPermit.send", "value");
    const sender = this.giveBack("send");
    sender.chan.deliver(value);
    return sender;
  }

  /**
   * Gives the slot back without sending, and hands the sender back.
   *
   * @throws DisposedError if the permit has sent before or was given back
   */
  release(): Sender<T> {
    const sender = this.giveBack("release");
    sender.chan.give(1);
    return sender;
  }

  private giveBack(method: string): Sender<T> {
    const { sender } = this;
    if (sender === null) throw new DisposedError(`OwnedPermit.${method}`, "sent with or given back");
    this.sender = null;
    sender.takeBack();
    return sender;
  }

  /** Whether `other` is a permit of the same channel. */
  sameChannel(other: OwnedPermit<T>): boolean {
    if (!(other instanceof OwnedPermit)) {
      throw invalidArgument("OwnedPermit.sameChannel", "other", "an OwnedPermit", other);
    }
    return this.sender !== null && this.sender.chan === other.sender?.chan;
  }

  /** Whether `sender` is a sender of the same channel. */
  sameChannelAsSender(sender: Sender<T>): boolean {
    if (!(sender?.chan instanceof Chan)) {
      throw invalidArgument("OwnedPermit.sameChannelAsSender", "sender", "a Sender", sender);
    }
    return this.sender?.chan === sender.chan;
  }

  /** Gives the slot back and disposes the sender. Does nothing after `send` or `release`. */
  [Symbol.dispose](): void {
    if (this.sender !== null) this.release()[Symbol.dispose]();
  }
}
