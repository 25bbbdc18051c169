import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { Handle } from "../runtime/handle.js";
import type { Runtime } from "../runtime/runtime.js";
import { Spawn } from "./spawn.js";
import { StreamSpawn, type TestableStream } from "./stream-spawn.js";

/** Options of {@link testTask}. */
export interface TestTaskOptions {
  /** The runtime that is current during polls, for futures that spawn or make timers as they run. It is not driven. @default none */
  runtime?: Runtime | Handle;
}

/**
 * Takes a future under test, or a stream: it runs only when it is polled, and its wakes are noted.
 *
 * No runtime is current during its polls, also when the harness is used inside one: a future that needs one throws `NoRuntimeError`, unless
 * `options.runtime` names it.
 *
 * @param future - a future or a `function*` body; or a stream, for which there is `pollNext`
 * @param options - the `runtime` its polls see
 * @throws MisuseError if `future` is neither
 *
 * @example
 * ```ts
 * import { Runtime, sleep } from "toki";
 * import { assertPending, assertReady, testTask } from "toki/test";
 *
 * const runtime = new Runtime({ startPaused: true });
 * const task = testTask(function* () {
 *   yield* sleep(100);
 *   return "awake";
 * }, { runtime });
 * assertPending(task.poll());
 * await runtime.run(function* () {
 *   yield* sleep(100);
 * });
 * console.log(task.isWoken, assertReady(task.poll())); // true awake
 * ```
 */
export function testTask<I>(stream: TestableStream<I>, options?: TestTaskOptions): StreamSpawn<I>;
export function testTask<T>(future: IntoFuture<T>, options?: TestTaskOptions): Spawn<T>;
export function testTask(
  subject: IntoFuture<unknown> | TestableStream<unknown>,
  options?: TestTaskOptions,
): Spawn<unknown> | StreamSpawn<unknown> {
  checkOptions(options, "testTask");
  const runtime = options?.runtime;
  if (runtime !== undefined && typeof runtime?.enter !== "function") {
    throw invalidArgument("testTask", "options.runtime", "a Runtime or a Handle", runtime);
  }
  if (isStream(subject)) return new StreamSpawn(subject, runtime);
  return new Spawn(intoFuture(subject, "testTask"), runtime);
}

function isStream(subject: object): subject is TestableStream<unknown> {
  return typeof (subject as { pollNext?: unknown } | null)?.pollNext === "function";
}
