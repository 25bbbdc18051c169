import type { Context } from "../future/context.js";
import type { AwaitEdge } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { Done } from "./done.js";
import { refuseWaited } from "./pull.js";
import { Stream } from "./stream.js";

/**
 * A stream made of another, which it owns: dropped with it. An error item of the source passes through `pollNext` as it is thrown; an adapter has
 * its state in order before it asks the source, so that the next poll goes on.
 */
export abstract class Adapter<S, T> extends Stream<T> {
  protected readonly source: Stream<S>;

  constructor(source: Stream<S>) {
    super();
    refuseWaited(source);
    this.source = source;
    this.rt ??= source.rt;
  }

  /** The method that made it, for reports. */
  protected abstract get method(): string;

  override pollCancel(cx: Context): Poll<void> {
    return this.source.pollCancel(cx);
  }

  override [Symbol.dispose](): void {
    this.source[Symbol.dispose]();
  }

  override forceCancel(): void {
    this.source.forceCancel();
  }

  override stopWaiting(): void {
    this.source.stopWaiting();
  }

  override describe(): string {
    return `${this.source.describe()}.${this.method}`;
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.source.awaits();
  }
}

/**
 * An adapter that may end before its source does.
 *
 *   OPEN     items are taken from the source
 *   ENDING   nothing more is: the source is cancelled, and the end comes once its cleanup is over
 *
 * @internal
 */
export abstract class EndingAdapter<S, T> extends Adapter<S, T> {
  protected ending: boolean;

  constructor(source: Stream<S>) {
    super(source);
    this.ending = false;
  }

  /** Ends the stream here, also when it is called again. */
  protected end(cx: Context): Poll<Done> {
    this.ending = true;
    return this.source.pollCancel(cx) === Pending ? Pending : Done;
  }
}
