import { SendError } from "../error.js";
import { BaseSender, LIVE } from "./base-sender.js";
import { WeakUnboundedSender } from "./weak-unbounded-sender.js";

/**
 * The sending half of an unbounded channel. Clone it for each producer, and dispose each clone.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.unboundedChannel<string>();
 *   {
 *     using sender = tx;
 *     sender.send("one");
 *     sender.send("two");
 *   }
 *   console.log(yield* rx.recv(), yield* rx.recv(), yield* rx.recv()); // one two undefined
 * });
 * ```
 */
export class UnboundedSender<T> extends BaseSender<T> {
  /**
   * Sends, without waiting.
   *
   * @throws SendError with the value if the receiver was closed or disposed
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined
   */
  send(value: T): void {
    const { chan } = this;
    if (this.state !== LIVE || value === undefined) this.checkMessage("send", value);
    if (chan.closed) throw new SendError(value);
    chan.deliver(value);
  }

  /** Another sender of the same channel; each has to be disposed. */
  clone(): UnboundedSender<T> {
    this.check("clone");
    return new UnboundedSender(this.chan);
  }

  /** A reference that does not keep the channel open. */
  downgrade(): WeakUnboundedSender<T> {
    this.check("downgrade");
    const { chan } = this;
    return new WeakUnboundedSender<T>(chan, () => new UnboundedSender<T>(chan));
  }
}
