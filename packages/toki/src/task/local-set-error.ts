import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";

/**
 * A task of a {@link LocalSet} with `unhandledPanic: "shutdownRuntime"` threw, and the set has been shut down. `cause` is what the task threw.
 *
 * @example
 * ```ts
 * import { LocalSet, LocalSetError, main, pending } from "toki";
 *
 * await main(function* () {
 *   const set = new LocalSet({ unhandledPanic: "shutdownRuntime" });
 *   set.spawnLocal(function* () {
 *     throw new Error("boom");
 *   });
 *   try {
 *     yield* set.runUntil(pending());
 *   } catch (error) {
 *     console.log(error instanceof LocalSetError && (error.cause as Error).message); // boom
 *   }
 * });
 * ```
 */
export class LocalSetError extends RuntimeError {
  override readonly name = "LocalSetError";
  readonly code = "TOKI_LOCAL_SET_SHUT_DOWN";

  /** @internal */
  constructor(cause: unknown) {
    super("A task panicked and its LocalSet is configured to shut down on unhandled panic", { cause });
  }
}

crosses(LocalSetError, "LocalSetError");
