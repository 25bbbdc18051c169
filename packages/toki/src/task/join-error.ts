import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";

/**
 * A task did not come to a value: it was cancelled, or it threw (what Tokio calls a panic).
 *
 * @example
 * ```ts
 * import { JoinError, main, spawn } from "toki";
 *
 * await main(function* () {
 *   const task = spawn(function* () {
 *     throw new Error("boom");
 *   });
 *   try {
 *     yield* task;
 *   } catch (error) {
 *     if (error instanceof JoinError && error.isPanic()) console.log((error.cause as Error).message); // boom
 *   }
 * });
 * ```
 */
export class JoinError extends RuntimeError {
  override readonly name = "JoinError";
  /** `TOKI_TASK_CANCELLED` or `TOKI_TASK_PANICKED`. */
  readonly code: "TOKI_TASK_CANCELLED" | "TOKI_TASK_PANICKED";
  /** The id of the task that was joined. */
  readonly taskId: number;

  /** @internal */
  constructor(taskId: number, panicked: boolean, thrown: unknown) {
    super(
      panicked ? `task ${taskId} panicked${messageOf(thrown)}` : `task ${taskId} was cancelled`,
      panicked ? { cause: thrown } : undefined,
    );
    this.code = panicked ? "TOKI_TASK_PANICKED" : "TOKI_TASK_CANCELLED";
    this.taskId = taskId;
  }

  /** Whether the task threw, its cleanup during an abort included. */
  isPanic(): boolean {
    return this.code === "TOKI_TASK_PANICKED";
  }

  /** Whether the task was aborted or its runtime shut down. */
  isCancelled(): boolean {
    return this.code === "TOKI_TASK_CANCELLED";
  }

  /**
   * What the task threw.
   *
   * @throws Error if the task was cancelled
   */
  intoPanic(): unknown {
    if (!this.isPanic()) throw new Error(`JoinError.intoPanic: ${this.message}, it did not panic`);
    return this.cause;
  }

  /** What the task threw, or undefined if it was cancelled. */
  tryIntoPanic(): unknown {
    return this.cause;
  }
}

crosses(JoinError, "JoinError");

function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return ` with message ${JSON.stringify(thrown.message)}`;
    return typeof thrown === "string" ? ` with message ${JSON.stringify(thrown)}` : "";
  } catch {
    return ""; // it throws when it is looked at
  }
}
