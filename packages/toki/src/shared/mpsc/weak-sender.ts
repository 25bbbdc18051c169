import { registerCrossing } from "../../portable/codec/crossing.js";
import { BaseWeakSender } from "../base-weak-sender.js";
import { sharing } from "../crossing.js";
import { addWeak, dropWeak } from "../sender-counts.js";
import { kind } from "./chan.js";
import { Sender } from "./sender.js";

/**
 * A reference to a shared bounded channel that does not keep it open. Made by {@link Sender.downgrade}.
 *
 * Threads: can be sent to other threads; each gets one of its own.
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/shared";
 *
 * const [tx] = mpsc.channel<number>(1);
 * const weak = tx.downgrade();
 * {
 *   using sender = weak.upgrade();
 *   console.log(sender !== undefined); // true
 * }
 * tx[Symbol.dispose]();
 * console.log(weak.upgrade()); // undefined
 * ```
 */
export class WeakSender<T> extends BaseWeakSender<Sender<T>> {
  /** Another weak sender of the same channel. */
  clone(): WeakSender<T> {
    const share = this.open("clone");
    addWeak(share.object);
    return new WeakSender<T>(share.use(), this.make);
  }
}

/** @internal */
export const WEAK_SENDER = 20;

registerCrossing(
  WeakSender.prototype,
  sharing(kind, (share) => new WeakSender<unknown>(share, (chan) => new Sender(chan)), {
    as: WEAK_SENDER,
    onSend: addWeak,
    onDrop: dropWeak,
  }),
  import.meta.url,
);
