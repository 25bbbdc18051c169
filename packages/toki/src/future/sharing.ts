import { current } from "./current.js";
import { FnFuture } from "./frame.js";
import type { Future } from "./future.js";
import { futureInUse } from "./misuse.js";
import type { Waker } from "./waker.js";

/**
 * Refuses to let a second task wait on a leaf that can wake only one. Called when a poll would replace the waker `held`: a task that moved on
 * (it lent the future, or lost interest) is replaced; one that is still suspended on this very future would never be woken.
 *
 * @throws MisuseError
 * @internal
 */
export function rejectSharing(leaf: Future<unknown>, held: Waker, next: Waker | undefined = current.cx?.waker): void {
  const owner = held.owner;
  // Polled by hand, or by the same task through another combinator: nobody is left waiting.
  if (next === undefined || next.owner === null || next.owner === owner) return;
  const future = owner?.future;
  if (future === undefined || future === null) return;
  const waitsFor = future instanceof FnFuture ? future.leaf : future;
  if (waitsFor === leaf) throw futureInUse(leaf.describe());
}

/**
 * The waker that a poll with `next` registers, in place of `held`.
 *
 * @throws MisuseError if the task of `held` is still suspended on `leaf`
 * @internal
 */
export function adoptWaker(leaf: Future<unknown>, held: Waker | undefined, next: Waker): Waker {
  if (held !== undefined && held !== next) rejectSharing(leaf, held, next);
  return next;
}
