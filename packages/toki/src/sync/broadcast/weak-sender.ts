import { BaseWeakSender } from "../base-weak-sender.js";
import type { BroadcastSender } from "./sender.js";

/**
 * A reference to a broadcast channel that does not keep it open. Made by {@link BroadcastSender.downgrade}.
 *
 * @example
 * ```ts
 * import { broadcast } from "toki/sync";
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
    this.check("clone");
    return new WeakBroadcastSender(this.counts, this.make);
  }
}
