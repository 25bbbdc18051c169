import { registerCrossing } from "../../portable/codec/crossing.js";
import { BaseWeakSender } from "../base-weak-sender.js";
import { sharing } from "../crossing.js";
import { addWeak, dropWeak } from "../sender-counts.js";
import { kind } from "./chan.js";
import { BroadcastSender } from "./sender.js";

/**
 * A reference to a shared broadcast channel that does not keep it open. Made by {@link BroadcastSender.downgrade}.
 *
 * Threads: can be sent to other threads; each gets one of its own.
 *
 * @example
 * ```ts
 * import { broadcast } from "toki/shared";
 *
 * const [tx, rx] = broadcast<string>(4);
 * const weak = tx.downgrade();
 * {
 *   using sender = weak.upgrade();
 *   sender?.send("one");
 * }
 * tx[Symbol.dispose]();
 * console.log(rx.tryRecv(), weak.upgrade()); // one undefined
 * ```
 */
export class WeakBroadcastSender<T> extends BaseWeakSender<BroadcastSender<T>> {
  /** Another weak sender of the same channel. */
  clone(): WeakBroadcastSender<T> {
    const share = this.open("clone");
    addWeak(share.object);
    return new WeakBroadcastSender<T>(share.use(), this.make);
  }
}

/** @internal */
export const WEAK_BROADCAST_SENDER = 34;

registerCrossing(
  WeakBroadcastSender.prototype,
  sharing(kind, (share) => new WeakBroadcastSender<unknown>(share, (chan) => new BroadcastSender(chan)), {
    as: WEAK_BROADCAST_SENDER,
    onSend: addWeak,
    onDrop: dropWeak,
  }),
  import.meta.url,
);
