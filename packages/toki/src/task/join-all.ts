/*
 * What sets, maps and queues of tasks do with all of them.
 */
import { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import type { Suspend } from "../future/poll.js";
import { shield } from "../future/shield.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { Task } from "../runtime/task/task.js";
import { type AbortHandle, type AbortOptions, abortTask, checkAbortOptions } from "./abort-handle.js";
import type { JoinResult } from "./join-result.js";

/** Whether somebody aborts all of a set or queue and waits for their end: what is put into it meanwhile is aborted as well, or the wait might never end. @internal */
export class Closing {
  private count = 0;
  private options: AbortOptions | undefined = undefined;

  begin(options: AbortOptions | undefined): void {
    this.count++;
    this.options = options;
  }

  end(): void {
    this.count--;
  }

  admit(task: Task<unknown>): void {
    if (this.count > 0) abortTask(task, this.options);
  }
}

interface Abortable {
  readonly closing: Closing;
  joinNext(): Future<unknown>;
  abortAll(options?: AbortOptions): void;
}

interface Joinable<T> extends Abortable {
  joinNext(): Future<JoinResult<T> | undefined>;
  /** Waits until no task runs; joins none. */
  allEnded(): Future<void>;
  detachAll(): void;
}

/** @internal */
export function* joinAll<T>(tasks: Joinable<T>): Generator<Suspend, T[], unknown> {
  const values: T[] = [];
  try {
    for (;;) {
      const result = yield* tasks.joinNext();
      if (result === undefined) return values;
      if (!result.ok) throw result.error.isPanic() ? result.error.cause : result.error;
      values.push(result.value);
    }
  } finally {
    tasks.closing.begin(undefined);
    try {
      tasks.abortAll();
      // Not joined, so that what the others throw in their cleanup stays in the failure log.
      // Shielded, so that what is dropped meanwhile waits, too.
      yield* shield(tasks.allEnded());
    } finally {
      tasks.closing.end();
    }
    tasks.detachAll();
  }
}

/** @internal */
export function shutdown(tasks: Abortable, options: AbortOptions | undefined): Generator<Suspend, void, unknown> {
  checkAbortOptions(options);
  return shutDown(tasks, options);
}

function* shutDown(tasks: Abortable, options: AbortOptions | undefined): Generator<Suspend, void, unknown> {
  tasks.closing.begin(options);
  try {
    tasks.abortAll(options);
    while ((yield* tasks.joinNext()) !== undefined);
  } finally {
    tasks.closing.end();
  }
}

/** @internal */
export function describeTasks(what: string, size: number): string {
  return `${what} (${size} ${size === 1 ? "task" : "tasks"})`;
}

interface Spawning<T> {
  spawn(future: IntoFuture<T>): AbortHandle;
}

/** Spawns all of them, or none if one of them is no future. @internal */
export function spawnAll<T>(tasks: Spawning<T>, futures: Iterable<IntoFuture<T>>, where: string): void {
  if (typeof futures?.[Symbol.iterator] !== "function" || futures instanceof Future) {
    throw invalidArgument(where, "futures", "an iterable of futures", futures);
  }
  for (const future of Array.from(futures, (future) => intoFuture(future, where))) tasks.spawn(future);
}
