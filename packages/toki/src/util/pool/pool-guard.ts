import { DisposedError } from "../../sync/error.js";
import type { SemaphorePermit } from "../../sync/semaphore-permit.js";
import type { Pool, Pooled } from "./pool.js";

/**
 * An item lent by a {@link Pool}: it goes back at the end of a `using` scope, or by `release()`. One that is never given back is missing for good: garbage collection
 * gives nothing back.
 *
 * @example
 * ```ts
 * import { main, ready } from "toki";
 * import { Pool } from "toki/util";
 *
 * const pool = new Pool({ maxSize: 2, create: () => ready({ queries: 0 }) });
 * await main(function* () {
 *   using connection = yield* pool.get();
 *   connection.value.queries++;
 * });
 * ```
 */
export class PoolGuard<T> implements Disposable {
  private readonly pool: Pool<T>;
  private readonly permit: SemaphorePermit;
  private pooled: Pooled<T> | undefined;

  /** @internal */
  constructor(pool: Pool<T>, pooled: Pooled<T>, permit: SemaphorePermit) {
    this.pool = pool;
    this.pooled = pooled;
    this.permit = permit;
  }

  /**
   * The item.
   *
   * @throws DisposedError once it was given back or discarded
   */
  get value(): T {
    const { pooled } = this;
    if (pooled === undefined) throw new DisposedError("PoolGuard.value", "given back");
    return pooled.item;
  }

  /** Gives the item back; it goes to whoever waited longest. Does nothing the second time. */
  release(): void {
    this.end(true);
  }

  [Symbol.dispose](): void {
    this.end(true);
  }

  /** The item is of no use any more: it is destroyed, and there is room for a new one. Does nothing once it was given back. */
  discard(): void {
    this.end(false);
  }

  private end(isGood: boolean): void {
    const { pooled } = this;
    if (pooled === undefined) return;
    this.pooled = undefined;
    this.pool.takeBack(pooled, this.permit, isGood);
  }
}
