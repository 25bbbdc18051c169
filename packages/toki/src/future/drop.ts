import type { Context } from "./context.js";
import { current } from "./current.js";
import { type AwaitEdge, Future } from "./future.js";
import { Pending, type Poll } from "./poll.js";
import { Waker } from "./waker.js";

/** Drives a cancellation to its end. */
class Cancelling extends Future<void> {
  private readonly inner: Future<unknown>;

  constructor(inner: Future<unknown>) {
    super();
    this.inner = inner;
  }

  poll(cx: Context): Poll<void> {
    return this.inner.pollCancel(cx);
  }

  override pollCancel(cx: Context): Poll<void> {
    return this.inner.pollCancel(cx);
  }

  override forceCancel(): void {
    this.inner.forceCancel();
  }

  override describe(): string {
    return `cleanup of ${this.inner.describe()}`;
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.inner.awaits();
  }
}

/**
 * Drops a started future from synchronous code. Cleanup runs at once; what of it awaits goes on as a task of the current runtime, and is cut short
 * without one.
 *
 * @internal
 */
export function dropStarted(future: Future<unknown>): void {
  const rt = current.runtime;
  if (rt === null || rt.isClosed) future.forceCancel();
  // What this poll registers wakes the wrong task, if any; the new one polls again, with its own waker.
  else if (future.pollCancel(current.cx ?? Waker.noop) === Pending) {
    rt.spawnCleanup(new Cancelling(future), `cleanup of ${future.describe()}`);
  }
}
