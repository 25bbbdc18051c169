/*
 * A future and something that may end it early: a deadline, a signal, a token.
 *
 *   RACING      each poll asks the future first, then what watches over it: a value that is there wins, however late
 *   CANCELLING  the watcher has spoken, or the whole was cancelled: the future's cleanup is running. Nothing can bring the value back
 *   DONE        `future` is gone
 *
 * RACING -> DONE, or RACING -> CANCELLING -> DONE; by poll() and the three ways to drop a future.
 */
import type { Context } from "./context.js";
import { type AwaitEdge, Future } from "./future.js";
import { Pending, type Poll } from "./poll.js";

/** @internal */
export const RACING = 0;
/** @internal */
export const CANCELLING = 1;
/** @internal */
export const DONE = 2;

/** A future that something may end early. */
export abstract class Watched<T, R = T> extends Future<R> {
  protected state = RACING;
  protected future: Future<T> | undefined;

  constructor(future: Future<T>) {
    super();
    this.future = future;
  }

  /** Lets go of what the watcher has registered. May be called more than once. */
  protected abstract stopWatching(): void;

  /** Asks the future; its value or error ends the whole. */
  protected pollFuture(future: Future<T>, cx: Context): Poll<T> {
    let value: Poll<T>;
    try {
      value = future.poll(cx);
    } catch (error) {
      this.finish();
      throw error;
    }
    if (value !== Pending) this.finish();
    return value;
  }

  /** Goes on cancelling the future; not Pending once its cleanup has ended, which may throw. */
  protected cancelFuture(future: Future<T>, cx: Context): Poll<void> {
    this.state = CANCELLING;
    this.stopWatching();
    try {
      if (future.pollCancel(cx) === Pending) return Pending;
    } catch (error) {
      this.finish();
      throw error;
    }
    this.finish();
    return undefined;
  }

  protected finish(): void {
    this.state = DONE;
    this.future = undefined;
    this.stopWatching();
  }

  override pollCancel(cx: Context): Poll<void> {
    const { future } = this;
    return future === undefined ? undefined : this.cancelFuture(future, cx);
  }

  override forceCancel(): void {
    const { future } = this;
    this.finish();
    future?.forceCancel();
  }

  override [Symbol.dispose](): void {
    const { future } = this;
    this.finish();
    future?.[Symbol.dispose]();
  }

  override awaits(): Iterable<AwaitEdge> {
    const { future } = this;
    return future === undefined ? [] : [{ label: undefined, future: future as Future<unknown> }];
  }
}
