import { invalidArgument } from "../internal/invalid-argument.js";
import { AbortHandle, type AbortOptions } from "../task/abort-handle.js";

/**
 * Aborts a task when it is disposed, without the right to join it: {@link AbortOnDropHandle} for an {@link AbortHandle}.
 *
 * @example
 * ```ts
 * import { JoinSet, main, pending } from "toki";
 * import { AbortOnDrop } from "toki/util";
 *
 * await main(function* () {
 *   const set = new JoinSet<never>();
 *   {
 *     using guard = new AbortOnDrop(set.spawn(pending()));
 *   }
 *   console.log((yield* set.joinNext())?.ok); // false
 * });
 * ```
 */
export class AbortOnDrop implements Disposable {
  private readonly handle: AbortHandle;
  private isArmed = true;

  /**
   * @param handle - of the task to abort
   * @throws InvalidArgumentError if `handle` is not an AbortHandle
   */
  constructor(handle: AbortHandle) {
    if (!(handle instanceof AbortHandle)) throw invalidArgument("AbortOnDrop", "handle", "an AbortHandle", handle);
    this.handle = handle;
  }

  /** The task's id. */
  get id(): number {
    return this.handle.id;
  }

  /** Asks the task to stop: see {@link AbortHandle.abort}. */
  abort(options?: AbortOptions): void {
    this.handle.abort(options);
  }

  /** Whether the task is over: finished, failed, or cancelled with its cleanup ended. */
  isFinished(): boolean {
    return this.handle.isFinished();
  }

  /** Gives the handle back: disposing this aborts nothing any more. */
  detach(): AbortHandle {
    this.isArmed = false;
    return this.handle;
  }

  /** Aborts the task, unless it was detached or is over. */
  [Symbol.dispose](): void {
    if (this.isArmed) this.handle.abort();
  }
}
