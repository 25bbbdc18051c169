import { giveBack } from "../acquire-future.js";
import type { Share } from "../share.js";
import { Permit } from "./permit.js";

/**
 * Slots of a shared bounded channel, reserved together: iterate to get one {@link Permit} for each. Those not taken are given back when the iteration is left
 * early, or at the end of a `using` scope.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/shared";
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
  private readonly share: Share;
  private left: number;

  /** @internal */
  constructor(share: Share, n: number) {
    this.share = share;
    this.left = n;
    if (n > 0) share.use();
    share.held(n);
  }

  /** How many permits are left to take. */
  get length(): number {
    return this.left;
  }

  next(): IteratorResult<Permit<T>, undefined> {
    if (this.left === 0) return { done: true, value: undefined };
    const permit = new Permit<T>(this.share);
    this.take(1);
    return { done: false, value: permit };
  }

  private take(n: number): void {
    this.left -= n;
    this.share.held(-n);
    if (this.left === 0) this.share.unuse();
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
    const { left, share } = this;
    if (left === 0) return;
    share.use();
    this.take(left);
    giveBack(share, left);
    share.unuse();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
