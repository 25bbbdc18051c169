import type { SemaphorePermit } from "../../sync/semaphore-permit.js";
import type { AdaptiveLimit } from "./adaptive-limit.js";

/**
 * Work under way below an {@link AdaptiveLimit}. The time from `acquire()` to the end of a `using` scope, or `release()`, is its latency.
 *
 * @example
 * ```ts
 * import { main, sleep } from "toki";
 * import { adaptiveLimit } from "toki/util";
 *
 * const limit = adaptiveLimit({ targetLatency: 1000 });
 * await main(function* () {
 *   using permit = yield* limit.acquire();
 *   yield* sleep(1);
 *   const isRefused = false; // as the answer says
 *   if (isRefused) permit.overloaded();
 * });
 * ```
 */
export class AdaptivePermit implements Disposable {
  private readonly owner: AdaptiveLimit;
  private readonly permit: SemaphorePermit;
  private readonly since: number;
  private isOverloaded = false;
  private isOver = false;

  /** @internal */
  constructor(owner: AdaptiveLimit, permit: SemaphorePermit, since: number) {
    this.owner = owner;
    this.permit = permit;
    this.since = since;
  }

  /** Counts as slow, however quick it was: the other side said that it has too much to do. */
  overloaded(): void {
    this.isOverloaded = true;
  }

  /** The work is done. Does nothing the second time. */
  release(): void {
    this.end(true);
  }

  [Symbol.dispose](): void {
    this.end(true);
  }

  /** The work was given up before it was done: it does not count, unless it had been slow by now. Does nothing once it was released. */
  abandon(): void {
    this.end(false);
  }

  private end(isCounted: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.owner.end(this.permit, this.since, this.isOverloaded, isCounted);
  }
}
