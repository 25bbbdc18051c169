/*
 * What sets, maps and queues of tasks do with all of them.
 */
import type { Future } from "../future/future.js";
import type { Suspend } from "../future/poll.js";
import type { AbortOptions } from "./abort-handle.js";
import type { JoinResult } from "./join-result.js";

interface Abortable {
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
    tasks.abortAll();
    // Not joined, so that what the others throw in their cleanup stays in the failure log.
    yield* tasks.allEnded();
    tasks.detachAll();
  }
}

/** @internal */
export function* shutdown(tasks: Abortable, options: AbortOptions | undefined): Generator<Suspend, void, unknown> {
  tasks.abortAll(options);
  while ((yield* tasks.joinNext()) !== undefined);
}

/** @internal */
export function describeTasks(what: string, size: number): string {
  return `${what} (${size} ${size === 1 ? "task" : "tasks"})`;
}
