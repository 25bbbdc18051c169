import { ExploreError, type ExploreReport } from "toki/test";

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
