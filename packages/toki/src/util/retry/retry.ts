import { type BodyOf, bindBody, checkBody } from "../../future/bound-body.js";
import { fn } from "../../future/fn.js";
import type { Future } from "../../future/future.js";
import { describeValue, MisuseError } from "../../future/misuse.js";
import { checkFunction, checkOptions, InvalidArgumentError, invalidArgument } from "../../internal/invalid-argument.js";
import { yieldNow } from "../../task/yield-now.js";
import { Instant } from "../../time/instant.js";
import { sleep } from "../../time/sleep.js";
import { type FailedAttempt, RetryPolicy } from "./retry-policy.js";

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Called before each wait, with the attempt that failed and the milliseconds until the next one: for logs and counters. What it throws ends the run. */
  onRetry?: (failed: FailedAttempt, delay: number) => void;
}

const run = fn(function* retry(policy: RetryPolicy, attempt: BodyOf<number, unknown>, options: RetryOptions) {
  const start = Instant.now();
  const backoff = policy.begin();
  for (let number = 1; ; number++) {
    let failed: FailedAttempt;
    try {
      return yield* bindBody(attempt, number, "retry");
    } catch (error) {
      if (error instanceof MisuseError || error instanceof InvalidArgumentError) throw error;
      failed = { attempt: number, error, elapsed: start.elapsed() };
    }
    const delay = checkDelay(backoff(failed));
    if (delay === undefined) throw failed.error;
    options.onRetry?.(failed, delay);
    yield* delay === 0 ? yieldNow() : sleep(delay);
  }
});

/** What a policy said, checked. */
function checkDelay(delay: number | undefined): number | undefined {
  if (delay === undefined || (typeof delay === "number" && delay >= 0)) return delay;
  throw new TypeError(
    `retry: the policy must give milliseconds (0 or more) or undefined to give up, got ${describeValue(delay)}`,
  );
}

/**
 * Makes attempts until one succeeds or the policy gives up; then the last error is thrown as it is.
 *
 * Each attempt is a new future, since one that failed is over: so this takes a function. Mistakes in the program (`MisuseError`, `InvalidArgumentError`) are thrown
 * at once. A cancellation is no error and is never retried. An attempt takes as long as it takes: `() => timeout(1000, fetchUser(id))` limits each, a timeout around
 * `retry` the whole.
 *
 * Retry what may be done twice without harm. Several layers that retry multiply: retry in one place.
 *
 * **Cancel safety**: not safe. The attempt that is under way is cancelled, as is the wait for the next.
 *
 * @param policy - when to try again
 * @param attempt - makes an attempt: a `function*`, or a function that returns a future. Gets its number, 1, 2, 3, ...
 * @param options - a callback for each retry
 * @returns what the first successful attempt gave
 * @throws the last error, once the policy gives up
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 * import { exponential, retry } from "toki/util";
 *
 * let calls = 0;
 * const flaky = fn(function* flaky() {
 *   yield* sleep(1);
 *   if (++calls < 3) throw new Error("503");
 *   return "ok";
 * });
 *
 * await main(function* () {
 *   const policy = exponential(5).capped(1000).jittered().upTo(4);
 *   console.log(yield* retry(policy, flaky), calls); // ok 3
 * });
 * ```
 */
export function retry<T>(policy: RetryPolicy, attempt: BodyOf<number, T>, options: RetryOptions = {}): Future<T> {
  if (!(policy instanceof RetryPolicy)) throw invalidArgument("retry", "policy", "a RetryPolicy", policy);
  checkBody(attempt, "retry");
  checkOptions(options, "retry");
  if (options.onRetry !== undefined) checkFunction(options.onRetry, "retry", "options.onRetry");
  return run(policy, attempt, options) as Future<T>;
}
