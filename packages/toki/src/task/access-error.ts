import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";

/**
 * A task-local was read where it has no value: outside of every `scope` and `syncScope` of its key.
 *
 * @example
 * ```ts
 * import { AccessError, taskLocal } from "toki";
 *
 * const requestId = taskLocal<number>("requestId");
 * try {
 *   requestId.get();
 * } catch (error) {
 *   console.log(error instanceof AccessError); // true
 * }
 * ```
 */
export class AccessError extends RuntimeError {
  override readonly name = "AccessError";
  readonly code = "TOKI_TASK_LOCAL_UNSET";

  /** @internal */
  constructor(what: string) {
    super(
      `Cannot access ${what} here: it has no value outside of its scope(), and tasks that were spawned inside do not inherit it`,
    );
  }
}

crosses(AccessError, "AccessError");
