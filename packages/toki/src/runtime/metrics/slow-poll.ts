/*
 * Tells of polls that held their thread for long: which task, and in which functions it went on.
 *
 * The functions are noted before each poll, since afterwards the task is elsewhere or over; their names and places are made out only for a poll that was slow.
 */
import { describeSite } from "../../future/fn-info.js";
import { FnFuture } from "../../future/frame.js";
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { toMillis } from "../../time/duration.js";
import type { Host } from "../driver/host.js";
import type { RuntimeOptions } from "../options.js";
import { ROOT, type Task } from "../task/task.js";

/** A poll that took long, as `onSlowPoll` hears of it. */
export interface SlowPoll {
  /** The task's id; undefined for the body of `run`, `blockOn` or `main`. */
  readonly id: number | undefined;
  /** The name given at spawn. */
  readonly name: string | undefined;
  /** Milliseconds that the thread ran nothing else. */
  readonly duration: number;
  /** The functions that the poll began in, outermost first, each with its file and line if it is an `fn`. What they called since is not in it. */
  readonly functions: readonly string[];
}

/** Milliseconds. @internal */
export const DEFAULT_SLOW_MS = 100;

/** @internal */
export class SlowPolls {
  private readonly ms: number;
  private readonly host: Host;
  private readonly onSlowPoll: ((poll: SlowPoll) => void) | undefined;
  private startedAt = 0;
  private polledIn: readonly Future<unknown>[] = [];

  private constructor(ms: number, host: Host, onSlowPoll: ((poll: SlowPoll) => void) | undefined) {
    this.ms = ms;
    this.host = host;
    this.onSlowPoll = onSlowPoll;
  }

  static from({ slowPollThreshold, onSlowPoll }: RuntimeOptions, host: Host): SlowPolls | undefined {
    if (slowPollThreshold === undefined && onSlowPoll === undefined) return undefined;
    return new SlowPolls(
      toMillis(slowPollThreshold ?? DEFAULT_SLOW_MS, "Runtime", "slowPollThreshold"),
      host,
      onSlowPoll,
    );
  }

  static check({ slowPollThreshold }: RuntimeOptions, where: string): void {
    if (slowPollThreshold === undefined) return;
    if (toMillis(slowPollThreshold, where, "slowPollThreshold") > 0) return;
    throw invalidArgument(where, "slowPollThreshold", "longer than 0", slowPollThreshold);
  }

  /** A task is about to be polled. No other one is, until that is over. */
  before({ future }: Task<unknown>): void {
    this.polledIn = future === null ? [] : pathOf(future as Future<unknown>);
    this.startedAt = this.host.now();
  }

  after(task: Task<unknown>): void {
    const duration = this.host.now() - this.startedAt;
    const { polledIn } = this;
    this.polledIn = [];
    if (duration < this.ms) return;
    const poll: SlowPoll = {
      id: (task.state & ROOT) !== 0 ? undefined : task.id,
      name: task.extra?.name,
      duration,
      functions: polledIn.map((future) =>
        future instanceof FnFuture ? `${future.info.name || "fn"}${describeSite(future.info)}` : future.describe(),
      ),
    };
    if (this.onSlowPoll === undefined) this.host.report(describe(poll));
    else this.onSlowPoll(poll);
  }
}

/** The functions that wait for each other, and what is around them; as far as there is one way to go. */
function pathOf(root: Future<unknown>): readonly Future<unknown>[] {
  const path: Future<unknown>[] = [];
  for (let future: Future<unknown> | undefined = root; future !== undefined; ) {
    if (future instanceof FnFuture) {
      const frames = future.frames();
      path.push(...(frames.length === 0 ? [future] : (frames as Future<unknown>[])));
    }
    // What a function waits for in the end says nothing of where the time goes.
    else if (path.length === 0 || hasAwaits(future)) path.push(future);
    future = onlyOne(future);
  }
  return path;
}

function hasAwaits(future: Future<unknown>): boolean {
  for (const _ of future.awaits()) return true;
  return false;
}

/** What a future waits for, its own deadline aside; undefined if that is nothing, or several. */
function onlyOne(future: Future<unknown>): Future<unknown> | undefined {
  let found: Future<unknown> | undefined;
  for (const edge of future.awaits()) {
    if (edge.label === "deadline") continue;
    if (found !== undefined) return undefined;
    found = edge.future;
  }
  return found;
}

function describe({ id, name, duration, functions }: SlowPoll): string {
  const task = id === undefined ? "the main body" : `task ${id}`;
  const named = name === undefined ? "" : ` "${name}"`;
  return `toki: ${task}${named} held its thread for ${Math.round(duration)} ms in one poll, in ${functions.join(" > ")}`;
}
