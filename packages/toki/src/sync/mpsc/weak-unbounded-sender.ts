import { BaseWeakSender } from "../base-weak-sender.js";
import type { UnboundedSender } from "./unbounded-sender.js";

/**
 * A reference to an unbounded channel that does not keep it open. Made by {@link UnboundedSender.downgrade}.
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/sync";
 *
 * const [tx, rx] = mpsc.unboundedChannel<string>();
 * const weak = tx.downgrade();
 * {
 *   using sender = weak.upgrade();
 *   sender?.send("one");
 * }
 * tx[Symbol.dispose]();
 * console.log(rx.tryRecv(), weak.upgrade()); // one undefined
 * ```
 */
export class WeakUnboundedSender<T> extends BaseWeakSender<UnboundedSender<T>> {
  /** Another weak sender of the same channel. */
  clone(): WeakUnboundedSender<T> {
    this.check("clone");
    return new WeakUnboundedSender(this.counts, this.make);
  }
}
