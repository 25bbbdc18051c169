/*
 * Failures of tasks that nobody has joined. A failure is reported once nobody can ever see it: when the last handle of the task has been collected,
 * when the runtime closes, or when the process exits. Joining the task in time takes it off the list.
 */
import { thrownText } from "../internal/thrown-text.js";
import type { Host } from "./driver/host.js";
import type { TaskFailure } from "./options.js";
import type { Task } from "./task/task.js";

/** @internal */
export class FailureLog {
  readonly #open = new Map<number, TaskFailure>();
  readonly #collected = new FinalizationRegistry<number>((id) => this.#report(id));
  readonly #host: Host;
  #stopExitWatch: (() => void) | undefined;
  readonly #onFailure: ((failure: TaskFailure) => void) | undefined;

  constructor(host: Host, onFailure: ((failure: TaskFailure) => void) | undefined) {
    this.#host = host;
    this.#onFailure = onFailure;
  }

  add(task: Task<unknown>, error: unknown): void {
    this.#stopExitWatch ??= this.#host.onExit(() => this.reportAll());
    this.#open.set(task.id, { id: task.id, name: task.extra?.name, error });
    this.#collected.register(task, task.id);
  }

  /** Somebody has seen the task's outcome. */
  seen(task: Task<unknown>): void {
    if (this.#open.size > 0) this.#open.delete(task.id);
    this.#endWatch();
  }

  reportAll(): void {
    for (const id of [...this.#open.keys()]) this.#report(id);
  }

  #endWatch(): void {
    if (this.#open.size > 0) return;
    this.#stopExitWatch?.();
    this.#stopExitWatch = undefined;
  }

  #report(id: number): void {
    const failure = this.#open.get(id);
    if (failure === undefined) return;
    this.#open.delete(id);
    this.#endWatch();
    if (this.#onFailure !== undefined) {
      this.#onFailure(failure);
      return;
    }
    const name = failure.name === undefined ? "" : ` "${failure.name}"`;
    this.#host.report(`toki: task ${id}${name} failed, and nobody joined it: ${thrownText(failure.error)}`);
  }
}
