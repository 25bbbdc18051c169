/*
 * The state of the poll in progress on this thread. One object with a fixed shape, read and written by the executor, the frame driver and
 * the leaves; module state rather than parameters, because the iterator protocol of `yield*` has no room for arguments.
 *
 * Who writes what:
 *   cx              the executor, to the task it polls; the frame driver, saved and restored, where a poll comes with another context
 *   runtime         the executor for a drain, and `enter()` guards
 *   budget          the executor sets it before each poll, leaves take from it, `unconstrained` lifts it
 *   leaf            a leaf, or a frame that is too deep to start natively (null), as it suspends; read at once by the driver below it
 *   inner, outer    the frames that were started natively and are now suspended with the leaf: see frame.ts
 *   nesting         how many roots are being polled inside one another: 1 in a frame of the task itself, more inside a combinator
 *   untilAudit      counts suspensions down to the next look at the stack: see audit.ts
 *   depth           how many frames are nested on the native stack
 *   localSet, localOwner   the LocalSet whose code runs, on behalf of which task: see local-set.ts
 */
import type { RuntimeCore } from "../runtime/core.js";
import type { Task } from "../runtime/task/task.js";
import type { LocalSet } from "../task/local-set.js";
import type { Context } from "./context.js";
import type { FnFuture } from "./frame.js";
import type { Future } from "./future.js";

/** Coop budget of one poll, in operations, as in Tokio. @internal */
export const BUDGET = 128;

/** The budget where there is none: outside a task, and inside `unconstrained`. @internal */
export const UNLIMITED = 2 ** 30;

class Current {
  cx: Context | null = null;
  runtime: RuntimeCore | null = null;
  budget = UNLIMITED;
  depth = 0;
  nesting = 0;
  untilAudit = 1;
  leaf: Future<unknown> | null = null;
  inner: FnFuture<unknown> | null = null;
  outer: FnFuture<unknown> | null = null;
  localSet: LocalSet | null = null;
  localOwner: Task<unknown> | null = null;

  /** The task on whose behalf the poll in progress happens, through any number of combinators; null in a poll by hand. */
  get task(): Task<unknown> | null {
    const { cx } = this;
    return cx === null ? null : cx.waker.owner;
  }
}

/** @internal */
export const current = new Current();
