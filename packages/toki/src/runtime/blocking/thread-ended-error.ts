import { crosses } from "../../portable/error-classes.js";
import { RuntimeError } from "../error.js";

/**
 * The thread of a task or a blocking job ended before that did: it called `process.exit`, ran out of memory, or had an uncaught error, which is the `cause`. Found as
 * the `cause` of the job's `JoinError`.
 *
 * @example
 * ```ts
 * import { blocking, JoinError, main, spawnBlocking, ThreadEndedError } from "toki";
 *
 * const quit = blocking(import.meta, function quit() {
 *   process.exit(3); // ends its thread, not the process
 * });
 *
 * await main(function* () {
 *   try {
 *     yield* spawnBlocking(quit());
 *   } catch (error) {
 *     if (error instanceof JoinError && error.cause instanceof ThreadEndedError) console.log(error.cause.exitCode); // 3
 *   }
 * });
 * ```
 */
export class ThreadEndedError extends RuntimeError {
  override readonly name = "ThreadEndedError";
  readonly code = "TOKI_THREAD_ENDED";
  /** The exit code of the thread, if it is known. */
  readonly exitCode: number | undefined;

  /** @internal */
  constructor(what: string, exitCode: number | undefined, cause: unknown) {
    super(`${what}: ${reasonOf(exitCode, cause)}`, { cause });
    this.exitCode = exitCode;
  }
}

crosses(ThreadEndedError, "ThreadEndedError");

function reasonOf(exitCode: number | undefined, cause: unknown): string {
  if (cause !== undefined) return cause instanceof Error ? cause.message : String(cause);
  if (exitCode === undefined) return "it is gone";
  return `process.exit(${exitCode}) was called`;
}
