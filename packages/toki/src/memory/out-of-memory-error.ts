import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";

/**
 * The memory that threads share is full: too many tasks are queued for other threads, or messages between them are not taken.
 *
 * @example
 * ```ts
 * import { main, OutOfMemoryError } from "toki";
 *
 * await main(function* () {
 *   try {
 *     // ... spawn a few million tasks at once
 *   } catch (error) {
 *     if (error instanceof OutOfMemoryError) console.log(error.code); // TOKI_OUT_OF_MEMORY
 *   }
 * });
 * ```
 */
export class OutOfMemoryError extends RuntimeError {
  override readonly name = "OutOfMemoryError";
  readonly code = "TOKI_OUT_OF_MEMORY";

  /** @internal */
  constructor(bytes: number) {
    super(
      `The memory that threads share cannot grow beyond ${Math.round(bytes / 2 ** 20)} MiB: too many tasks or messages are waiting; bound them, with a Semaphore for example`,
    );
  }
}

crosses(OutOfMemoryError, "OutOfMemoryError");
