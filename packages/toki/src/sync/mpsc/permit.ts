import { DisposedError } from "../error.js";
import type { Chan } from "./chan.js";
import { refuseUndefined } from "./message.js";

/**
 * A slot of a bounded channel, reserved for one message. Given back at the end of a `using` scope if nothing was sent.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(1);
 *   using permit = yield* tx.reserve(); // waits for room
 *   permit.send("expensive to make");   // cannot fail, does not wait
 *   console.log(yield* rx.recv());
 * });
 * ```
 */
export class Permit<T> implements Disposable {
  private chan: Chan<T> | null;

  /** @internal */
  constructor(chan: Chan<T>) {
    this.chan = chan;
  }

  /**
   * Sends into the reserved slot. Never waits, never fails: a channel that was closed since still delivers the message, if its receiver lives.
   *
   * @throws DisposedError if the permit has sent before or was given back
   * @throws InvalidArgumentError if `value` is undefined
   */
  send(value: T): void {
    const { chan } = this;
    if (value === undefined) refuseUndefined("Permit.send", "value");
    if (chan === null) throw new DisposedError("Permit.send", "sent with or given back");
    this.chan = null;
    chan.deliver(value);
  }

  /** Gives the slot back: to the sender that waits longest, if any. Does nothing after `send`. */
  release(): void {
    const { chan } = this;
    this.chan = null;
    if (chan !== null) chan.give(1);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
