/*
 * Writes down what happens in a run, for people: one line a step, made of what the runtime knows of its tasks. Only runs that are to be shown have one.
 */
import { FnFuture } from "../../future/frame.js";
import { type AwaitNode, dumpTasks } from "../../runtime/dump.js";
import { CANCEL, CANCELLED, FAILED, LISTED, ROOT, type Task } from "../../runtime/task/task.js";
import { Sleep } from "../../time/sleep.js";
import { CLOCK, OUTSIDE, type Step } from "./run.js";

/** Branches of a combinator that are named. */
const MAX_BRANCHES = 4;

/** One line. @internal */
export interface RecordedStep {
  /** Not what would have come first. */
  readonly isDeviation: boolean;
  readonly text: string;
}

/** @internal */
export class Recorder {
  readonly steps: RecordedStep[] = [];
  private step: Step = OUTSIDE;
  private isDeviation = false;
  private label = "";
  private from = "";
  private hint = "";
  private readonly choices: string[] = [];

  before(step: Step, choice: number): void {
    this.step = step;
    this.isDeviation = choice > 0;
    this.hint = choice > 0 ? ` (ahead of ${choice === 1 ? "another" : `${choice} others`})` : "";
    this.choices.length = 0;
    if (step === OUTSIDE || step === CLOCK) {
      this.label = step.name;
      this.from = "";
    } else if ("timerSlot" in step) {
      this.label = step instanceof Sleep ? `timer of ${step.describe()}` : "timer";
      this.from = "";
    } else {
      const task = step as Task<unknown>;
      this.label = labelOf(task);
      this.from = originOf(task);
    }
  }

  /** A choice was made during the step that is not the usual one. */
  chose(what: string): void {
    this.isDeviation = true;
    this.choices.push(what);
  }

  after(): void {
    const { step } = this;
    const to =
      step === OUTSIDE
        ? "has a turn"
        : step === CLOCK
          ? "moves on"
          : "timerSlot" in step
            ? "fires"
            : endOf(step as Task<unknown>);
    const chosen = this.choices.length > 0 ? ` [${this.choices.join(", ")}]` : "";
    this.steps.push({ isDeviation: this.isDeviation, text: `${this.label}: ${this.from}${to}${chosen}${this.hint}` });
  }
}

function labelOf(task: Task<unknown>): string {
  if ((task.state & ROOT) !== 0) return "main";
  const name = task.extra?.name ?? (task.future instanceof FnFuture ? task.future.info.name : "");
  return `task ${task.id}${name === "" ? "" : ` "${name}"`}`;
}

/** Where a poll of the task goes on. */
function originOf(task: Task<unknown>): string {
  const cancelled = (task.state & CANCEL) !== 0 ? "cancelled, " : "";
  const awaited = (task.state & LISTED) === 0 ? undefined : awaitedBy(task);
  return awaited === undefined ? `${cancelled}starts -> ` : `${cancelled}${awaited} -> `;
}

function endOf(task: Task<unknown>): string {
  const { state } = task;
  if ((state & FAILED) !== 0) return `throws ${String(task.output).split("\n", 1)[0]}`;
  if ((state & CANCELLED) !== 0) return "ends, cancelled";
  if (task.isComplete) return "ends";
  return awaitedBy(task) ?? "is woken";
}

/** What the innermost function of the task waits for. */
function awaitedBy(task: Task<unknown>): string | undefined {
  const tree = dumpTasks([task], undefined).tasks[0]?.tree;
  return tree === undefined ? undefined : leafOf(tree);
}

function leafOf(node: AwaitNode): string {
  const { children } = node;
  if (children.length === 0) return node.name;
  if (children.length === 1) return leafOf(children[0] as AwaitNode);
  const named = children.slice(0, MAX_BRANCHES).map((child) => {
    const leaf = leafOf(child);
    return child.label === undefined ? leaf : `${child.label}: ${leaf}`;
  });
  if (children.length > MAX_BRANCHES) named.push("...");
  return `${node.name} { ${named.join(", ")} }`;
}
