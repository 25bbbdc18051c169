/*
 * Who goes next. A run asks its strategy at each point where more than one thing could happen. Choice 0 is always what the runtime does of its own accord:
 * first in, first out. So a schedule is a list of numbers, most of them 0 in one that is easy to understand; where the list ends, everything is 0.
 */
import { Rng } from "../../runtime/rng.js";

/** What happened in a run, as far as choices go. */
export interface Trace {
  /** What was chosen at each point. */
  readonly choices: readonly number[];
  /** Of how many. */
  readonly counts: readonly number[];
}

/** @internal */
export interface Strategy {
  /** Prepares the next run; false if there is none. */
  begin(): boolean;
  /** One of several steps, by its place in the list. The objects are the same for the same task or timer, in all lists of a run. */
  pick(steps: readonly object[]): number;
  /** A number from 0 to `count` - 1, for a random number that the program asks for. */
  choose(count: number): number;
  /** `task` lets others go first. */
  yielded(task: object): void;
  /** The run is over. */
  end(trace: Trace): void;
}

/** How often a task yields, on average, before PCT lets it fall behind. */
const YIELDS = 4;

/** A generator for one run, so that runs do not depend on those before them. */
function generator(seed: number, run: number): Rng {
  return new Rng(Math.imul(seed + run, 0x9e3779b1) ^ Math.floor(seed / 2 ** 16));
}

/** Each choice at random, all alike. */
export class RandomWalk implements Strategy {
  private run = 0;
  private rng: Rng;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
    this.rng = generator(seed, 0);
  }

  begin(): boolean {
    this.rng = generator(this.seed, this.run++);
    return true;
  }

  pick(steps: readonly object[]): number {
    return this.rng.below(steps.length);
  }

  choose(count: number): number {
    return this.rng.below(count);
  }

  yielded(): void {}

  end(): void {}
}

/**
 * Probabilistic concurrency testing (Burckhardt and others, 2010): everything has a random priority, the highest goes first, and at `depth - 1` random
 * points what would go falls below all others. Finds a bug that needs `depth` events in order with a known least probability, however long the run.
 */
export class Pct implements Strategy {
  private run = 0;
  private rng: Rng;
  private point = 0;
  private longest = 20;
  private lowest = 0;
  private readonly changes = new Set<number>();
  private priorities = new Map<object, number>();
  private readonly seed: number;
  private readonly depth: number;

  constructor(seed: number, depth: number) {
    this.seed = seed;
    this.depth = depth;
    this.rng = generator(seed, 0);
  }

  begin(): boolean {
    this.rng = generator(this.seed, this.run++);
    this.point = 0;
    this.lowest = 0;
    this.priorities = new Map();
    this.changes.clear();
    for (let i = 1; i < this.depth; i++) this.changes.add(this.rng.below(this.longest));
    return true;
  }

  pick(steps: readonly object[]): number {
    const best = this.best(steps);
    if (!this.changes.has(this.point++)) return best;
    this.priorities.set(steps[best] as object, --this.lowest);
    return this.best(steps);
  }

  choose(count: number): number {
    return this.rng.below(count);
  }

  /** Whoever waits for others by yielding would otherwise go first for ever. Not each time, or nobody would ever yield twice ahead of others. */
  yielded(task: object): void {
    if (this.rng.below(YIELDS) === 0) this.priorities.set(task, --this.lowest);
  }

  end(): void {
    if (this.point > this.longest) this.longest = this.point;
  }

  private best(steps: readonly object[]): number {
    let best = 0;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] as object;
      let priority = this.priorities.get(step);
      if (priority === undefined) {
        priority = this.rng.below(2 ** 30);
        this.priorities.set(step, priority);
      }
      if (priority > highest) {
        highest = priority;
        best = i;
      }
    }
    return best;
  }
}

/** Random walks and PCT of growing depth in turn: neither finds everything that the other one finds. */
export class Mixed implements Strategy {
  private run = 0;
  private readonly strategies: readonly Strategy[];
  private current: Strategy;

  constructor(seed: number, depth: number) {
    const random = new RandomWalk(seed);
    this.strategies = [random, new Pct(seed, depth), random, new Pct(seed + 1, depth + 1)];
    this.current = random;
  }

  begin(): boolean {
    this.current = this.strategies[this.run++ % this.strategies.length] as Strategy;
    return this.current.begin();
  }

  pick(steps: readonly object[]): number {
    return this.current.pick(steps);
  }

  choose(count: number): number {
    return this.current.choose(count);
  }

  yielded(task: object): void {
    this.current.yielded(task);
  }

  end(trace: Trace): void {
    this.current.end(trace);
  }
}

/** The choices of a list, and 0 after its end. One that there is not, because the run goes another way, is the last there is. */
export class Fixed implements Strategy {
  private at = 0;
  private readonly choices: readonly number[];

  constructor(choices: readonly number[]) {
    this.choices = choices;
  }

  begin(): boolean {
    return true;
  }

  pick(steps: readonly object[]): number {
    return this.choose(steps.length);
  }

  choose(count: number): number {
    return Math.min(this.choices[this.at++] ?? 0, count - 1);
  }

  yielded(): void {}

  end(): void {}
}
