import type { Poll } from "../future/poll.js";
import { CANCELLED, FAILED, JOINED, type Task } from "../runtime/task/task.js";
import { JoinError } from "./join-error.js";

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
