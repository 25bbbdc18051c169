/*
 * Whether anything can still happen on the workers: a deadlock is to be told from a long wait.
 *
 * A worker is quiet when it is parked and its event loop is empty: no timer, no socket, no request, no job. The platform says so exactly, if the channel to
 * this thread does not keep the loop alive. So a worker is asked: it lets go of the channel, and when its loop comes to its end (`Worker.onIdle`), it takes
 * hold of it again, stores a number that it has not used before in the QUIET word of its slot, and answers with that number. The first thing it does when
 * it wakes is to clear the word.
 *
 *   WAITING   this thread holds the process for tasks that are away. Now and then, less and less often while nothing happens, it asks
 *   RELEASED  all workers are quiet, and there is no timer and no request on this thread: the process is held no more. If this thread's loop has nothing
 *             left at all, its end comes, and with it `onIdle` of the runtimes, which ask `areQuiet` once more and report the deadlock
 *   RELEASED -> WAITING   a runtime of this thread that waits for workers parks, after whatever it did, or spawns
 *
 * The callback of one of those may write what a worker sleeps on, without any runtime's help. To hold the process until there is none keeps the end of the loop
 * from being announced (`beforeExit`) in between, which a test runner would take for its own end. Of sockets and the like it cannot be told whether they do.
 *
 * `areQuiet` reads all QUIET words, looks at all mailboxes and queues, and reads all words again. If both times they hold what the workers answered, there
 * was a moment in between at which all of them slept, with nothing to be woken by: a worker that had been awake since would have another number. Messages
 * between threads go through this one, which sees those that are waiting here first, and to which the answer of a worker is worth nothing if it has sent
 * that worker anything since it asked.
 */
import { busyPools } from "../../blocking/busy-pools.js";
import type { Host, HostTimer } from "../../driver/host.js";
import { type AwaitNode, TaskDump, type TaskSnapshot } from "../../dump.js";
import { type OtherThreads, otherThreads } from "../other-threads.js";
import { START_NAME } from "./served-tasks.js";

/** Milliseconds between looks. */
const FIRST_MS = 100;
const LAST_MS = 5000;

/** The workers of one runtime. */
export interface QuietMember {
  /** Whether somebody waits for what its workers do. */
  readonly isAwaited: boolean;
  /** Grows when anything happens here. */
  readonly activity: number;
  /** Takes messages that are there. */
  receive(): void;
  /** What the workers answered, if all have and nothing has happened since; otherwise undefined. */
  quietWords(): readonly number[] | undefined;
  /** Whether a queue or a mailbox has something in it. */
  readonly hasWork: boolean;
  ask(): void;
  /** All is quiet: stops holding the process. */
  release(): void;
  /** Whether a timer of its own keeps the process alive, while it waits for workers or otherwise. */
  readonly isHolding: boolean;
  /** What tasks on workers do. */
  trees(): Iterable<{ readonly worker: number; readonly tasks: readonly TaskSnapshot[] }>;
}

export class QuietWatch implements OtherThreads {
  private readonly host: Host;
  private readonly members = new Set<QuietMember>();
  private timer: HostTimer | null = null;
  private delay = FIRST_MS;
  private activity = -1;

  constructor(host: Host) {
    this.host = host;
  }

  join(member: QuietMember): void {
    this.members.add(member);
  }

  leave(member: QuietMember): void {
    this.members.delete(member);
  }

  get isRunning(): boolean {
    return this.timer !== null;
  }

  /** Looks from time to time, while somebody waits. */
  run(): void {
    if (this.timer !== null) return;
    this.timer = this.host.setTimer(() => this.look(), this.delay);
    this.timer.setRef(false);
  }

  private look(): void {
    this.timer = null;
    let isAwaited = false;
    let activity = 0;
    for (const member of this.members) {
      if (member.isAwaited) isAwaited = true;
      activity += member.activity;
    }
    const isActive = activity !== this.activity;
    this.activity = activity;
    this.delay = isActive ? FIRST_MS : Math.min(2 * this.delay, LAST_MS);
    if (!isAwaited) return;
    this.run();
    if (!isActive) this.ask();
  }

  ask(): void {
    if (this.releaseIfQuiet()) return;
    for (const member of this.members) member.ask();
    this.run();
  }

  /** A worker has answered. */
  releaseIfQuiet(): boolean {
    if (!this.areQuiet() || this.hasPendingWork) return false;
    for (const member of this.members) member.release();
    return true;
  }

  /** Whether a timer or the end of a request is to come on this thread. */
  private get hasPendingWork(): boolean {
    let own = 0;
    for (const member of this.members) if (member.isHolding) own++;
    return this.host.pendingWork() > own;
  }

  areQuiet(): boolean {
    if (busyPools.size > 0) return false;
    for (const member of this.members) member.receive();
    const before: (readonly number[])[] = [];
    for (const member of this.members) {
      const words = member.quietWords();
      if (words === undefined) return false;
      before.push(words);
    }
    for (const member of this.members) if (member.hasWork) return false;
    let i = 0;
    for (const member of this.members) {
      const first = before[i++] as readonly number[];
      const words = member.quietWords();
      if (words === undefined || words.some((word, k) => word !== first[k])) return false;
    }
    return true;
  }

  complete(dump: TaskDump): TaskDump {
    const tasks = [...dump.tasks];
    for (const member of this.members) {
      for (const { worker, tasks: there } of member.trees()) {
        for (const task of there) {
          const tree = withoutStart(task.tree);
          const known = tasks.findIndex(({ id }) => id === task.id);
          const here = tasks[known];
          if (here === undefined) tasks.push({ ...task, tree: under(node(`(on worker ${worker})`), tree) });
          else tasks[known] = { ...here, tree: under(here.tree ?? node(`(on worker ${worker})`), tree) };
        }
      }
    }
    return new TaskDump(tasks, dump.runtimeName);
  }
}

/** Without what calls the function where it is not known yet (served-tasks.ts). */
function withoutStart(tree: AwaitNode | undefined): AwaitNode | undefined {
  if (tree === undefined || tree.site !== undefined || tree.name !== START_NAME) return tree;
  return tree.children[0] ?? tree;
}

function node(name: string): AwaitNode {
  return { label: undefined, name, site: undefined, children: [] };
}

function under(parent: AwaitNode, child: AwaitNode | undefined): AwaitNode {
  return child === undefined ? parent : { ...parent, children: [...parent.children, child] };
}

/** That of this thread. */
export function quietWatch(host: Host): QuietWatch {
  if (!(otherThreads.current instanceof QuietWatch)) otherThreads.current = new QuietWatch(host);
  return otherThreads.current as QuietWatch;
}
