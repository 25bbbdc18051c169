import { siteOf } from "../future/fn-info.js";
import { FnFuture } from "../future/frame.js";
import type { Future } from "../future/future.js";
import { CANCEL, ROOT, RUNNING, SCHEDULED, type Task } from "./task/task.js";

/** One node of an await tree: a function a task is in, or a future it waits for. */
export interface AwaitNode {
  /** The key of the branch in a keyed combinator. */
  readonly label: string | undefined;
  /** The function's name, or what the future says it waits for. */
  readonly name: string;
  /** Where the function was defined, as `file:line:column`. */
  readonly site: string | undefined;
  /** What it waits for in turn. */
  readonly children: readonly AwaitNode[];
}

/** One task in a {@link TaskDump}. */
export interface TaskSnapshot {
  /** The task's id; undefined for the body of `run`, `blockOn` or `main`. */
  readonly id: number | undefined;
  /** The name given at spawn. */
  readonly name: string | undefined;
  /** `parked` waits to be woken, `queued` waits for its turn, `running` is being polled, `cancelling` runs its cleanup. */
  readonly state: "parked" | "queued" | "running" | "cancelling";
  /** What the task is in, outermost function first; undefined while it runs or before its first poll. */
  readonly tree: AwaitNode | undefined;
}

/**
 * Every task of a runtime with its await tree. `String(dump)` is for people.
 *
 * @example
 * ```ts
 * import { pending, Runtime } from "toki";
 *
 * const rt = new Runtime();
 * rt.spawn(pending(), { name: "waits" });
 * console.log(rt.dump().tasks[0]?.name); // waits
 * await rt.shutdown();
 * ```
 */
export class TaskDump {
  /** In the order of their ids; the body of `main` or `run` first. */
  readonly tasks: readonly TaskSnapshot[];
  /** The runtime's name, if it was given one. */
  readonly runtimeName: string | undefined;

  constructor(tasks: readonly TaskSnapshot[], runtimeName: string | undefined) {
    this.tasks = tasks;
    this.runtimeName = runtimeName;
  }

  /** A tree for each task, in lines. */
  toString(): string {
    return this.tasks.map(renderTask).join("\n\n");
  }
}

/** @internal */
export function dumpTasks(tasks: readonly Task<unknown>[], runtimeName: string | undefined): TaskDump {
  return new TaskDump(tasks.map(snapshot), runtimeName);
}

function snapshot(task: Task<unknown>): TaskSnapshot {
  const { state } = task;
  const running = (state & RUNNING) !== 0;
  return {
    id: (state & ROOT) !== 0 ? undefined : task.id,
    name: task.extra?.name,
    state: running
      ? "running"
      : (state & CANCEL) !== 0
        ? "cancelling"
        : (state & SCHEDULED) !== 0
          ? "queued"
          : "parked",
    tree: running || task.future === null ? undefined : nodeOf(undefined, task.future),
  };
}

function nodeOf(label: string | undefined, future: Future<unknown>): AwaitNode {
  const children = [...future.awaits()].map((edge) => nodeOf(edge.label, edge.future));
  if (!(future instanceof FnFuture)) return { label, name: future.describe(), site: undefined, children };
  const frames = future.frames();
  let below: readonly AwaitNode[] = children;
  for (let i = frames.length - 1; i >= 0; i--) {
    const frame = frames[i] as FnFuture<unknown>;
    const name = frame.info.name || "fn";
    below = [{ label: i === 0 ? label : undefined, name, site: siteOf(frame.info), children: below }];
  }
  return below[0] as AwaitNode;
}

function renderTask(task: TaskSnapshot): string {
  const title = task.id === undefined ? "main" : `task ${task.id}`;
  const name = task.name === undefined ? "" : ` "${task.name}"`;
  const lines = [`${title}${name} (${task.state})`];
  if (task.tree !== undefined) renderNode(task.tree, "", true, lines);
  return lines.join("\n");
}

const MAX_LINES = 60;

/** Deep chains are cut in the middle by depth, wide joins by count: a report must stay readable. */
function renderNode(node: AwaitNode, indent: string, last: boolean, lines: string[]): void {
  if (lines.length >= MAX_LINES) {
    if (lines.length === MAX_LINES) lines.push(`${indent}...`);
    return;
  }
  const label = node.label === undefined ? "" : `${node.label}: `;
  const site = node.site === undefined ? "" : `  ${shortSite(node.site)}`;
  lines.push(`${indent}${last ? "└─" : "├─"} ${label}${node.name}${site}`);
  const below = `${indent}${last ? "   " : "│  "}`;
  node.children.forEach((child, i) => {
    renderNode(child, below, i === node.children.length - 1, lines);
  });
}

function shortSite(site: string): string {
  return site.replace(/^file:\/\//, "").replace(/^.*\/(?=[^/]+\/[^/]+$)/, "");
}
