import { fn, type JoinHandle, yieldNow } from "toki";
import { ExploreError, type ExploreOptions, type ExploreReport } from "toki/test";

/** How the suites of this folder explore. A seed of their own, so that a run of the suite repeats. */
export const RUNS: ExploreOptions = { runs: 600, seed: 20 };

/** The failure that an exploration has to find. */
export async function failureOf(exploration: Promise<ExploreReport>): Promise<ExploreError> {
  let report: ExploreReport;
  try {
    report = await exploration;
  } catch (error) {
    if (error instanceof ExploreError) return error;
    throw error;
  }
  throw new Error(`nothing was found in ${report.runs} runs, ${report.schedules} schedules, seed ${report.seed}`);
}

/** Aborts one of the tasks, or none, at a moment that is explored. */
export const abortSome = fn(function* abortSome(
  tasks: readonly JoinHandle<unknown>[],
  choose: (count: number) => number,
) {
  const victim = tasks[choose(tasks.length + 1)];
  if (victim === undefined) return;
  for (let i = choose(4); i > 0; i--) yield* yieldNow();
  victim.abort();
});

/** Waits for all tasks: which of them have finished, and were not cancelled. */
export const settle = fn(function* settle(tasks: readonly JoinHandle<unknown>[]) {
  const finished: boolean[] = [];
  for (const task of tasks) {
    try {
      yield* task;
      finished.push(true);
    } catch (error) {
      if ((error as { code?: string }).code !== "TOKI_TASK_CANCELLED") throw error;
      finished.push(false);
    }
  }
  return finished;
});
