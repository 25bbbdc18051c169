/*
 * A future under a token.
 *
 *   FRESH       not polled. If the token is cancelled by the first poll, the future is dropped unpolled
 *   RUNNING     each poll asks the future first, then the token: work that is finished wins
 *   CANCELLING  the token was cancelled, or this is being dropped: the future's cleanup is running
 *   OVER
 */
import type { Context } from "../future/context.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import type { CancellationToken } from "./cancellation-token.js";
import { Cancelled } from "./cancelled.js";

const FRESH = 0;
const RUNNING = 1;
const CANCELLING = 2;
const OVER = 3;

/** @internal */
export class RunUntilCancelled<T> extends Future<T | undefined> {
  private readonly token: CancellationToken;
  private readonly future: Future<T>;
  private readonly cancelled: Cancelled;
  private state = FRESH;

  constructor(token: CancellationToken, future: Future<T>) {
    super();
    this.token = token;
    this.future = future;
    this.cancelled = new Cancelled(token);
  }

  poll(cx: Context): Poll<T | undefined> {
    if (this.state === OVER) throw polledAfterCompletion("runUntilCancelled");
    if (this.state === FRESH) this.state = this.token.isCancelled ? CANCELLING : RUNNING;
    if (this.state === RUNNING) {
      let value: Poll<T>;
      try {
        value = this.future.poll(cx);
      } catch (error) {
        this.finish();
        throw error;
      }
      if (value !== Pending) {
        this.finish();
        return value;
      }
      if (this.cancelled.poll(cx) === Pending) return Pending;
      this.state = CANCELLING;
    }
    return this.cleanUp(cx);
  }

  private cleanUp(cx: Context): Poll<undefined> {
    try {
      if (this.future.pollCancel(cx) === Pending) return Pending;
    } catch (error) {
      this.finish();
      throw error;
    }
    this.finish();
    return undefined;
  }

  private finish(): void {
    this.state = OVER;
    this.cancelled[Symbol.dispose]();
  }

  override pollCancel(cx: Context): Poll<void> {
    if (this.state === OVER) return undefined;
    this.state = CANCELLING;
    this.cancelled[Symbol.dispose]();
    return this.cleanUp(cx);
  }

  override forceCancel(): void {
    if (this.state === OVER) return;
    this.finish();
    this.future.forceCancel();
  }

  override [Symbol.dispose](): void {
    if (this.state === OVER) return;
    this.finish();
    this.future[Symbol.dispose]();
  }

  override describe(): string {
    return this.state === CANCELLING ? "runUntilCancelled (cancelled, cleaning up)" : "runUntilCancelled";
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.state === OVER ? [] : [{ label: undefined, future: this.future as Future<unknown> }];
  }
}
