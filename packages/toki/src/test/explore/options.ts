import { invalidArgument } from "../../internal/invalid-argument.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { decodeSchedule, type Schedule } from "./replay.js";

/** How {@link explore} chooses schedules. */
export type ExploreStrategy = "mixed" | "random" | "pct" | "exhaustive";

/** Options of {@link explore}. */
export interface ExploreOptions {
  /** How many schedules at most. Above 0. @default 1,000, with `"exhaustive"` 100,000 */
  runs?: number;
  /** What the schedules are made from: with the same number they are the same. A failure's message has it. @default a random one */
  seed?: number;
  /**
   * How schedules are chosen:
   *
   * - `"random"`: every choice at random. Finds what goes wrong in many orders.
   * - `"pct"`: tasks have random priorities, and at a few random moments the first falls behind all others. Finds what goes wrong only if one task is
   *   left behind, or overtakes, for long.
   * - `"mixed"`: both in turn.
   * - `"exhaustive"`: every schedule that departs from first-in-first-out order at most `preemptions` times. For small bodies; the report says whether it
   *   came to an end.
   *
   * @default "mixed"
   */
  strategy?: ExploreStrategy;
  /** With `"pct"` and `"mixed"`: how many ordered events a bug may need. Above 0. @default 3 */
  depth?: number;
  /** With `"exhaustive"`: how often a schedule may depart from first-in-first-out order. @default 2 */
  preemptions?: number;
  /** Whether any await may be made to yield, as if the task's cooperative budget were used up. @default false */
  forceYields?: boolean;
  /** Steps after which a run counts as one that never ends. Above 0. @default 10,000 */
  maxSteps?: number;
  /** Real time after which no further run is begun. @default none */
  maxTime?: Duration;
  /** Runs one schedule alone: what a failure's message gives. */
  replay?: string;
}

/** What the options come to. @internal */
export interface ExploreConfig {
  readonly runs: number;
  readonly seed: number;
  readonly strategy: ExploreStrategy;
  readonly depth: number;
  readonly preemptions: number;
  readonly forceYields: boolean;
  readonly maxSteps: number;
  readonly maxTime: number;
  readonly replay: Schedule | undefined;
}

const WHERE = "explore";
const STRATEGIES: readonly unknown[] = ["mixed", "random", "pct", "exhaustive"];
const RUNS = 1000;
const EXHAUSTIVE_RUNS = 100_000;

/** @throws InvalidArgumentError if an option is not what it should be @internal */
export function configure(options: ExploreOptions): ExploreConfig {
  if (options === null || typeof options !== "object") throw invalidArgument(WHERE, "options", "an object", options);
  const { strategy = "mixed", forceYields = false, seed, maxTime, replay } = options;
  if (!STRATEGIES.includes(strategy)) {
    throw invalidArgument(WHERE, "strategy", '"mixed", "random", "pct" or "exhaustive"', strategy);
  }
  if (typeof forceYields !== "boolean") throw invalidArgument(WHERE, "forceYields", "a boolean", forceYields);
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw invalidArgument(WHERE, "seed", "an integer", seed);
  const schedule = replay === undefined ? undefined : scheduleOf(replay);
  return {
    runs: positive(options, "runs", strategy === "exhaustive" ? EXHAUSTIVE_RUNS : RUNS),
    seed: seed ?? Math.floor(Math.random() * 2 ** 32),
    strategy,
    depth: positive(options, "depth", 3),
    preemptions: natural(options, "preemptions", 2),
    forceYields: schedule?.forceYields ?? forceYields,
    maxSteps: positive(options, "maxSteps", 10_000),
    maxTime: maxTime === undefined ? Number.POSITIVE_INFINITY : toMillis(maxTime, WHERE, "maxTime"),
    replay: schedule,
  };
}

function positive(options: ExploreOptions, key: "runs" | "depth" | "maxSteps", usual: number): number {
  const value = options[key] ?? usual;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidArgument(WHERE, key, "an integer above 0", value);
}

function natural(options: ExploreOptions, key: "preemptions", usual: number): number {
  const value = options[key] ?? usual;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(WHERE, key, "an integer of at least 0", value);
}

function scheduleOf(replay: unknown): Schedule {
  const schedule = typeof replay === "string" ? decodeSchedule(replay) : undefined;
  if (schedule !== undefined) return schedule;
  throw invalidArgument(WHERE, "replay", "what the message of an ExploreError gives", replay);
}
