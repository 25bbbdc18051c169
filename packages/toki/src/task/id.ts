import { current } from "../future/current.js";
import { ROOT } from "../runtime/task/task.js";

/**
 * The id of the running task, in its cleanup too.
 *
 * @throws Error outside a task; the body of `main`, `run` and `blockOn` is not one
 *
 * @example
 * ```ts
 * import { main, spawn, taskId } from "toki";
 *
 * await main(function* () {
 *   const task = spawn(function* () { return taskId(); });
 *   console.log((yield* task) === task.id); // true
 * });
 * ```
 */
export function taskId(): number {
  const id = tryTaskId();
  if (id === undefined)
    throw new Error("taskId: not inside a task (the body of main(), run() and blockOn() is not one)");
  return id;
}

/**
 * The id of the running task, or undefined outside one.
 *
 * @example
 * ```ts
 * import { tryTaskId } from "toki";
 *
 * console.log(tryTaskId()); // undefined
 * ```
 */
export function tryTaskId(): number | undefined {
  const task = current.task;
  return task === null || (task.state & ROOT) !== 0 ? undefined : task.id;
}
