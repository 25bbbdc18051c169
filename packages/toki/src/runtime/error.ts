import { isControlFlow } from "../future/trace.js";
import { crosses } from "../portable/error-classes.js";

/**
 * The runtime could not do what was asked, as `code` says. What Toki's own errors have in common.
 *
 * @example
 * ```ts
 * import { RuntimeError, spawn } from "toki";
 *
 * try {
 *   spawn(function* () {});
 * } catch (error) {
 *   console.log(error instanceof RuntimeError && error.code); // TOKI_NO_RUNTIME
 * }
 * ```
 */
export abstract class RuntimeError extends Error {
  abstract readonly code: string;
}

Object.defineProperty(RuntimeError.prototype, isControlFlow, { value: true });

const NO_RUNTIME =
  "there is no runtime here; call it inside main(), a task or rt.run(), or under `using guard = rt.enter()`";
const ON_BLOCKING_THREAD =
  "a thread of the blocking pool has no runtime: handles and futures stay on the thread they were made on. Return the job's result and await the rest in the task that spawned it, talk to tasks through channels of toki/shared, or let a runtime of the job's own do it: `new Runtime().blockOn(...)`";

/**
 * There is no runtime here: the call needs one, and was made outside of `main`, a task, `rt.run` or an `enter` guard; or on a thread of the blocking
 * pool, which the runtime that started it cannot be used from: its `Handle` does not cross threads.
 *
 * @example
 * ```ts
 * import { NoRuntimeError, sleep } from "toki";
 *
 * try {
 *   sleep(10);
 * } catch (error) {
 *   console.log(error instanceof NoRuntimeError); // true
 * }
 * ```
 */
export class NoRuntimeError extends RuntimeError {
  override readonly name = "NoRuntimeError";
  readonly code = "TOKI_NO_RUNTIME";

  /** @param isBlocking - whether the thread is one of the blocking pool */
  constructor(what: string, isBlocking = false) {
    super(`${what}: ${isBlocking ? ON_BLOCKING_THREAD : NO_RUNTIME}`);
  }
}

crosses(NoRuntimeError, "NoRuntimeError");

/**
 * A runtime was started from code that a runtime is running.
 *
 * @example
 * ```ts
 * import { main, NestedRuntimeError, Runtime } from "toki";
 *
 * await main(function* () {
 *   try {
 *     new Runtime().blockOn(function* () {});
 *   } catch (error) {
 *     console.log(error instanceof NestedRuntimeError); // true
 *   }
 * });
 * ```
 */
export class NestedRuntimeError extends RuntimeError {
  override readonly name = "NestedRuntimeError";
  readonly code = "TOKI_NESTED_RUNTIME";

  constructor(what: string) {
    super(
      `Cannot start a runtime from within a runtime: ${what} was called by a task. Await the future with \`yield*\`, or spawn it on the other runtime and await the handle`,
    );
  }
}

crosses(NestedRuntimeError, "NestedRuntimeError");

/**
 * The runtime has been shut down.
 *
 * @example
 * ```ts
 * import { Runtime, RuntimeShutdownError } from "toki";
 *
 * const rt = new Runtime();
 * await rt.shutdown();
 * try {
 *   rt.run(function* () {});
 * } catch (error) {
 *   console.log(error instanceof RuntimeShutdownError); // true
 * }
 * ```
 */
export class RuntimeShutdownError extends RuntimeError {
  override readonly name = "RuntimeShutdownError";
  readonly code = "TOKI_RUNTIME_SHUTDOWN";

  constructor(what: string) {
    super(`${what}: the runtime has been shut down`);
  }
}

crosses(RuntimeShutdownError, "RuntimeShutdownError");

/**
 * Whether `error` says that the runtime it needed is gone.
 *
 * @example
 * ```ts
 * import { isRuntimeShutdownError, Runtime } from "toki";
 *
 * const rt = new Runtime();
 * await rt.shutdown();
 * try {
 *   rt.blockOn(function* () {});
 * } catch (error) {
 *   console.log(isRuntimeShutdownError(error)); // true
 * }
 * ```
 */
export function isRuntimeShutdownError(error: unknown): error is RuntimeShutdownError {
  return error instanceof RuntimeShutdownError;
}

/**
 * Something was used that the runtime's options left off: timers, or IO.
 *
 * @example
 * ```ts
 * import { DriverDisabledError, Runtime, sleep } from "toki";
 *
 * const rt = new Runtime({ enableTime: false });
 * try {
 *   await rt.run(function* () {
 *     yield* sleep(10);
 *   });
 * } catch (error) {
 *   console.log(error instanceof DriverDisabledError); // true
 * }
 * ```
 */
export class DriverDisabledError extends RuntimeError {
  override readonly name = "DriverDisabledError";
  readonly code = "TOKI_DRIVER_DISABLED";

  constructor(what: string, driver: "timers" | "IO", option: string) {
    super(`${what}: ${driver} are disabled on this runtime; set ${option} to enable them`.replace("IO are", "IO is"));
  }
}

crosses(DriverDisabledError, "DriverDisabledError");

/**
 * Every task waits, and nothing is left that could wake one. `report` lists each with its await tree.
 *
 * @example
 * ```ts
 * import { DeadlockError, pending, Runtime } from "toki";
 *
 * const rt = new Runtime();
 * try {
 *   rt.blockOn(pending());
 * } catch (error) {
 *   console.log(error instanceof DeadlockError && error.report.includes("pending")); // true
 * }
 * ```
 */
export class DeadlockError extends RuntimeError {
  override readonly name = "DeadlockError";
  readonly code = "TOKI_DEADLOCK";
  readonly #report: string;

  constructor(report: string) {
    super("Deadlock: nothing is left that could wake a task");
    this.#report = report;
  }

  /** Every parked task, with the functions it is in and what it waits for. It has been printed already. */
  get report(): string {
    return this.#report;
  }
}
