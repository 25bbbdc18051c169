/*
 * The state of the poll in progress on this thread. One object with a fixed shape, read and written by the executor, the frame driver and
 * the leaves; module state rather than parameters, because the iterator protocol of `yield*` has no room for arguments.
 *
 * Who writes what:
 *   cx              the frame driver (and whoever polls a leaf through it), saved and restored around each nested poll
 *   runtime, task   the executor around each task poll; `runtime` also `enter()` guards
 *   budget          the executor sets it before each poll, leaves take from it, `unconstrained` lifts it
 *   leaf            a leaf, or a frame that is too deep to start natively (null), as it suspends; read at once by the driver below it
 *   inner, outer    the frames that were started natively and are now suspended with the leaf: see frame.ts
 *   depth           how many frames are nested on the native stack
 */
import type { RuntimeCore } from "../runtime/core.js";
import type { Task } from "../runtime/task/task.js";
import type { Context } from "./context.js";
import type { FnFuture } from "./frame.js";
import type { Future } from "./future.js";

/** Coop budget of one poll, in operations, as in Tokio. @internal */
export const BUDGET = 128;

class Current {
  cx: Context | null = null;
  runtime: RuntimeCore | null = null;
  task: Task<unknown> | null = null;
  budget = BUDGET;
  depth = 0;
  leaf: Future<unknown> | null = null;
  inner: FnFuture<unknown> | null = null;
  outer: FnFuture<unknown> | null = null;
}

/** @internal */
export const current = new Current();
