/**
 * An assertion of `toki/test` does not hold. Has the shape test runners know: `actual` and `expected` are what they print a difference of.
 *
 * @example
 * ```ts
 * import { ready } from "toki";
 * import { AssertionError, assertPending, testTask } from "toki/test";
 *
 * try {
 *   assertPending(testTask(ready(42)).poll());
 * } catch (error) {
 *   console.log(error instanceof AssertionError && error.actual); // 42
 * }
 * ```
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
  readonly code = "TOKI_ASSERTION";
  /** What was found. */
  readonly actual: unknown;
  /** What should have been there. */
  readonly expected: unknown;

  constructor(message: string, actual: unknown, expected: unknown, options?: ErrorOptions) {
    super(message, options);
    this.actual = actual;
    this.expected = expected;
  }
}

/** Makes the error begin at the line that called `assertion`. @internal */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function raisedBy(error: AssertionError, assertion: Function): AssertionError {
  const capture = (Error as { captureStackTrace?: (target: object, below: unknown) => void }).captureStackTrace;
  capture?.(error, assertion);
  return error;
}
