/*
 * Makes a failing schedule easier to understand: fewer choices other than 0, then fewer steps, then smaller choices. A candidate is taken if the body
 * fails under it in the same way; what counts is the schedule that was run, not the one that was asked for.
 *
 * First the schedules with the fewest deviations of all, as far as there is time: most bugs need one or two. Then chunks of the schedule, from half of it
 * down to single choices, are set to 0 and cut out, and choices are lowered, until nothing helps or the bound is reached.
 */
import { host } from "#host";
import { Exhaustive } from "./exhaustive.js";
import type { RunResult } from "./run.js";
import { Fixed, type Strategy } from "./strategy.js";

const MAX_RUNS = 2000;
const MAX_MS = 2000;
/** How many runs, and how much of the time, look for the fewest deviations. */
const MAX_SEARCH_RUNS = 1000;
const MAX_SEARCH_MS = 1000;

type Rerun = (strategy: Strategy) => Promise<RunResult>;

/** Tries schedules, and keeps the best that fails. */
class Shrinker {
  best: RunResult;
  private readonly rerun: Rerun;
  private readonly isSame: (result: RunResult) => boolean;
  private readonly until: number;
  private left = MAX_RUNS;

  constructor(found: RunResult, rerun: Rerun, isSame: (result: RunResult) => boolean) {
    this.best = found;
    this.rerun = rerun;
    this.isSame = isSame;
    this.until = host.now() + MAX_MS;
  }

  get isSpent(): boolean {
    return this.left <= 0 || host.now() > this.until;
  }

  async attempt(choices: readonly number[]): Promise<boolean> {
    if (this.isSpent) return false;
    this.left--;
    return this.take(await this.rerun(new Fixed(choices)));
  }

  /** Looks through the schedules with fewer deviations, from none on. */
  async search(): Promise<void> {
    const strategy = new Exhaustive(deviationsOf(this.best.choices) - 1);
    const until = host.now() + MAX_SEARCH_MS;
    for (let left = MAX_SEARCH_RUNS; left > 0 && host.now() < until && strategy.begin(); left--) {
      const result = await this.rerun(strategy);
      if (this.take(result)) return;
      strategy.end(result);
    }
  }

  private take(result: RunResult): boolean {
    if (!this.isSame(result) || !isSimpler(result, this.best)) return false;
    this.best = result;
    return true;
  }
}

/** @internal */
export async function shrink(
  found: RunResult,
  rerun: Rerun,
  isSame: (result: RunResult) => boolean,
): Promise<RunResult> {
  const shrinker = new Shrinker(found, rerun, isSame);
  if (deviationsOf(found.choices) > 0) await shrinker.search();
  for (let before: RunResult | undefined; before !== shrinker.best && !shrinker.isSpent; ) {
    before = shrinker.best;
    await cutChunks(shrinker);
    await lowerChoices(shrinker);
  }
  return shrinker.best;
}

async function cutChunks(shrinker: Shrinker): Promise<void> {
  for (let size = lengthOf(shrinker.best) >> 1 || 1; size >= 1; size >>= 1) {
    for (let at = 0; at < lengthOf(shrinker.best) && !shrinker.isSpent; ) {
      const { choices } = shrinker.best;
      if (choices.slice(at, at + size).every((choice) => choice === 0)) {
        at += size;
        continue;
      }
      const zeroed = choices.map((choice, i) => (i >= at && i < at + size ? 0 : choice));
      if (await shrinker.attempt(zeroed)) continue;
      const cut = [...choices.slice(0, at), ...choices.slice(at + size)];
      if (!(await shrinker.attempt(cut))) at += size;
    }
  }
}

async function lowerChoices(shrinker: Shrinker): Promise<void> {
  for (let at = 0; at < lengthOf(shrinker.best) && !shrinker.isSpent; at++) {
    const choice = shrinker.best.choices[at] as number;
    for (let lower = 1; lower < choice; lower++) {
      const choices = [...shrinker.best.choices];
      choices[at] = lower;
      if (await shrinker.attempt(choices)) break;
    }
  }
}

/** Up to the last choice that is not 0. */
function lengthOf({ choices }: RunResult): number {
  let length = choices.length;
  while (length > 0 && choices[length - 1] === 0) length--;
  return length;
}

function deviationsOf(choices: readonly number[]): number {
  let count = 0;
  for (const choice of choices) if (choice > 0) count++;
  return count;
}

function isSimpler(a: RunResult, b: RunResult): boolean {
  const deviations = deviationsOf(a.choices) - deviationsOf(b.choices);
  if (deviations !== 0) return deviations < 0;
  if (a.path.length !== b.path.length) return a.path.length < b.path.length;
  return sum(a.choices) < sum(b.choices);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}
