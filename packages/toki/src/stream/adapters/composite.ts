import type { Context } from "../../future/context.js";
import type { AwaitEdge } from "../../future/future.js";
import type { Poll } from "../../future/poll.js";
import { CancelAll, type Cancellable, dropStream } from "../cancel.js";
import { Stream } from "../stream.js";

/** A stream that owns several things whose cleanup may await: all are cancelled at the same time. @internal */
export abstract class Composite<T> extends Stream<T> {
  private cancelling: CancelAll | null;

  constructor() {
    super();
    this.cancelling = null;
  }

  /** What it owns now. */
  protected abstract parts(): (Cancellable | null)[];

  override pollCancel(cx: Context): Poll<void> {
    this.cancelling ??= new CancelAll(this.parts());
    return this.cancelling.poll(cx);
  }

  override forceCancel(): void {
    this.cancelling ??= new CancelAll(this.parts());
    this.cancelling.force();
  }

  override [Symbol.dispose](): void {
    dropStream(this);
  }

  override *awaits(): Iterable<AwaitEdge> {
    for (const part of this.parts()) if (part !== null) yield* part.awaits();
  }
}
