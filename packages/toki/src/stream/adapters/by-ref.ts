import type { Context } from "../../future/context.js";
import type { AwaitEdge } from "../../future/future.js";
import type { Poll } from "../../future/poll.js";
import type { Done } from "../done.js";
import { refuseWaited } from "../pull.js";
import { Stream } from "../stream.js";

/** A loan: dropping it drops nothing. @internal */
export class ByRef<T> extends Stream<T> {
  private readonly source: Stream<T>;

  constructor(source: Stream<T>) {
    super();
    refuseWaited(source);
    this.source = source;
    this.rt ??= source.rt;
  }

  pollNext(cx: Context): Poll<T | Done> {
    return this.source.pollNext(cx);
  }

  // Whoever drops the loan while it waits does not call stopWaiting.
  override [Symbol.dispose](): void {
    this.source.stopWaiting();
  }

  override stopWaiting(): void {
    this.source.stopWaiting();
  }

  override describe(): string {
    return this.source.describe();
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.source.awaits();
  }
}
