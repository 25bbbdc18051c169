import { registerCrossing } from "../../portable/codec/crossing.js";
import { BaseWeakSender } from "../base-weak-sender.js";
import { sharing } from "../crossing.js";
import { addWeak, dropWeak } from "../sender-counts.js";
import { kind } from "./chan.js";
import { UnboundedSender } from "./unbounded-sender.js";

/**
 * A reference to a shared unbounded channel that does not keep it open. Made by {@link UnboundedSender.downgrade}.
 *
 * Threads: can be sent to other threads; each gets one of its own.
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/shared";
 *
 * const [tx] = mpsc.unboundedChannel<number>();
 * const weak = tx.downgrade();
 * {
 *   using sender = weak.upgrade();
 *   console.log(sender !== undefined); // true
 * }
 * tx[Symbol.dispose]();
 * console.log(weak.upgrade()); // undefined
 * ```
 */
export class WeakUnboundedSender<T> extends BaseWeakSender<UnboundedSender<T>> {
  /** Another weak sender of the same channel. */
  clone(): WeakUnboundedSender<T> {
    const share = this.open("clone");
    addWeak(share.object);
    return new WeakUnboundedSender<T>(share.use(), this.make);
  }
}

/** @internal */
export const WEAK_UNBOUNDED_SENDER = 21;

registerCrossing(
  WeakUnboundedSender.prototype,
  sharing(kind, (share) => new WeakUnboundedSender<unknown>(share, (chan) => new UnboundedSender(chan)), {
    as: WEAK_UNBOUNDED_SENDER,
    onSend: addWeak,
    onDrop: dropWeak,
  }),
  import.meta.url,
);
