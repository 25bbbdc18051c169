import type { FailureKind } from "./run.js";

/**
 * {@link explore} has found a schedule under which the body fails. The message says how it fails, which steps lead there, and how to have exactly them
 * again; `cause` is what the body threw, the deadlock, or the failure that nobody joined.
 *
 * @example
 * ```ts
 * import { spawn, yieldNow } from "toki";
 * import { ExploreError, explore } from "toki/test";
 *
 * let failure: unknown;
 * try {
 *   await explore(function* () {
 *     let counter = 0;
 *     const add = function* () {
 *       const seen = counter;
 *       yield* yieldNow();
 *       counter = seen + 1;
 *     };
 *     yield* spawn(add);
 *     const first = spawn(add);
 *     const second = spawn(add);
 *     yield* first;
 *     yield* second;
 *     if (counter !== 3) throw new Error(`${counter} of 3`);
 *   });
 * } catch (error) {
 *   failure = error;
 * }
 * console.log(failure instanceof ExploreError && failure.kind); // threw
 * ```
 */
export class ExploreError extends Error {
  override readonly name = "ExploreError";
  readonly code = "TOKI_EXPLORE_FAILED";
  /** How the body fails: it threw, a task failed that nobody joined, nothing could happen any more, or it did not end. */
  readonly kind: FailureKind;
  /** What the `replay` option takes to run this schedule again. */
  readonly replay: string;
  /** The steps of the schedule, a line each. */
  readonly steps: readonly string[];
  /** The seed that the schedules were made from. */
  readonly seed: number;
  /** How many runs it took to find it. */
  readonly runs: number;
  /** Whether the body did the same again when the schedule was repeated. */
  readonly isDeterministic: boolean;

  /** @internal */
  constructor(message: string, found: ExploreFailure) {
    super(message, { cause: found.cause });
    this.kind = found.kind;
    this.replay = found.replay;
    this.steps = found.steps;
    this.seed = found.seed;
    this.runs = found.runs;
    this.isDeterministic = found.isDeterministic;
  }
}

/** @internal */
export type ExploreFailure = Pick<ExploreError, "kind" | "replay" | "steps" | "seed" | "runs" | "isDeterministic"> & {
  readonly cause: unknown;
};
