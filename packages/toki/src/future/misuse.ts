/*
 * Misuse: each message says what was found and what to write instead. All of them are `MisuseError`s, so that a test or a linter can tell
 * them from failures of the program's own.
 */
import { crosses } from "../portable/error-classes.js";

/** Which mistake a {@link MisuseError} is about. */
export type MisuseCode =
  | "TOKI_BARE_YIELD"
  | "TOKI_NOT_A_FUTURE"
  | "TOKI_POLLED_AFTER_COMPLETION"
  | "TOKI_FUTURE_IN_USE"
  | "TOKI_OUTSIDE_RUNTIME"
  | "TOKI_DUPLICATE_NAME"
  | "TOKI_BLOCK_IN_PLACE"
  | "TOKI_ASYNC_BLOCKING"
  | "TOKI_BLOCKING_IN_TASK"
  | "TOKI_REENTRANT_CALL"
  | "TOKI_MODULE_RUNS_ON_WORKER";

/**
 * The library was used in a way that cannot work. The message says what to write instead.
 *
 * @example
 * ```ts
 * import { MisuseError, spawn, main } from "toki";
 *
 * await main(function* () {
 *   try {
 *     spawn(Promise.resolve(1) as never);
 *   } catch (error) {
 *     console.log(error instanceof MisuseError && error.code); // TOKI_NOT_A_FUTURE
 *   }
 * });
 * ```
 */
export class MisuseError extends TypeError {
  override readonly name = "MisuseError";
  /** Stable identifier of the mistake. */
  readonly code: MisuseCode;

  constructor(code: MisuseCode, message: string) {
    super(message);
    this.code = code;
  }
}

crosses(MisuseError, "MisuseError");

/** A short description of any value, for messages. @internal */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "function":
      return `the function ${value.name || "(anonymous)"}`;
    case "object": {
      const name = (value as object).constructor?.name;
      return name ? `an instance of ${name}` : "an object";
    }
    case "string":
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`;
    case "undefined":
      return "undefined";
    default:
      return `the ${typeof value} ${String(value)}`;
  }
}

/** @internal */
export function isPromiseLike(value: unknown): boolean {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as PromiseLike<unknown>).then === "function"
  );
}

const PROMISE_HINT =
  "a promise is already running and cannot be cancelled; write fromPromise((signal) => startIt(signal)) instead";

/** @internal */
export function bareYield(value: unknown): MisuseError {
  const found = describeValue(value);
  if (isPromiseLike(value)) {
    return new MisuseError("TOKI_BARE_YIELD", `Cannot yield ${found}: ${PROMISE_HINT}, with \`yield*\``);
  }
  return new MisuseError(
    "TOKI_BARE_YIELD",
    `Cannot \`yield\` ${found}: write \`yield*\` (with the star) to await a future`,
  );
}

/** @internal */
export function notAFuture(where: string, value: unknown): MisuseError {
  const found = describeValue(value);
  if (isPromiseLike(value)) {
    return new MisuseError("TOKI_NOT_A_FUTURE", `${where}: expected a future, got ${found}: ${PROMISE_HINT}`);
  }
  const hint =
    typeof value === "function"
      ? "pass a `function*` body, or call it if it returns a future"
      : "pass a Future, a JoinHandle or a `function*` body";
  return new MisuseError("TOKI_NOT_A_FUTURE", `${where}: expected a future, got ${found}; ${hint}`);
}

/** @internal */
export function polledAfterCompletion(what: string): MisuseError {
  return new MisuseError(
    "TOKI_POLLED_AFTER_COMPLETION",
    `Cannot poll ${what} after completion: a future gives its value once; keep the value, or create the future again`,
  );
}

/** @internal */
export function futureInUse(what: string): MisuseError {
  return new MisuseError(
    "TOKI_FUTURE_IN_USE",
    `Cannot await ${what} here: another task or await is already driving it; create one future for each, or spawn it once and share the JoinHandle`,
  );
}

/** @internal */
export function outsideRuntime(what: { describe(): string }): MisuseError {
  return new MisuseError(
    "TOKI_OUTSIDE_RUNTIME",
    `Cannot await ${what.describe()} here: nothing is polling; run the generator with main(), spawn() or rt.run() instead of calling next() on it`,
  );
}

const NOT_ITERABLE = /^yield\* .* is not iterable$/;

/**
 * The language's own complaint about `yield* promise` says "is not iterable": adds what to write instead. Any other error stays as it is.
 *
 * @internal
 */
export function explainNotIterable(error: unknown): void {
  try {
    if (!(error instanceof TypeError) || !NOT_ITERABLE.test(error.message)) return;
    const { message, stack } = error;
    error.message = `${message}: \`yield*\` awaits a future; for a promise write yield* fromPromise((signal) => startIt(signal))`;
    if (stack !== undefined) error.stack = stack.replace(message, error.message);
  } catch {
    // One of the program's own that throws when it is looked at.
  }
}
