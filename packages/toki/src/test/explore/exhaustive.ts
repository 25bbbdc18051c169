/*
 * Every schedule with at most `deviations` choices other than 0, each once, those with fewer first.
 *
 * A schedule is its parent with one more deviation, at a point after the parent's last one. Running the parent has shown how many choices there are at
 * each point, so its children are known; they are made one by one, when it is their turn. What is kept is one record for each schedule that
 * may have children.
 */
import { Fixed, type Strategy, type Trace } from "./strategy.js";

interface Parent {
  /** Up to and including the last deviation. */
  readonly choices: readonly number[];
  readonly counts: Uint32Array;
  readonly deviations: number;
}

/** @internal */
export class Exhaustive implements Strategy {
  private readonly deviations: number;
  /** First come, first served: so by number of deviations. */
  private readonly parents: Parent[] = [];
  private next = 0;
  /** The child to make next: it differs from its parent at `point`, by `choice`. */
  private point = 0;
  private choice = 0;
  private run = new Fixed([]);
  private running: readonly number[] = [];
  private runningDeviations = 0;
  private isFirst = true;

  constructor(deviations: number) {
    this.deviations = deviations;
  }

  /** The schedule without deviations has been run. */
  skipFirst(trace: Trace): void {
    this.begin();
    this.end(trace);
  }

  begin(): boolean {
    if (this.isFirst) this.isFirst = false;
    else if (!this.nextChild()) return false;
    this.run = new Fixed(this.running);
    return true;
  }

  private nextChild(): boolean {
    for (;;) {
      const parent = this.parents[this.next];
      if (parent === undefined) return false;
      if (++this.choice < (parent.counts[this.point] ?? 0)) {
        const choices = [...parent.choices];
        while (choices.length < this.point) choices.push(0);
        choices.push(this.choice);
        this.running = choices;
        this.runningDeviations = parent.deviations + 1;
        return true;
      }
      this.choice = 0;
      if (++this.point >= parent.counts.length) this.leaveParent();
    }
  }

  private leaveParent(): void {
    this.parents[this.next++] = undefined as unknown as Parent;
    this.point = this.parents[this.next]?.choices.length ?? 0;
    this.choice = 0;
  }

  pick(steps: readonly object[]): number {
    return this.run.pick(steps);
  }

  choose(count: number): number {
    return this.run.choose(count);
  }

  yielded(): void {}

  end(trace: Trace): void {
    if (this.runningDeviations >= this.deviations || trace.counts.length <= this.running.length) return;
    this.parents.push({
      choices: this.running,
      counts: Uint32Array.from(trace.counts),
      deviations: this.runningDeviations,
    });
  }
}
