/*
 * The executor of an explored runtime: it holds what is runnable, in the order of the wakes, and polls what it is told to. Nothing is polled on the
 * spot and nothing runs by itself, so that each poll is a step that the schedule has chosen.
 */
import { BUDGET, current } from "../../future/current.js";
import { Executor } from "../../runtime/scheduler/executor.js";
import { type Task, YIELDED } from "../../runtime/task/task.js";

/** Polls of a shutdown that does not wait, after which it is given up. */
const MAX_FORCED_POLLS = 100_000;

/** @internal */
export class ExploringExecutor extends Executor {
  readonly runnable: Task<unknown>[] = [];
  /** Told of each task that let others go first. */
  onYield: (task: Task<unknown>) => void = () => {};

  override get localDepth(): number {
    return this.runnable.length;
  }

  override get injectDepth(): number {
    return 0;
  }

  override get hasRunnable(): boolean {
    return this.runnable.length > 0;
  }

  override schedule(task: Task<unknown>): void {
    this.runnable.push(task);
  }

  override requeue(task: Task<unknown>): void {
    if ((task.state & YIELDED) !== 0) {
      task.state &= ~YIELDED;
      this.onYield(task);
    }
    this.runnable.push(task);
  }

  override forEachQueued(visit: (task: Task<unknown>) => void): void {
    for (const task of this.runnable) visit(task);
  }

  override request(): void {}

  override requestTurn(): void {}

  override drain(): void {}

  override runInPlace(): boolean {
    return true;
  }

  override yieldInPlace(): boolean {
    return false;
  }

  /** What a shutdown that does not wait asks for: everything, in order. */
  override runBatch(): boolean {
    for (let polls = 0; polls < MAX_FORCED_POLLS; polls++) {
      const task = this.runnable[0];
      if (task === undefined) return false;
      this.poll(task, BUDGET);
    }
    return true;
  }

  /** Polls a runnable task once. */
  poll(task: Task<unknown>, budget: number): void {
    this.runnable.splice(this.runnable.indexOf(task), 1);
    this.asExecutor(budget, () => this.pollObserved(task));
  }

  /** Calls `callback` as a part of this executor's work, whatever is going on around it. */
  asExecutor(budget: number, callback: () => void): void {
    const { runtime, cx, budget: outerBudget, depth, nesting } = current;
    const wasActive = this.active;
    current.runtime = this.rt;
    current.cx = null;
    current.budget = budget;
    current.depth = 0;
    current.nesting = 0;
    this.active = true;
    try {
      callback();
    } finally {
      this.active = wasActive;
      current.runtime = runtime;
      current.cx = cx;
      current.budget = outerBudget;
      current.depth = depth;
      current.nesting = nesting;
    }
  }
}
