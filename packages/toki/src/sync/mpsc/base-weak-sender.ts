import { DisposedError } from "../error.js";
import type { Chan } from "./chan.js";

/** What weak senders of bounded and unbounded channels have in common. */
export abstract class BaseWeakSender<T, S> implements Disposable {
  /** @internal */
  readonly chan: Chan<T>;
  /** @internal */
  readonly make: (chan: Chan<T>) => S;
  private isDisposed = false;

  /** @internal */
  constructor(chan: Chan<T>, make: (chan: Chan<T>) => S) {
    this.chan = chan;
    this.make = make;
    chan.weak++;
  }

  /**
   * A new sender of the channel, to be disposed like any other; undefined once no sender is left.
   *
   * @throws DisposedError if this was disposed
   */
  upgrade(): S | undefined {
    this.check("upgrade");
    return this.chan.strong === 0 ? undefined : (0, this.make)(this.chan);
  }

  /** How many senders of this channel, owned permits included, were not disposed. */
  get strongCount(): number {
    return this.chan.strong;
  }

  /** How many weak senders of this channel were not disposed. */
  get weakCount(): number {
    return this.chan.weak;
  }

  /** Gives this weak sender up: it is not counted any more. */
  [Symbol.dispose](): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.chan.weak--;
  }

  /** @internal */
  check(method: string): void {
    if (this.isDisposed) throw new DisposedError(`${this.constructor.name}.${method}`, "disposed");
  }
}
