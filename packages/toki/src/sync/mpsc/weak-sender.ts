import { BaseWeakSender } from "../base-weak-sender.js";
import type { Sender } from "./sender.js";

/**
 * A reference to a bounded channel that does not keep it open. Made by {@link Sender.downgrade}.
 *
 * @example
 * ```ts
 * import { mpsc } from "toki/sync";
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
    this.check("clone");
    return new WeakSender(this.counts, this.make);
  }
}
