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
export function rejectSharing(leaf: Future<unknown>, held: Waker): void {
  const future = held.owner?.future;
  if (future === undefined || future === null) return;
  const waitsFor = future instanceof FnFuture ? future.leaf : future;
  if (waitsFor === leaf) throw futureInUse(leaf.describe());
}
