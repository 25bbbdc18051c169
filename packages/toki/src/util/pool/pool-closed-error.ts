import { crosses } from "../../portable/error-classes.js";
import { SyncError } from "../../sync/error.js";

/**
 * The `Pool` was closed, before or while something was waited for.
 *
 * @example
 * ```ts
 * import { main, ready } from "toki";
 * import { Pool, PoolClosedError } from "toki/util";
 *
 * await main(function* () {
 *   const pool = new Pool({ maxSize: 1, create: () => ready("connection") });
 *   pool.close();
 *   try {
 *     yield* pool.get();
 *   } catch (error) {
 *     console.log(error instanceof PoolClosedError); // true
 *   }
 * });
 * ```
 */
export class PoolClosedError extends SyncError {
  override readonly name = "PoolClosedError";
  readonly code = "TOKI_POOL_CLOSED";

  constructor() {
    super("pool closed");
  }
}

crosses(PoolClosedError, "PoolClosedError");
