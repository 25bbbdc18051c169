import type { Poll } from "../future/poll.js";
import { CANCELLED, FAILED, JOINED, type Task } from "../runtime/task/task.js";
import { JoinError } from "./join-error.js";
import type { JoinResult } from "./join-result.js";

/** The outcome of a complete task as a return or a throw; whoever calls has seen it. @internal */
export function takeOutcome<T>(task: Task<T>): Poll<T> {
  const error = takeError(task as Task<unknown>);
  if (error !== undefined) throw error;
  return task.output as T;
}

/** Why a complete task has no value, or undefined if it has one. @internal */
export function takeError(task: Task<unknown>): JoinError | undefined {
  const { state } = task;
  if ((state & (FAILED | CANCELLED)) === 0) return undefined;
  const panicked = (state & FAILED) !== 0;
  if ((state & JOINED) === 0) {
    task.state = state | JOINED;
    if (panicked) task.rt.failures.seen(task);
  }
  return new JoinError(task.id, panicked, task.output);
}

/** The outcome of a complete task as a value; whoever calls has seen it. @internal */
export function takeResult<T>(task: Task<T>): JoinResult<T> {
  const { id } = task;
  const error = takeError(task as Task<unknown>);
  return error === undefined ? { ok: true, id, value: task.output as T } : { ok: false, id, error };
}
