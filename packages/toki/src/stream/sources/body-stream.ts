import type { Context } from "../../future/context.js";
import type { AwaitEdge, Future } from "../../future/future.js";
import type { Poll } from "../../future/poll.js";
import { dropStream } from "../cancel.js";
import { Stream } from "../stream.js";

/**
 * A stream whose items come from bodies it runs: `future` is the one under way, from one poll to the next. `isOver` once the stream has ended or was dropped:
 * nothing is begun any more.
 *
 * @internal
 */
export abstract class BodyStream<T, R> extends Stream<T> {
  protected future: Future<R> | null;
  protected isOver: boolean;

  constructor() {
    super();
    this.future = null;
    this.isOver = false;
  }

  override pollCancel(cx: Context): Poll<void> {
    this.isOver = true;
    return this.future === null ? undefined : this.future.pollCancel(cx);
  }

  override forceCancel(): void {
    this.isOver = true;
    this.future?.forceCancel();
  }

  override [Symbol.dispose](): void {
    this.isOver = true;
    if (this.future !== null) dropStream(this);
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.future === null ? [] : [{ label: undefined, future: this.future as Future<unknown> }];
  }
}
