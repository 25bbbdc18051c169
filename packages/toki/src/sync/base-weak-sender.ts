import { DisposedError } from "./error.js";

/** A channel that counts its senders, weak ones too. @internal */
export interface SenderCounts {
  strong: number;
  weak: number;
}

/** What weak senders have in common. */
export abstract class BaseWeakSender<S> implements Disposable {
  /** @internal */
  readonly counts: SenderCounts;
  /** @internal */
  readonly make: () => S;
  private isDisposed = false;

  /** @internal */
  constructor(counts: SenderCounts, make: () => S) {
    this.counts = counts;
    this.make = make;
    counts.weak++;
  }

  /**
   * A new sender of the channel, to be disposed like any other; undefined once no sender is left.
   *
   * @throws DisposedError if this was disposed
   */
  upgrade(): S | undefined {
    this.check("upgrade");
    return this.counts.strong === 0 ? undefined : (0, this.make)();
  }

  /** How many senders of this channel, owned permits included, were not disposed. */
  get strongCount(): number {
    return this.counts.strong;
  }

  /** How many weak senders of this channel were not disposed. */
  get weakCount(): number {
    return this.counts.weak;
  }

  /** Gives this weak sender up: it is not counted any more. */
  [Symbol.dispose](): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.counts.weak--;
  }

  /** @internal */
  check(method: string): void {
    if (this.isDisposed) throw new DisposedError(`${this.constructor.name}.${method}`, "disposed");
  }
}
