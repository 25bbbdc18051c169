/*
 * One run of a body under one schedule.
 *
 *   body     until the body has ended
 *   end      the runtime shuts down: the tasks that are left are cancelled, and their cleanup is explored as well
 *
 * A step is one of: fire a timer that is due, poll a runnable task, give the event loop a turn (`outside`), move the clock. Timers come first and the
 * turn after all tasks, as the runtime has it; the clock moves only when nothing is runnable. Where there is more than one, the strategy chooses.
 *
 * What comes from outside (promises, jobs of the blocking pool) can arrive in turns alone, as everything between them is synchronous. A turn that brought
 * nothing is not offered again before a task has been polled.
 */
import { host } from "#host";
import { BUDGET } from "../../future/current.js";
import type { Future } from "../../future/future.js";
import { DeadlockError } from "../../runtime/error.js";
import { otherThreads } from "../../runtime/scheduler/other-threads.js";
import type { Task } from "../../runtime/task/task.js";
import type { Timer } from "../../runtime/time/time-driver.js";
import { UnjoinedFailureError } from "../unjoined-failure-error.js";
import { eventLoopTurn, millisecond } from "./event-loop.js";
import { ExploringRuntime } from "./exploring-runtime.js";
import type { Recorder } from "./recorder.js";
import type { Strategy, Trace } from "./strategy.js";

/** Turns of the event loop, of a millisecond, that a run in which nothing else can happen waits for something outside. */
const PATIENCE_TURNS = 1000;
/** What is left of a poll's budget, by choice: first what there always is. */
const BUDGETS = [BUDGET, 0, 1, 2] as const;

/** The event loop has its turn, and what comes from outside may arrive. @internal */
export const OUTSIDE = { name: "the event loop" };
/** The clock moves to the next deadline. @internal */
export const CLOCK = { name: "the clock" };

/** @internal */
export type Step = Task<unknown> | Timer | typeof OUTSIDE | typeof CLOCK;

/** How a body fails. */
export type FailureKind = "threw" | "unjoined" | "deadlock" | "endless";

/** @internal */
export interface Failure {
  readonly kind: FailureKind;
  readonly error: unknown;
}

/** What a run has come to. @internal */
export interface RunResult extends Trace {
  /** Which task was polled at each step, or what else was done. */
  readonly path: readonly number[];
  readonly failure: Failure | undefined;
}

/** @internal */
export interface RunOptions {
  readonly maxSteps: number;
  readonly forceYields: boolean;
}

const TIMER_STEP = -1;
const OUTSIDE_STEP = -2;
const CLOCK_STEP = -3;

/** @internal */
export class Run {
  private readonly strategy: Strategy;
  private readonly options: RunOptions;
  private readonly recorder: Recorder | undefined;
  private readonly rt: ExploringRuntime;
  private readonly choices: number[] = [];
  private readonly counts: number[] = [];
  private readonly path: number[] = [];
  private readonly steps: Step[] = [];
  /** The last turn brought nothing, and no task has been polled since. */
  private outsideIsQuiet = false;
  private isOver = false;

  constructor(strategy: Strategy, options: RunOptions, recorder: Recorder | undefined) {
    this.strategy = strategy;
    this.options = options;
    this.recorder = recorder;
    this.rt = new ExploringRuntime((count) => this.choose(count));
    this.rt.executor.onYield = (task) => strategy.yielded(task);
  }

  /** A choice that the program makes. Not counted as one when there is nothing to choose. */
  choose(count: number): number {
    if (count <= 1 || this.isOver) return 0;
    const choice = this.decided(this.strategy.choose(count), count);
    if (choice > 0) this.recorder?.chose(`chose ${choice} of ${count}`);
    return choice;
  }

  /** Runs a body to its end and beyond. */
  async result(body: Future<unknown>): Promise<RunResult> {
    const { rt } = this;
    const root = rt.begin(body);
    let failure = await this.advance(() => root.isComplete);
    if (failure === undefined) {
      try {
        rt.outcome(root);
      } catch (error) {
        failure = { kind: "threw", error };
      }
      void rt.shutdown();
      const atEnd = await this.advance(() => rt.isClosed);
      failure ??= atEnd;
    }
    this.isOver = true;
    rt.shutdownBackground();
    rt.flush();
    // Threads of a blocking pool must be gone before the next run starts its own.
    if (rt.blocking !== null) await rt.shutdown();
    if (failure === undefined && rt.unjoined.length > 0) {
      const error = new UnjoinedFailureError(rt.unjoined);
      failure = { kind: "unjoined", error };
    }
    const { choices, counts, path } = this;
    return { choices, counts, path, failure };
  }

  private async advance(isDone: () => boolean): Promise<Failure | undefined> {
    const { rt, steps } = this;
    for (;;) {
      rt.flush();
      if (isDone()) return undefined;
      this.collect();
      if (steps.length === 0) {
        if (await this.waitOutside()) continue;
        return { kind: "deadlock", error: new DeadlockError(rt.dump().toString()) };
      }
      if (this.path.length >= this.options.maxSteps) return { kind: "endless", error: this.endless() };
      const choice = steps.length === 1 ? 0 : this.decided(this.strategy.pick(steps), steps.length);
      const step = steps[choice] as Step;
      this.recorder?.before(step, choice);
      if (step === OUTSIDE) await this.turn();
      else this.take(step);
      this.recorder?.after();
    }
  }

  private decided(choice: number, count: number): number {
    this.choices.push(choice);
    this.counts.push(count);
    return choice;
  }

  /** What could happen next, what the runtime would do first. */
  private collect(): void {
    const { rt, steps } = this;
    steps.length = 0;
    for (const timer of rt.time.due) steps.push(timer);
    for (const task of rt.executor.runnable) steps.push(task);
    const isIdle = steps.length === 0;
    if ((rt.foreign > 0 || rt.blockingJobs > 0) && !this.outsideIsQuiet) steps.push(OUTSIDE);
    if (isIdle && rt.time.wheel.size > 0) steps.push(CLOCK);
  }

  private take(step: Step): void {
    const { rt } = this;
    if (step === CLOCK) {
      this.path.push(CLOCK_STEP);
      rt.time.moveOn();
    } else if ("timerSlot" in step) {
      this.path.push(TIMER_STEP);
      rt.executor.asExecutor(BUDGET, () => rt.time.fire(step));
    } else {
      const task = step as Task<unknown>;
      this.path.push(task.id);
      this.outsideIsQuiet = false;
      rt.executor.poll(task, this.options.forceYields ? this.chooseBudget() : BUDGET);
    }
  }

  private chooseBudget(): number {
    const choice = this.decided(this.strategy.choose(BUDGETS.length), BUDGETS.length);
    const budget = BUDGETS[choice] as number;
    if (choice > 0) this.recorder?.chose(`made to yield after ${budget} operations`);
    return budget;
  }

  /** A turn of the event loop, or several: until a job is done if one is under way, or until something arrives that alone can before the clock moves on. */
  private async turn(): Promise<void> {
    const { rt } = this;
    this.path.push(OUTSIDE_STEP);
    const runnable = rt.executor.runnable.length;
    await eventLoopTurn();
    for (let turns = 0; turns < PATIENCE_TURNS && rt.executor.runnable.length === runnable; turns++) {
      const isUnderWay = rt.blockingJobs > 0 || (runnable === 0 && rt.foreign > 0 && host.hasActiveWork());
      if (!isUnderWay) break;
      await millisecond();
    }
    this.outsideIsQuiet = rt.executor.runnable.length === runnable;
  }

  /** Nothing can happen here any more: whether something came from outside. */
  private async waitOutside(): Promise<boolean> {
    const { rt } = this;
    await eventLoopTurn();
    for (let turns = 0; turns < PATIENCE_TURNS; turns++) {
      rt.flush();
      if (rt.executor.hasRunnable) return true;
      const isExpecting = rt.foreign > 0 || rt.blockingJobs > 0 || (rt.mailWaits > 0 && otherThreads.current !== null);
      if (!isExpecting && !host.hasActiveWork()) return false;
      await millisecond();
    }
    return false;
  }

  private endless(): Error {
    const { rt } = this;
    return new Error(`the body has not ended after ${this.options.maxSteps} steps\n\n${rt.dump().toString()}`);
  }
}
