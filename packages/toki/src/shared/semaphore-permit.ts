import { invalidArgument } from "../internal/invalid-argument.js";
import { integer } from "../sync/integer.js";
import { giveBack } from "./acquire-future.js";
import type { Semaphore } from "./semaphore.js";

/**
 * Permits taken from a shared {@link Semaphore}, given back by `release()` or at the end of a `using` scope. A permit that is neither released nor forgotten
 * stays taken until its thread ends: garbage collection gives nothing back.
 *
 * Threads: a permit belongs to the thread that took it. If that thread dies, its permits come back.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { Semaphore } from "toki/shared";
 *
 * const semaphore = new Semaphore(3);
 * await main(function* () {
 *   {
 *     using permit = yield* semaphore.acquireMany(2);
 *     console.log(permit.numPermits, semaphore.availablePermits); // 2 1
 *   }
 *   console.log(semaphore.availablePermits); // 3
 * });
 * ```
 */
export class SemaphorePermit implements Disposable {
  /** The semaphore the permits are of. */
  readonly semaphore: Semaphore;
  private count: number;

  /** @internal */
  constructor(semaphore: Semaphore, count: number) {
    this.semaphore = semaphore;
    this.count = count;
    const { share } = semaphore;
    share.use();
    share.held(count);
  }

  /** How many permits this holds: 0 once they were released, forgotten or merged into another. */
  get numPermits(): number {
    return this.count;
  }

  /** Gives the permits back; those who wait for them come first. Does nothing the second time. */
  release(): void {
    this.drop(true);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Keeps the permits out of the semaphore for good: it has that many less from now on. */
  forget(): void {
    this.drop(false);
  }

  private isOver = false;

  private drop(isGiven: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    const { share } = this.semaphore;
    const { count } = this;
    this.count = 0;
    share.held(-count);
    if (isGiven) giveBack(share, count);
    share.unuse();
  }

  /**
   * Takes over the permits of `other`, which holds none afterwards.
   *
   * @throws InvalidArgumentError if `other` is of another semaphore, or this very permit
   */
  merge(other: SemaphorePermit): void {
    if (!(other instanceof SemaphorePermit)) {
      throw invalidArgument("SemaphorePermit.merge", "other", "a SemaphorePermit", other);
    }
    if (other.semaphore.share !== this.semaphore.share) {
      throw invalidArgument("SemaphorePermit.merge", "other", "a permit of the same semaphore", other);
    }
    if (other === this) throw invalidArgument("SemaphorePermit.merge", "other", "another permit than this one", other);
    if (other.isOver) return;
    this.revive();
    this.count += other.count;
    other.semaphore.share.held(other.count);
    other.forget();
  }

  /**
   * Moves `n` permits into a new permit; undefined, and nothing done, if this holds fewer.
   *
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   */
  split(n: number): SemaphorePermit | undefined {
    integer("SemaphorePermit.split", "n", n, 0);
    if (n > this.count) return undefined;
    this.count -= n;
    this.semaphore.share.held(-n);
    return new SemaphorePermit(this.semaphore, n);
  }

  /** One that was released can take over another's permits. */
  private revive(): void {
    if (!this.isOver) return;
    this.isOver = false;
    this.semaphore.share.use();
  }
}
