import type { DeadlockError } from "../../runtime/error.js";
import type { ExploreConfig } from "./options.js";
import type { RecordedStep } from "./recorder.js";
import type { Failure, FailureKind } from "./run.js";

/** Steps that are shown if a schedule has many: the first ones, the last ones, and those around a deviation. */
const SHOWN_FIRST = 5;
const SHOWN_LAST = 20;
const SHOWN_AROUND = 2;
/** A schedule up to this long is shown whole. */
const SHOWN_WHOLE = 60;
const MAX_STEPS = 10_000;

/** What an ExploreError says. @internal */
export interface Finding {
  readonly failure: Failure;
  readonly steps: readonly RecordedStep[];
  readonly runs: number;
  readonly config: ExploreConfig;
  readonly replay: string;
  /** What was different when the schedule was run again. */
  readonly notes: readonly string[];
}

/** @internal */
export function messageOf(finding: Finding): string {
  const { failure, config, runs } = finding;
  const where =
    config.replay === undefined
      ? `run ${runs}, seed ${config.seed}, strategy "${config.strategy}"`
      : "with the schedule given";
  return [
    `explore: ${WHAT[failure.kind]} (${where})`,
    describeError(failure),
    ...finding.notes,
    describeSteps(finding.steps),
    `To run this schedule again:\n  explore(body, { ${replayOptions(finding)} })`,
  ].join("\n\n");
}

const WHAT: { readonly [kind in FailureKind]: string } = {
  threw: "the body fails",
  unjoined: "a task fails, and nobody joins it",
  deadlock: "deadlock, nothing is left that could wake a task",
  endless: "the body does not end",
};

function describeError({ kind, error }: Failure): string {
  if (kind === "deadlock") return (error as DeadlockError).report;
  if (!(error instanceof Error)) return String(error);
  return kind === "threw" ? `${error.name}: ${error.message}` : error.message;
}

function replayOptions({ replay, config }: Finding): string {
  const maxSteps = config.maxSteps === MAX_STEPS ? "" : `, maxSteps: ${config.maxSteps}`;
  return `replay: "${replay}"${maxSteps}`;
}

function describeSteps(steps: readonly RecordedStep[]): string {
  const hasDeviations = steps.some((step) => step.isDeviation);
  const title = hasDeviations
    ? "The steps that lead there (* is out of the usual order, which is first in, first out):"
    : "The steps that lead there, in the usual order:";
  const width = String(steps.length).length;
  const lines = [title];
  let isCut = false;
  steps.forEach((step, i) => {
    if (!isShown(steps, i)) {
      if (!isCut) lines.push(`  ${" ".repeat(width)}  ...`);
      isCut = true;
      return;
    }
    isCut = false;
    lines.push(`${step.isDeviation ? "*" : " "} ${String(i + 1).padStart(width)}  ${step.text}`);
  });
  return lines.join("\n");
}

function isShown(steps: readonly RecordedStep[], at: number): boolean {
  if (steps.length <= SHOWN_WHOLE || at < SHOWN_FIRST || at >= steps.length - SHOWN_LAST) return true;
  return steps.slice(Math.max(0, at - SHOWN_AROUND), at + SHOWN_AROUND + 1).some((step) => step.isDeviation);
}
