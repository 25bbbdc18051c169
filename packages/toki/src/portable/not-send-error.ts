import { crosses } from "./error-classes.js";

/**
 * A value cannot go to another thread: a function, a symbol, or something that lives on this one, such as a channel of `toki/sync`. `path` is its place.
 *
 * @example
 * ```ts
 * import { blocking, NotSendError } from "toki";
 *
 * const parse = blocking(import.meta, function parse(options: any) {
 *   return Object.keys(options);
 * });
 *
 * try {
 *   parse({ onDone: () => {} });
 * } catch (error) {
 *   if (error instanceof NotSendError) console.log(error.path); // argument 0.onDone
 * }
 * ```
 */
export class NotSendError extends TypeError {
  override readonly name = "NotSendError";
  readonly code = "TOKI_NOT_SEND";
  /** Where in the arguments, or in the result, the value is. */
  readonly path: string;

  /** @internal */
  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

crosses(NotSendError, "NotSendError");
