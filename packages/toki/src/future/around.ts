import type { Context } from "./context.js";
import { current } from "./current.js";
import { dropStarted } from "./drop.js";
import { type AwaitEdge, Future } from "./future.js";
import type { Poll } from "./poll.js";
import { Waker } from "./waker.js";

/** A future that does something around every step of another one: its polls, and those of its cancellation. @internal */
export abstract class Around<T> extends Future<T> {
  protected readonly inner: Future<T>;

  constructor(inner: Future<T>) {
    super();
    this.inner = inner;
  }

  /** Takes a step. The inner future is over when it throws, and when the answer is not Pending. */
  protected abstract around<R>(step: () => Poll<R>, cx: Context): Poll<R>;

  poll(cx: Context): Poll<T> {
    return this.around(() => this.inner.poll(cx), cx);
  }

  override pollCancel(cx: Context): Poll<void> {
    return this.around(() => this.inner.pollCancel(cx), cx);
  }

  override forceCancel(): void {
    this.around(() => this.inner.forceCancel(), current.cx ?? Waker.noop);
  }

  // As a whole: there are steps of cleanup that awaits, too.
  override [Symbol.dispose](): void {
    dropStarted(this as Future<unknown>);
  }

  override get isShielded(): boolean {
    return this.inner.isShielded;
  }

  override awaits(): Iterable<AwaitEdge> {
    return [{ label: undefined, future: this.inner as Future<unknown> }];
  }
}
