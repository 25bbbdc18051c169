/*
 * Cancellation: unwinding a root's frames, innermost first.
 *
 * 1. The leaf the innermost frame waits for is cancelled. A combinator's branches may have cleanup that awaits, so this too can take polls.
 * 2. The innermost generator gets `return()`. Its `finally` blocks and `using` scopes run, and may `yield*`: what they await is driven exactly
 *    as in normal running, including frames they call, and they alone are resumed until the frame ends. No `catch` sees any of this.
 * 3. The frame is dropped and its caller becomes the target of step 2, until the root has ended.
 *
 * A second cancellation finds the root UNWINDING and does nothing: cleanup is shielded. An error thrown by cleanup is kept, unwinding goes on,
 * and the first error (later ones attached as suppressed) is thrown at the end: a caller's `catch` must not turn a cancellation into a return.
 *
 * Forced: a cleanup deadline has passed. Awaits in cleanup no longer wait: each one that would is cancelled and its frame gets `return()` again,
 * so that synchronous cleanup further out still runs. A frame that keeps awaiting is given up after MAX_FORCED_RETURNS.
 *
 * `target` is written here only; `forced` by whoever holds the deadline; both on the root's own thread.
 */
import type { Context } from "./context.js";
import { current } from "./current.js";
import { DONE, FAILED, type FnFuture } from "./frame.js";
import type { Future } from "./future.js";
import { bareYield } from "./misuse.js";
import { Pending, type Poll, SUSPENDED, type Suspend } from "./poll.js";
import { suppressed } from "./suppressed-error.js";
import type { Waker } from "./waker.js";

const MAX_FORCED_RETURNS = 16;

/** @internal */
export class Unwind {
  /** The frame whose cleanup is running; frames inside it were called by that cleanup and run to their end. */
  target: FnFuture<unknown>;
  /** What the innermost frame waits for. */
  leaf: Future<unknown> | undefined;
  /** Whether `leaf` still has to be cancelled, which happens once, before the first `return()`. */
  cancelLeaf = true;
  forced = false;
  forcedReturns = 0;
  failed = false;
  error: unknown = undefined;
  /** A poll is in progress: what comes from inside of it finds the cleanup under way. */
  isRunning = false;
  /** Who polled last, and who did before: what cleanup waits for knows the latest alone, and at the end all of them want to know. */
  private waker: Waker | undefined = undefined;
  private earlier: Set<Waker> | undefined = undefined;

  /** A task has the future, and unwinds it. */
  readonly isOwned: boolean;

  constructor(innermost: FnFuture<unknown>, leaf: Future<unknown> | undefined, isOwned: boolean) {
    this.target = innermost;
    this.leaf = leaf;
    this.isOwned = isOwned;
  }

  record(error: unknown): void {
    this.error = this.failed ? suppressed(error, this.error) : error;
    this.failed = true;
  }

  adopt(waker: Waker): void {
    const { waker: held } = this;
    if (held === waker) return;
    this.waker = waker;
    if (held === undefined) return;
    this.earlier ??= new Set();
    this.earlier.add(held);
    this.earlier.delete(waker);
  }

  wakeEarlier(): void {
    if (this.earlier !== undefined) for (const waker of this.earlier) waker.wake();
  }
}

/** Starts or goes on unwinding `root`. @internal */
export function pollUnwind(root: FnFuture<unknown>, cx: Context): Poll<void> {
  const unwind = root.slot as Unwind;
  if (unwind.isRunning) return Pending;
  unwind.isRunning = true;
  unwind.adopt(cx.waker);
  const outerCx = current.cx;
  const depth = current.depth;
  current.cx = cx;
  try {
    let inject = false; // resume the frame with return() rather than next()
    if (unwind.cancelLeaf) {
      if (!cancelLeaf(unwind, cx)) return Pending;
      inject = true;
    }
    let frame = root.link as FnFuture<unknown>;
    for (;;) {
      let result: IteratorResult<Suspend, unknown>;
      try {
        const gen = frame.gen as Generator<Suspend, unknown, unknown>;
        result = inject ? gen.return(undefined) : gen.next();
        while (result !== SUSPENDED && result.done !== true) result = gen.throw(bareYield(result.value));
      } catch (error) {
        current.depth = depth;
        if (frame !== unwind.target) {
          frame = frame.settle(FAILED, error);
          inject = false;
          continue;
        }
        unwind.record(error);
        result = { done: true, value: undefined };
      }
      if (result === SUSPENDED) {
        const inner = current.inner;
        if (inner !== null) {
          (current.outer as FnFuture<unknown>).link = frame;
          frame = inner;
        }
        inject = false;
        if (current.leaf === null) continue;
        root.link = frame;
        unwind.leaf = current.leaf;
        if (!unwind.forced) return Pending;
        // Out of time: end this await too, and everything the cleanup had called.
        try {
          unwind.leaf.forceCancel();
        } catch (error) {
          unwind.record(error);
        }
        unwind.target = frame;
        inject = true;
        if (++unwind.forcedReturns <= MAX_FORCED_RETURNS) continue;
      } else if (frame !== unwind.target) {
        frame = frame.settle(DONE, result);
        inject = false;
        continue;
      }
      const ended = frame;
      unwind.forcedReturns = 0;
      if (ended === root) {
        root.finish();
        unwind.wakeEarlier();
        if (unwind.failed) throw unwind.error;
        return undefined;
      }
      frame = ended.link as FnFuture<unknown>;
      ended.finish();
      unwind.target = frame;
      root.link = frame;
      inject = true;
    }
  } finally {
    unwind.isRunning = false;
    current.cx = outerCx;
    current.depth = depth;
  }
}

/** Cancels what the innermost frame waits for; false while that takes time. */
function cancelLeaf(unwind: Unwind, cx: Context): boolean {
  const leaf = unwind.leaf;
  if (leaf !== undefined) {
    try {
      if (unwind.forced) leaf.forceCancel();
      else if (leaf.pollCancel(cx) === Pending) return false;
    } catch (error) {
      unwind.record(error);
    }
  }
  unwind.leaf = undefined;
  unwind.cancelLeaf = false;
  return true;
}
