import type { TaskFailure } from "../runtime/options.js";

/**
 * Tasks of a test failed, and nobody joined them: the test fails, although its body did not. `cause` is what the first of them threw.
 *
 * @example
 * ```ts
 * import { spawn } from "toki";
 * import { test, UnjoinedFailureError } from "toki/test";
 *
 * const run = test(function* () {
 *   spawn(function* () {
 *     throw new Error("nobody looked");
 *   });
 * });
 * await run(); // the body ended before the task ran: it was cancelled, and did not fail
 *
 * const failing = test(function* () {
 *   yield* spawn(function* () {
 *     spawn(function* () {
 *       throw new Error("nobody looked");
 *     });
 *   });
 *   yield* spawn(function* () {});
 * });
 * await failing().catch((error) => {
 *   console.log(error instanceof UnjoinedFailureError && error.failures.length); // 1
 * });
 * ```
 */
export class UnjoinedFailureError extends Error {
  override readonly name = "UnjoinedFailureError";
  readonly code = "TOKI_UNJOINED_FAILURE";
  /** Every failure that nobody joined, in the order the tasks were spawned in. */
  readonly failures: readonly TaskFailure[];

  constructor(failures: readonly TaskFailure[]) {
    const sorted = [...failures].sort((a, b) => a.id - b.id);
    super(`${sorted.map(describeFailure).join("; ")}. Join a task that may fail, or catch in its body`, {
      cause: sorted[0]?.error,
    });
    this.failures = sorted;
  }
}

function describeFailure({ id, name, error }: TaskFailure): string {
  return `task ${id}${name === undefined ? "" : ` "${name}"`} failed, and nobody joined it: ${String(error)}`;
}
