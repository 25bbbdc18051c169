import { BaseWeakSender } from "./base-weak-sender.js";
import type { UnboundedSender } from "./unbounded-sender.js";

/** A reference to an unbounded channel that does not keep it open. Made by {@link UnboundedSender.downgrade}; see {@link WeakSender}. */
export class WeakUnboundedSender<T> extends BaseWeakSender<T, UnboundedSender<T>> {
  /** Another weak sender of the same channel. */
  clone(): WeakUnboundedSender<T> {
    this.check("clone");
    return new WeakUnboundedSender(this.chan, this.make);
  }
}
