/*
 * How long a worker's polls take on average, and how often it should therefore look at the queue that all workers share: about every TARGET_MS, whatever a poll costs.
 *
 * A moving average in which a poll weighs ALPHA and all before it the rest. It is fed with stretches of polls, since a clock read for each would cost more than many
 * a poll: each poll of a stretch counts as taking the stretch's mean.
 */
const ALPHA = 0.1;
const TARGET_MS = 0.2;
const MIN_POLLS = 2;
const MAX_POLLS = 127;
/** What it begins with: the interval that would be right if nothing were known. */
const FIRST_POLLS = 61;

/** What all that came before weighs after so many polls. */
const REST = Float64Array.from({ length: MAX_POLLS + 1 }, (_, polls) => (1 - ALPHA) ** polls);

/** @internal */
export class MeanPollTime {
  ms = TARGET_MS / FIRST_POLLS;

  /** Takes in `polls` polls that took `ms` together. */
  add(ms: number, polls: number): void {
    if (polls <= 0) return;
    const mean = ms / polls;
    this.ms = mean + (REST[polls] ?? 0) * (this.ms - mean);
  }

  /** Polls between looks at the shared queue. Never 1, or it would always come first. */
  get interval(): number {
    return Math.max(MIN_POLLS, Math.min(MAX_POLLS, Math.floor(TARGET_MS / this.ms)));
  }
}
