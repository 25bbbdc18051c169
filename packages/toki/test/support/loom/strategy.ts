// Who goes next. An execution asks at each point where more than one thread could make the next atomic step.

/** The execution is abandoned: everything that can follow has been seen. */
export const PRUNE = -1;

export interface Strategy {
  begin(): void;
  /**
   * Chooses one of `threads` (by its place in the list) or `PRUNE`. If `canContinue`, the first is the thread that ran so
   * far, and any other choice preempts it. `state` computes a hash of the whole state.
   */
  choose(threads: readonly number[], canContinue: boolean, state: () => number): number;
  /** After an execution: is there another one to run? */
  next(): boolean;
}

interface Node {
  choices: number;
  chosen: number;
  canContinue: boolean;
}

/**
 * All schedules with at most `preemptions` preemptions, depth first. A state that was reached before with as many
 * preemptions left is not explored again: steps of different threads that do not touch the same words lead to the
 * same state in either order, so this also leaves out most orders that make no difference.
 */
export class Exhaustive implements Strategy {
  readonly seen = new Map<number, number>();
  private readonly path: Node[] = [];
  private depth = 0;
  private left = 0;
  private readonly preemptions: number;
  private readonly merge: boolean;

  constructor(preemptions: number, merge: boolean) {
    this.preemptions = preemptions;
    this.merge = merge;
  }

  begin(): void {
    this.depth = 0;
    this.left = this.preemptions;
  }

  choose(threads: readonly number[], canContinue: boolean, state: () => number): number {
    let node = this.path[this.depth];
    if (node === undefined) {
      if (this.merge && this.wasSeen(state())) return PRUNE;
      node = { choices: canContinue && this.left === 0 ? 1 : threads.length, chosen: 0, canContinue };
      this.path.push(node);
    }
    this.depth++;
    if (node.canContinue && node.chosen > 0) this.left--;
    return node.chosen;
  }

  next(): boolean {
    const { path } = this;
    path.length = this.depth;
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      if (++node.chosen < node.choices) return true;
      path.pop();
    }
    return false;
  }

  private wasSeen(state: number): boolean {
    const before = this.seen.get(state);
    if (before !== undefined && before >= this.left) return true;
    this.seen.set(state, this.left);
    return false;
  }
}

/** A small generator with a seed (xorshift). */
export function generator(seed: number): (below: number) => number {
  let x = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** `schedules` executions, each choice at random. */
export class Random implements Strategy {
  private run = 0;
  private readonly random: (below: number) => number;
  private readonly schedules: number;

  constructor(seed: number, schedules: number) {
    this.random = generator(seed);
    this.schedules = schedules;
  }

  begin(): void {
    this.run++;
  }

  choose(threads: readonly number[]): number {
    return this.random(threads.length);
  }

  next(): boolean {
    return this.run < this.schedules;
  }
}

/**
 * Probabilistic concurrency testing: threads have random priorities, the highest one runs, and at `depth - 1` random steps
 * the running one falls to the lowest. Finds a bug that needs `depth` ordered events with a known least probability.
 */
export class Pct implements Strategy {
  private run = 0;
  private step = 0;
  private longest = 20;
  private readonly priorities: number[] = [];
  private readonly changes = new Set<number>();
  private readonly random: (below: number) => number;
  private readonly schedules: number;
  private readonly depth: number;

  constructor(seed: number, schedules: number, depth = 3) {
    this.random = generator(seed);
    this.schedules = schedules;
    this.depth = depth;
  }

  begin(): void {
    this.run++;
    this.longest = Math.max(this.longest, this.step);
    this.step = 0;
    this.priorities.length = 0;
    this.changes.clear();
    for (let i = 1; i < this.depth; i++) this.changes.add(this.random(this.longest));
  }

  choose(threads: readonly number[]): number {
    const best = this.best(threads);
    if (!this.changes.has(this.step++)) return best;
    this.priorities[threads[best]!] = -this.step;
    return this.best(threads);
  }

  next(): boolean {
    return this.run < this.schedules;
  }

  private best(threads: readonly number[]): number {
    let best = 0;
    for (let i = 0; i < threads.length; i++) {
      this.priorities[threads[i]!] ??= this.random(1 << 30);
      if (this.priorities[threads[i]!]! > this.priorities[threads[best]!]!) best = i;
    }
    return best;
  }
}

/** One execution with the choices of an earlier one. */
export class Replay implements Strategy {
  private at = 0;
  private readonly choices: string;

  constructor(choices: string) {
    this.choices = choices;
  }

  begin(): void {
    this.at = 0;
  }

  choose(threads: readonly number[]): number {
    const choice = Number.parseInt(this.choices[this.at++] ?? "0", 36);
    return choice < threads.length ? choice : 0;
  }

  next(): boolean {
    return false;
  }
}
