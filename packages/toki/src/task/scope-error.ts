import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";

/**
 * A {@link scope} was cancelled from inside, with {@link Scope.cancel} and no reason, or {@link Scope.spawn} was called after its end.
 *
 * @example
 * ```ts
 * import { main, pending, scope, ScopeError } from "toki";
 *
 * await main(function* () {
 *   try {
 *     yield* scope(function* (s) {
 *       s.cancel();
 *       yield* pending();
 *     });
 *   } catch (error) {
 *     console.log(error instanceof ScopeError && error.code); // TOKI_SCOPE_CANCELLED
 *   }
 * });
 * ```
 */
export class ScopeError extends RuntimeError {
  override readonly name = "ScopeError";
  readonly code: "TOKI_SCOPE_CANCELLED" | "TOKI_SCOPE_CLOSED";

  /** @internal */
  constructor(code: "TOKI_SCOPE_CANCELLED" | "TOKI_SCOPE_CLOSED") {
    super(
      code === "TOKI_SCOPE_CANCELLED"
        ? "The scope was cancelled"
        : "Scope.spawn: the scope has ended, and no task may outlive it; spawn inside of its body or of one of its tasks",
    );
    this.code = code;
  }
}

crosses(ScopeError, "ScopeError");
