import { host } from "#host";
import { isGeneratorFunction } from "../future/fn.js";
import { type Body, FnFuture } from "../future/frame.js";
import { Future } from "../future/future.js";
import type { Suspend } from "../future/poll.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import { createRuntime } from "../runtime/create.js";
import type { RuntimeOptions, TaskFailure } from "../runtime/options.js";
import { UnjoinedFailureError } from "./unjoined-failure-error.js";

/**
 * What {@link test} runs: a `function*`, or a function that returns a future, such as one made with `fn`. It gets the `this` and the arguments that the
 * test runner passes.
 */
export type TestBody<This, A extends unknown[]> = (
  this: This,
  ...args: A
) => Generator<Suspend, unknown, unknown> | Future<unknown>;

/**
 * Options of {@link test}: those of the {@link Runtime} that each call makes. With an `onUnhandledFailure` of one's own, a task's failure that nobody
 * joined does not fail the test.
 */
export interface TestOptions extends RuntimeOptions {}

/**
 * Makes a test of a body: `#[tokio::test]`. The result is a plain async function, for any test runner: `it("name", test(function* () {...}))`.
 *
 * Each call makes a fresh runtime, a current-thread one unless `flavor` says otherwise, runs the body on it, and shuts it down: tasks that are left are cancelled, and their cleanup is awaited.
 * The test fails if the body throws, or if a task failed and nobody joined it. With `startPaused`, time is virtual: sleeps take no time.
 *
 * A test in which nothing can happen any more fails alone, with the deadlock report, instead of ending the whole file: on Node, as far as what the process
 * still has open tells.
 *
 * If the runner passes a context with a `signal` (as `node:test` and Vitest do), aborting it cancels the body, so that a test that timed out is cleaned
 * up too.
 *
 * The name is that of the async function, which is where some runners take a test's name from (`node:test`: `it(test("name", function* () {...}))`).
 *
 * @param body - a `function*`, or a function that returns a future
 * @param options - those of a runtime
 * @returns rejects with what the body throws, or with UnjoinedFailureError
 * @throws InvalidArgumentError if the body is not a function; if an option is not what it should be, from the function returned
 *
 * @example
 * ```ts
 * import { sleep } from "toki";
 * import { test } from "toki/test";
 *
 * const sleepsForAnHour = test(function* () {
 *   yield* sleep({ hours: 1 });
 * }, { startPaused: true });
 *
 * await sleepsForAnHour(); // a test runner does this: it("sleeps for an hour", sleepsForAnHour)
 * ```
 */
export function test<This, A extends unknown[]>(
  body: TestBody<This, A>,
  options?: TestOptions,
): (this: This, ...args: A) => Promise<void>;
export function test<This, A extends unknown[]>(
  name: string,
  body: TestBody<This, A>,
  options?: TestOptions,
): (this: This, ...args: A) => Promise<void>;
export function test<This, A extends unknown[]>(
  first: string | TestBody<This, A>,
  second?: TestBody<This, A> | TestOptions,
  third?: TestOptions,
): (this: This, ...args: A) => Promise<void> {
  const named = typeof first === "string";
  const body = (named ? second : first) as TestBody<This, A>;
  const options = (named ? third : second) as TestOptions | undefined;
  if (typeof body !== "function") {
    throw invalidArgument("test", "body", "a function* or a function that returns a future", body);
  }
  checkOptions(options, "test");
  // Declares no parameters: runners take those of a test function for a callback or for fixtures.
  const run = async function (this: This): Promise<void> {
    // biome-ignore lint/complexity/noArguments: a rest parameter would be declared
    await runTest(body, this, arguments as unknown as A, options ?? {});
  };
  Object.defineProperty(run, "name", { value: named ? first : body.name, configurable: true });
  return run;
}

async function runTest<This, A extends unknown[]>(
  body: TestBody<This, A>,
  self: This,
  args: A,
  options: TestOptions,
): Promise<void> {
  const failures: TaskFailure[] = [];
  const { flavor = "currentThread" } = options;
  const rt = createRuntime(
    { onUnhandledFailure: (failure) => void failures.push(failure), ...options, flavor },
    "test",
  );
  // The runner would take the end of the event loop for the end of everything: a test that is stuck is to fail alone.
  const stopWatch = host.watchQuiet(() => rt.checkDeadlock());
  try {
    const signal = signalOf(args[0]);
    await rt.run(futureOf(body, self, args), signal);
  } catch (error) {
    await rt.shutdown();
    stopWatch();
    // The body's error is the test's; the others must not get lost.
    if (failures.length > 0) console.error(new UnjoinedFailureError(failures));
    throw error;
  }
  await rt.shutdown();
  stopWatch();
  if (failures.length > 0) throw new UnjoinedFailureError(failures);
}

function futureOf<This, A extends unknown[]>(body: TestBody<This, A>, self: This, args: A): Future<unknown> {
  if (isGeneratorFunction(body)) return new FnFuture(Reflect.apply(body, self, args) as Body<unknown>, body);
  // Called on the runtime, so that the future may be one that needs a runtime to be made.
  return Future.from(function* callBody() {
    return yield* Future.from(Reflect.apply(body, self, args) as Future<unknown>);
  });
}

/** The `signal` of a test context, if there is one. */
function signalOf(context: unknown): AbortSignal | undefined {
  if (typeof context !== "object" || context === null) return undefined;
  const { signal } = context as { signal?: AbortSignal };
  return typeof signal?.addEventListener === "function" ? signal : undefined;
}
