/**
 * What the executor asks at every poll of the platform's async context (AsyncLocalStorage). An object of its own, so that asking is one load; the host
 * writes it.
 *
 * @internal
 */
export const asyncContext: {
  /** Whether any context has been used in this process: while not, tasks capture none. */
  isUsed: boolean;
  /** Whether a context that code enters during a poll is gone after it, and has to be captured again. Known once contexts are used. */
  isValue: boolean;
  /** Called after the first `enterWith` of the process: the running task has a context from then on. */
  onFirstEnter: (() => void) | undefined;
} = { isUsed: false, isValue: false, onFirstEnter: undefined };
