import { describeValue } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { type Duration, toMillis } from "../time/duration.js";
import { Instant } from "../time/instant.js";
import { AssertionError, raisedBy } from "./assertion-error.js";
import { equals } from "./equals.js";

/** What stands for a value nobody can name in `expected`. */
const READY = "a value";
const THROWN = "an error to be thrown";

function because(message: string | undefined, failure: string): string {
  return message === undefined ? failure : `${message}: ${failure}`;
}

/** How much more than asked for `assertElapsed` lets pass. */
const TICK_MS = 1;
/** Clock readings are rounded to nanoseconds: differences of them are off by less. */
const PER_MS = 1e6;

/**
 * Asserts that a poll gave a value, and gives it back.
 *
 * @param poll - what `poll` returned
 * @param message - put in front of the error's message
 * @throws AssertionError if the poll was pending
 *
 * @example
 * ```ts
 * import { ready } from "toki";
 * import { assertReady, testTask } from "toki/test";
 *
 * const value = assertReady(testTask(ready(42)).poll());
 * console.log(value); // 42
 * ```
 */
export function assertReady<T>(poll: Poll<T>, message?: string): T {
  if (poll !== Pending) return poll as T;
  throw raisedBy(new AssertionError(because(message, "the future is pending"), Pending, READY), assertReady);
}

/**
 * Asserts that a poll gave a value equal to `expected`, and gives it back. Objects are compared by structure.
 *
 * @param poll - what `poll` returned
 * @param expected - the value
 * @param message - put in front of the error's message
 * @throws AssertionError if the poll was pending or gave another value
 *
 * @example
 * ```ts
 * import { join, ready } from "toki";
 * import { assertReadyEq, testTask } from "toki/test";
 *
 * assertReadyEq(testTask(join(ready(1), ready("two"))).poll(), [1, "two"]);
 * ```
 */
export function assertReadyEq<T>(poll: Poll<T>, expected: T, message?: string): T {
  if (poll === Pending) {
    throw raisedBy(new AssertionError(because(message, "the future is pending"), Pending, expected), assertReadyEq);
  }
  if (equals(poll, expected)) return poll as T;
  const failure = `the future gave ${describeValue(poll)}, which does not equal ${describeValue(expected)}`;
  throw raisedBy(new AssertionError(because(message, failure), poll, expected), assertReadyEq);
}

/**
 * Asserts that a poll gave no value yet.
 *
 * @param poll - what `poll` returned
 * @param message - put in front of the error's message
 * @throws AssertionError if there was a value
 *
 * @example
 * ```ts
 * import { pending } from "toki";
 * import { assertPending, testTask } from "toki/test";
 *
 * assertPending(testTask(pending()).poll());
 * ```
 */
export function assertPending(poll: unknown, message?: string): void {
  if (poll === Pending) return;
  const failure = `the future is not pending, it gave ${describeValue(poll)}`;
  throw raisedBy(new AssertionError(because(message, failure), poll, Pending), assertPending);
}

/**
 * Asserts that a poll gives a value and does not throw, and gives the value back.
 *
 * @param poll - polls; called once
 * @param message - put in front of the error's message
 * @throws AssertionError if the poll is pending, or throws: then with what it threw as `cause`
 *
 * @example
 * ```ts
 * import { ready } from "toki";
 * import { assertReadyOk, testTask } from "toki/test";
 *
 * const task = testTask(ready(42));
 * console.log(assertReadyOk(() => task.poll())); // 42
 * ```
 */
export function assertReadyOk<T>(poll: () => Poll<T>, message?: string): T {
  checkFunction(poll, "assertReadyOk", "poll");
  const { threw, result } = attempt(poll);
  if (threw) throw raisedBy(thrown(result, message), assertReadyOk);
  if (result !== Pending) return result as T;
  throw raisedBy(new AssertionError(because(message, "the future is pending"), Pending, READY), assertReadyOk);
}

/**
 * Asserts that a poll throws, and gives back what it threw.
 *
 * @param poll - polls; called once
 * @param message - put in front of the error's message
 * @throws AssertionError if the poll is pending or gives a value
 *
 * @example
 * ```ts
 * import { fn } from "toki";
 * import { assertReadyErr, testTask } from "toki/test";
 *
 * const failing = fn(function* failing() {
 *   throw new Error("no database");
 * });
 * const task = testTask(failing());
 * const error = assertReadyErr(() => task.poll()) as Error;
 * console.log(error.message); // no database
 * ```
 */
export function assertReadyErr(poll: () => unknown, message?: string): unknown {
  checkFunction(poll, "assertReadyErr", "poll");
  const { threw, result } = attempt(poll);
  if (threw) return result;
  const failure =
    result === Pending ? "the future is pending" : `the future gave ${describeValue(result)} and did not throw`;
  throw raisedBy(new AssertionError(because(message, failure), result, THROWN), assertReadyErr);
}

/**
 * Asserts that a function returns, and gives back what it returned.
 *
 * @param callback - called once, without arguments
 * @param message - put in front of the error's message
 * @throws AssertionError if it throws, with what it threw as `cause`
 *
 * @example
 * ```ts
 * import { assertOk } from "toki/test";
 *
 * console.log(assertOk(() => JSON.parse("[1]"))); // [ 1 ]
 * ```
 */
export function assertOk<T>(callback: () => T, message?: string): T {
  checkFunction(callback, "assertOk", "callback");
  const { threw, result } = attempt(callback);
  if (!threw) return result as T;
  throw raisedBy(thrown(result, message), assertOk);
}

/**
 * Asserts that a function throws, and gives back what it threw.
 *
 * @param callback - called once, without arguments
 * @param message - put in front of the error's message
 * @throws AssertionError if it returns
 *
 * @example
 * ```ts
 * import { assertErr } from "toki/test";
 *
 * console.log(assertErr(() => JSON.parse("[")) instanceof SyntaxError); // true
 * ```
 */
export function assertErr(callback: () => unknown, message?: string): unknown {
  checkFunction(callback, "assertErr", "callback");
  const { threw, result } = attempt(callback);
  if (threw) return result;
  const failure = `nothing was thrown; the function returned ${describeValue(result)}`;
  throw raisedBy(new AssertionError(because(message, failure), result, THROWN), assertErr);
}

/**
 * Asserts how much time has passed since `start`, on the clock of the current runtime: exactly `duration`, or up to 1 ms more, which is as fine
 * as timers are. Meant for a paused clock.
 *
 * @param start - an instant of that clock
 * @param duration - milliseconds, or `{ seconds: 2 }` and the like
 * @param message - put in front of the error's message
 * @throws AssertionError if it was less, or more than that
 *
 * @example
 * ```ts
 * import { Instant, sleep } from "toki";
 * import { assertElapsed, test } from "toki/test";
 *
 * const run = test(function* () {
 *   const start = Instant.now();
 *   yield* sleep({ hours: 1 });
 *   assertElapsed(start, { hours: 1 });
 * }, { startPaused: true });
 * await run();
 * ```
 */
export function assertElapsed(start: Instant, duration: Duration, message?: string): void {
  if (!(start instanceof Instant)) throw invalidArgument("assertElapsed", "start", "an Instant", start);
  const expected = toMillis(duration, "assertElapsed", "duration");
  const actual = Math.round(start.elapsed() * PER_MS) / PER_MS;
  if (actual >= expected && actual <= expected + TICK_MS) return;
  const failure = `${actual} ms have passed, not ${expected} ms`;
  throw raisedBy(new AssertionError(because(message, failure), actual, expected), assertElapsed);
}

function checkFunction(value: unknown, where: string, argument: string): void {
  if (typeof value !== "function") throw invalidArgument(where, argument, "a function that makes the call", value);
}

function attempt(callback: () => unknown): { threw: boolean; result: unknown } {
  try {
    return { threw: false, result: callback() };
  } catch (error) {
    return { threw: true, result: error };
  }
}

function thrown(error: unknown, message: string | undefined): AssertionError {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : describeValue(error);
  return new AssertionError(because(message, `thrown: ${what}`), error, READY, { cause: error });
}
