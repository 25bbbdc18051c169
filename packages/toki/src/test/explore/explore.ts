import { host } from "#host";
import { isGeneratorFunction } from "../../future/fn.js";
import { type Body, FnFuture } from "../../future/frame.js";
import { Future } from "../../future/future.js";
import type { Suspend } from "../../future/poll.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { checksumOf, isSameWay } from "./compare.js";
import { eventLoopTurn } from "./event-loop.js";
import { Exhaustive } from "./exhaustive.js";
import { ExploreError } from "./explore-error.js";
import { type Finding, messageOf } from "./message.js";
import { configure, type ExploreConfig, type ExploreOptions } from "./options.js";
import { Recorder } from "./recorder.js";
import { encodeSchedule } from "./replay.js";
import { type Failure, Run, type RunResult } from "./run.js";
import { shrink } from "./shrink.js";
import { Fixed, Mixed, Pct, RandomWalk, type Strategy } from "./strategy.js";

/** Milliseconds of runs without a turn of the event loop. */
const TURN_MS = 20;

/** What {@link explore} gives the body. */
export interface ExploreTools {
  /**
   * A choice that the schedule makes: a number from 0 to `count` - 1. It is explored, replayed and shrunk as the order of the tasks is, so use it for
   * whatever a test leaves to chance: how often to wait before an abort, which operation comes next.
   *
   * @param count - above 0
   * @throws InvalidArgumentError if it is not
   */
  choose(count: number): number;
}

/** What {@link explore} runs: a `function*`, or a function that returns a future, such as one made with `fn`. */
export type ExploreBody = (tools: ExploreTools) => Generator<Suspend, unknown, unknown> | Future<unknown>;

/** What {@link explore} has done when it found nothing. */
export interface ExploreReport {
  /** How often the body was run. */
  readonly runs: number;
  /** How many different schedules that were. */
  readonly schedules: number;
  /** Whether there is nothing left to try: `"exhaustive"` came to its end, or the body leaves no choice. */
  readonly complete: boolean;
  /** What the schedules were made from. */
  readonly seed: number;
}

/**
 * Runs a test again and again, each time in another order of its tasks, and fails with the simplest order it can find in which the test fails. For the
 * mistakes that need a rare interleaving: a wake-up that gets lost, a message that overtakes, a cancellation at the worst moment.
 *
 * Each run has a current-thread runtime of its own with a paused clock that moves on when nothing is runnable. Explored are: which runnable task is polled
 * next, which of several timers due at one instant fires first, when promises and jobs of the blocking pool arrive, the branch that `select` begins with,
 * what the body asks `choose` for, and with `forceYields` also where a task is made to yield. An aborted task's cleanup is polled like any other. With
 * every choice at its first value the order is the one a runtime has by itself.
 *
 * A run fails if the body throws, if a task failed and nobody joined it, if nothing is left that could wake a task (a deadlock), or if it takes more than
 * `maxSteps` steps. When the body has ended, the tasks that are left are cancelled, and their cleanup belongs to the run. A failing schedule is run a
 * second time, reduced to what is needed, and reported with its steps and a line of code that replays it.
 *
 * A run that only a promise or a job can bring on waits for it in real time, a second at most.
 *
 * The body has to make everything it uses anew in each run, and to do the same in each run but for the choices above: no `Math.random()`, no clock of the
 * platform, no state that is left from the last run. That it does not is found out and said when a failure cannot be repeated.
 *
 * @param body - the test; gets `{ choose }`
 * @param options - how many schedules and which: `runs`, `seed`, `strategy` and more, or `replay`
 * @returns rejects with an ExploreError, or with InvalidArgumentError
 *
 * @example
 * ```ts
 * import { spawn } from "toki";
 * import { mpsc } from "toki/sync";
 * import { explore } from "toki/test";
 *
 * const report = await explore(function* () {
 *   const [tx, rx] = mpsc.channel<number>(1);
 *   const other = tx.clone();
 *   const first = spawn(function* () {
 *     using _ = tx;
 *     yield* tx.send(1);
 *     yield* tx.send(2);
 *   });
 *   const second = spawn(function* () {
 *     using _ = other;
 *     yield* other.send(3);
 *   });
 *   const all: number[] = [];
 *   for (;;) {
 *     const value = yield* rx.recv();
 *     if (value === undefined) break;
 *     all.push(value);
 *   }
 *   yield* first;
 *   yield* second;
 *   if (all.length !== 3 || all.indexOf(1) > all.indexOf(2)) throw new Error(`lost or overtaken: ${all}`);
 * }, { runs: 200 });
 * console.log(report.runs); // 200
 * ```
 */
export async function explore(body: ExploreBody, options: ExploreOptions = {}): Promise<ExploreReport> {
  if (typeof body !== "function") {
    throw invalidArgument("explore", "body", "a function* or a function that returns a future", body);
  }
  const config = configure(options);
  const caller = callerOf(explore);
  await eventLoopTurn(); // the runs must not be a part of whatever called
  try {
    return await new Explorer(body, config).explore();
  } catch (error) {
    if (error instanceof ExploreError && caller !== undefined)
      error.stack = `${error.name}: ${error.message}\n${caller}`;
    throw error;
  }
}

class Explorer {
  private readonly body: ExploreBody;
  private readonly config: ExploreConfig;
  private runs = 0;
  private readonly seen = new Set<number>();
  private lastTurn = host.now();

  constructor(body: ExploreBody, config: ExploreConfig) {
    this.body = body;
    this.config = config;
  }

  async explore(): Promise<ExploreReport> {
    const { replay, runs, maxTime } = this.config;
    if (replay !== undefined) return this.replay(replay.choices, replay.checksum);
    const until = host.now() + maxTime;
    const strategy: Strategy = this.strategy();
    // What comes by itself is the schedule to look at first, whatever the strategy.
    let next: Strategy = new Fixed([]);
    let hasNext = true;
    while (hasNext && this.runs < runs && host.now() < until) {
      this.runs++;
      const result = await this.run(next, undefined);
      next.end(result);
      this.seen.add(checksumOf(result));
      if (result.failure !== undefined) throw await this.report(result, result.failure);
      if (this.runs === 1) {
        if (result.counts.length === 0) return this.reportOf(true);
        next = strategy;
        if (strategy instanceof Exhaustive) strategy.skipFirst(result);
      }
      hasNext = strategy.begin();
    }
    return this.reportOf(!hasNext);
  }

  private strategy(): Strategy {
    const { strategy, seed, depth, preemptions } = this.config;
    switch (strategy) {
      case "mixed":
        return new Mixed(seed, depth);
      case "random":
        return new RandomWalk(seed);
      case "pct":
        return new Pct(seed, depth);
      case "exhaustive":
        return new Exhaustive(preemptions);
    }
  }

  private reportOf(complete: boolean): ExploreReport {
    return { runs: this.runs, schedules: this.seen.size, complete, seed: this.config.seed };
  }

  private async run(strategy: Strategy, recorder: Recorder | undefined): Promise<RunResult> {
    if (host.now() - this.lastTurn > TURN_MS) {
      await eventLoopTurn();
      this.lastTurn = host.now();
    }
    const run = new Run(strategy, this.config, recorder);
    return run.result(futureOf(this.body, { choose: (count) => chooseOf(run, count) }));
  }

  private async replay(choices: readonly number[], checksum: number): Promise<ExploreReport> {
    this.runs++;
    const recorder = new Recorder();
    const result = await this.run(new Fixed(choices), recorder);
    this.seen.add(checksumOf(result));
    if (result.failure === undefined) return this.reportOf(false);
    const notes: string[] = [];
    if (checksumOf(result) !== checksum) {
      notes.push("The steps are not those that were recorded: the body has changed since, or is not deterministic.");
    }
    throw this.errorOf(result, result.failure, recorder, notes, true);
  }

  /** Runs a failing schedule again, makes it simpler, and describes it. */
  private async report(found: RunResult, failure: Failure): Promise<ExploreError> {
    const recorder = new Recorder();
    const again = await this.run(new Fixed(found.choices), recorder);
    const difference = differenceOf(found, again);
    if (difference !== undefined) {
      const note = `The body is not deterministic: run again with the same schedule, ${difference}. What is shown is the second run.`;
      return this.errorOf(found, failure, recorder, [note], false);
    }
    const simplest = await shrink(
      found,
      (strategy) => this.run(strategy, undefined),
      (result) => isSameWay(result.failure, failure),
    );
    const last = new Recorder();
    const result = await this.run(new Fixed(simplest.choices), last);
    const drift = differenceOf(simplest, result);
    if (result.failure === undefined || drift !== undefined) {
      return this.errorOf(found, failure, recorder, [`The body is not deterministic: ${drift}.`], false);
    }
    return this.errorOf(result, result.failure, last, [], true);
  }

  private errorOf(
    result: RunResult,
    failure: Failure,
    recorder: Recorder,
    notes: readonly string[],
    isDeterministic: boolean,
  ): ExploreError {
    const { config, runs } = this;
    const { steps } = recorder;
    const { choices } = result;
    const replay = encodeSchedule({ choices, forceYields: config.forceYields, checksum: checksumOf(result) });
    const finding: Finding = { failure, steps, runs, config, replay, notes };
    return new ExploreError(messageOf(finding), {
      cause: failure.error,
      kind: failure.kind,
      replay,
      steps: steps.map((step) => step.text),
      seed: config.seed,
      runs,
      isDeterministic,
    });
  }
}

/** The lines of the stack below a function, for an error that belongs to whoever called it. */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
function callerOf(below: Function): string | undefined {
  const capture = (Error as { captureStackTrace?: (target: object, below: unknown) => void }).captureStackTrace;
  const site: { stack?: string } = {};
  capture?.(site, below);
  return site.stack?.split("\n").slice(1).join("\n");
}

function futureOf(body: ExploreBody, tools: ExploreTools): Future<unknown> {
  if (isGeneratorFunction(body)) return new FnFuture(body(tools as never) as Body<unknown>, body);
  // Called on the runtime, so that the future may be one that needs a runtime to be made.
  return Future.from(function* callBody() {
    return yield* Future.from(body(tools) as Future<unknown>);
  });
}

function chooseOf(run: Run, count: number): number {
  if (Number.isSafeInteger(count) && count > 0) return run.choose(count);
  throw invalidArgument("choose", "count", "an integer above 0", count);
}

/** What is different in two runs of one schedule; undefined if nothing is. */
function differenceOf(first: RunResult, second: RunResult): string | undefined {
  const length = Math.max(first.path.length, second.path.length);
  for (let i = 0; i < length; i++) {
    if (first.path[i] !== second.path[i]) return `step ${i + 1} is another one`;
  }
  if (checksumOf(first) !== checksumOf(second)) return "its choices are others";
  if (second.failure === undefined) return "it does not fail";
  if (!isSameWay(first.failure, second.failure)) return "it fails in another way";
  return undefined;
}
