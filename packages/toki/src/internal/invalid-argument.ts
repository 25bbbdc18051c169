import { describeValue } from "../future/misuse.js";
import { crosses } from "../portable/error-classes.js";

/**
 * An argument was not what the function takes. The message names the function, the argument and what was expected.
 *
 * @example
 * ```ts
 * import { InvalidArgumentError, Runtime } from "toki";
 *
 * try {
 *   new Runtime({ eventInterval: 0 });
 * } catch (error) {
 *   console.log(error instanceof InvalidArgumentError && error.argument); // eventInterval
 * }
 * ```
 */
export class InvalidArgumentError extends TypeError {
  override readonly name = "InvalidArgumentError";
  readonly code = "TOKI_INVALID_ARGUMENT";
  /** The argument's name. */
  readonly argument: string;

  constructor(argument: string, message: string) {
    super(message);
    this.argument = argument;
  }
}

crosses(InvalidArgumentError, "InvalidArgumentError");

/** @internal */
export function invalidArgument(
  where: string,
  argument: string,
  expected: string,
  found: unknown,
): InvalidArgumentError {
  return new InvalidArgumentError(argument, `${where}: ${argument} must be ${expected}, got ${describeValue(found)}`);
}

/** @throws InvalidArgumentError unless `value` is a function @internal */
export function checkFunction(value: unknown, where: string, argument: string): void {
  if (typeof value !== "function") throw invalidArgument(where, argument, "a function", value);
}

/** @throws InvalidArgumentError unless `options` is an object or was left out @internal */
export function checkOptions(options: unknown, where: string): void {
  if (options === undefined || (typeof options === "object" && options !== null)) return;
  throw invalidArgument(where, "options", "an object", options);
}
