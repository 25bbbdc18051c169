import { invalidArgument } from "../internal/invalid-argument.js";
import { integer } from "./integer.js";
import type { Semaphore } from "./semaphore.js";

/**
 * Permits taken from a {@link Semaphore}, given back by `release()` or at the end of a `using` scope. A permit that is neither released nor forgotten
 * stays taken: garbage collection gives nothing back.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { Semaphore } from "toki/sync";
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
  private held: number;

  /** @internal */
  constructor(semaphore: Semaphore, held: number) {
    this.semaphore = semaphore;
    this.held = held;
  }

  /** How many permits this holds: 0 once they were released, forgotten or merged into another. */
  get numPermits(): number {
    return this.held;
  }

  /** Gives the permits back; those who wait for them come first. Does nothing the second time. */
  release(): void {
    const { held } = this;
    this.held = 0;
    if (held > 0) this.semaphore.sem.give(held);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Keeps the permits out of the semaphore for good: it has that many less from now on. */
  forget(): void {
    this.held = 0;
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
    if (other.semaphore !== this.semaphore) {
      throw invalidArgument("SemaphorePermit.merge", "other", "a permit of the same semaphore", other);
    }
    if (other === this) throw invalidArgument("SemaphorePermit.merge", "other", "another permit than this one", other);
    this.held += other.held;
    other.held = 0;
  }

  /**
   * Moves `n` permits into a new permit; undefined, and nothing done, if this holds fewer.
   *
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   */
  split(n: number): SemaphorePermit | undefined {
    integer("SemaphorePermit.split", "n", n, 0);
    if (n > this.held) return undefined;
    this.held -= n;
    return new SemaphorePermit(this.semaphore, n);
  }
}
