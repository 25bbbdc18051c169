import { host as realHost } from "#host";
import type { Future } from "../../future/future.js";
import { RuntimeCore, type SpawnOptions } from "../../runtime/core.js";
import type { Host } from "../../runtime/driver/host.js";
import type { TaskFailure } from "../../runtime/options.js";
import { Rng } from "../../runtime/rng.js";
import type { Task } from "../../runtime/task/task.js";
import { ExploringExecutor } from "./exploring-executor.js";
import { ExploringTime } from "./exploring-time.js";

/** Where virtual time begins: the same in each run. */
const EPOCH_MS = 1000;

class ChosenRng extends Rng {
  private readonly choose: (count: number) => number;

  constructor(choose: (count: number) => number) {
    super(1);
    this.choose = choose;
  }

  override below(bound: number): number {
    return this.choose(bound);
  }
}

/**
 * A runtime of which every step is chosen from outside. Time stands, random numbers are choices, tasks are numbered from 1, and what others would ask of
 * the event loop for after the turn waits in `later`.
 *
 * @internal
 */
export class ExploringRuntime extends RuntimeCore {
  declare readonly executor: ExploringExecutor;
  declare readonly time: ExploringTime;
  /** Failures of tasks that nobody joined. */
  readonly unjoined: TaskFailure[];
  private readonly later: (() => void)[];
  private lastId = 0;

  /** @param choose - gives a number from 0 to `count` - 1 */
  constructor(choose: (count: number) => number) {
    const unjoined: TaskFailure[] = [];
    const later: (() => void)[] = [];
    const clock = { ms: EPOCH_MS };
    const host: Host = {
      ...realHost,
      now: () => clock.ms,
      immediate: (callback) => void later.push(callback),
      microtask: (callback) => void later.push(callback),
      onIdle: () => () => {},
      report: () => {},
    };
    super({ flavor: "currentThread", onUnhandledFailure: (failure) => void unjoined.push(failure) }, host);
    this.unjoined = unjoined;
    this.later = later;
    const parts: { executor: ExploringExecutor; time: ExploringTime; rng: Rng } = {
      executor: new ExploringExecutor(this, host, {
        eventInterval: undefined,
        globalQueueInterval: 31,
        lifoSlot: false,
        observes: false,
      }),
      time: new ExploringTime(host, clock),
      rng: new ChosenRng(choose),
    };
    Object.assign(this, parts);
  }

  protected override start<T>(future: Future<T>, options: SpawnOptions | undefined): Task<T> {
    const task = super.start(future, options);
    // The same in each run, so that reports of one schedule are alike.
    (task as { id: number }).id = ++this.lastId;
    return task;
  }

  /** Makes `future` the body of the run, and drives the runtime from now on. */
  begin(future: Future<unknown>): Task<unknown> {
    const root = this.startRoot(future);
    this.drive(() => {});
    return root;
  }

  /** What the body gave. @throws what it threw */
  outcome(root: Task<unknown>): unknown {
    return this.outcomeOf(root);
  }

  /** Runs what was put off until after the turn. */
  flush(): void {
    for (let callback = this.later.shift(); callback !== undefined; callback = this.later.shift()) callback();
  }
}
