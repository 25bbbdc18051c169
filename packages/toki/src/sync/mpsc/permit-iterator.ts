import type { Chan } from "./chan.js";
import { Permit } from "./permit.js";

/**
 * Slots of a bounded channel, reserved together: iterate to get one {@link Permit} for each. Those not taken are given back when the iteration is left
 * early, or at the end of a `using` scope.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<number>(8);
 *   let n = 0;
 *   for (const permit of yield* tx.reserveMany(3)) permit.send(++n);
 *   console.log(yield* rx.recvMany(8)); // [ 1, 2, 3 ]
 * });
 * ```
 */
export class PermitIterator<T> implements IterableIterator<Permit<T>, undefined>, Disposable {
  private readonly chan: Chan<T>;
  private left: number;

  /** @internal */
  constructor(chan: Chan<T>, n: number) {
    this.chan = chan;
    this.left = n;
  }

  /** How many permits are left to take. */
  get length(): number {
    return this.left;
  }

  next(): IteratorResult<Permit<T>, undefined> {
    if (this.left === 0) return { done: true, value: undefined };
    this.left--;
    return { done: false, value: new Permit(this.chan) };
  }

  /** Called by the language when a loop is left early. */
  return(): IteratorResult<Permit<T>, undefined> {
    this.release();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** Gives back the slots that were not taken. */
  release(): void {
    const { left } = this;
    this.left = 0;
    if (left > 0) this.chan.give(left);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
