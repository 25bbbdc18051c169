import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";

/**
 * A deadline passed before the future was done.
 *
 * @example
 * ```ts
 * import { ElapsedError, main, pending, timeout } from "toki";
 *
 * await main(function* () {
 *   try {
 *     yield* timeout(5, pending());
 *   } catch (error) {
 *     console.log(error instanceof ElapsedError); // true
 *   }
 * });
 * ```
 */
export class ElapsedError extends RuntimeError {
  override readonly name = "ElapsedError";
  readonly code = "TOKI_ELAPSED";

  constructor() {
    super("deadline has elapsed");
  }
}

crosses(ElapsedError, "ElapsedError");
