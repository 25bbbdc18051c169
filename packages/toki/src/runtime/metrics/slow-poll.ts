/*
 * Tells of polls that held their thread for long: which task, and in which functions it went on.
 *
 * The functions are noted before each poll, since afterwards the task is elsewhere or over; their names and places are made out only for a poll that was slow.
 */
import { describeSite } from "../../future/fn-info.js";
import { FnFuture } from "../../future/frame.js";
import type { AwaitEdge, Future } from "../../future/future.js";
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

const DEFAULT_MS = 100;

/** From how many milliseconds on a poll is slow; undefined if nobody wants to know. @internal */
export function slowPollMs({ slowPollThreshold, onSlowPoll }: RuntimeOptions): number | undefined {
  if (slowPollThreshold === undefined && onSlowPoll === undefined) return undefined;
  return toMillis(slowPollThreshold ?? DEFAULT_MS, "Runtime", "slowPollThreshold");
}

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

  static from(options: RuntimeOptions, host: Host): SlowPolls | undefined {
    const ms = slowPollMs(options);
    return ms === undefined ? undefined : new SlowPolls(ms, host, options.onSlowPoll);
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
    const edges: AwaitEdge[] = [...future.awaits()];
    // What a function waits for in the end says nothing of where the time goes.
    if (future instanceof FnFuture) for (const frame of future.frames()) path.push(frame);
    else if (path.length === 0 || edges.length > 0) path.push(future);
    // A deadline is beside the way.
    const ways = edges.filter(({ label }) => label !== "deadline");
    future = ways.length === 1 ? ways[0]?.future : undefined;
  }
  return path;
}

function describe({ id, name, duration, functions }: SlowPoll): string {
  const task = id === undefined ? "the main body" : `task ${id}`;
  const named = name === undefined ? "" : ` "${name}"`;
  return `toki: ${task}${named} held its thread for ${Math.round(duration)} ms in one poll, in ${functions.join(" > ")}`;
}
