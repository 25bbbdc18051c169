/*
 * A future that a token watches over (see future/watched.ts). If the token is cancelled by the first poll, the future is dropped unpolled; later,
 * work that is finished wins.
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { CANCELLING, RACING, Watched } from "../future/watched.js";

/** A token of either kind. @internal */
export interface Token {
  readonly isCancelled: boolean;
  cancelled(): Future<void>;
}

/** @internal */
export class RunUntilCancelled<T> extends Watched<T, T | undefined> {
  private readonly token: Token;
  private readonly cancelled: Future<void>;
  private polled = false;

  constructor(token: Token, future: Future<T>) {
    super(future);
    this.token = token;
    this.cancelled = token.cancelled();
  }

  poll(cx: Context): Poll<T | undefined> {
    const { future } = this;
    if (future === undefined) throw polledAfterCompletion("runUntilCancelled");
    if (this.state === RACING && (this.polled || !this.token.isCancelled)) {
      this.polled = true;
      const value = this.pollFuture(future, cx);
      if (value !== Pending) return value;
      if (this.cancelled.poll(cx) === Pending) return Pending;
    }
    return this.cancelFuture(future, cx) as Poll<undefined>;
  }

  protected stopWatching(): void {
    this.cancelled[Symbol.dispose]();
  }

  override describe(): string {
    return this.state === CANCELLING ? "runUntilCancelled (cancelled, cleaning up)" : "runUntilCancelled";
  }
}
