/*
 * Streams over something that gives futures of its items, which are cancel safe: a receiver, an interval, a set of tasks.
 *
 *   future === null   no future is under way: before the first poll, after an item, and while nobody waits
 *   future            from the poll that made it to the item, the end of the wait (its drop loses nothing), or the drop of the stream
 *   isOver            the stream was dropped: it has ended, and what it owned is released
 */
import type { Context } from "../../future/context.js";
import type { AwaitEdge, Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Done } from "../done.js";
import { Stream } from "../stream.js";

/** @internal */
export abstract class FutureStream<R, T> extends Stream<T> {
  protected future: Future<R> | null;
  protected isOver: boolean;

  constructor() {
    super();
    this.future = null;
    this.isOver = false;
  }

  /** The future of the next item. */
  protected abstract pull(): Future<R>;

  /** What the future's value is: an item, the end, or, thrown, an error item. */
  protected abstract itemOf(value: R): T | Done;

  /** Whether an error of the future is the end of the stream, and not an error item. */
  protected isEnd(_error: unknown): boolean {
    return false;
  }

  /** Drops what the stream owns. */
  protected abstract release(): void;

  pollNext(cx: Context): Poll<T | Done> {
    if (this.isOver) return Done;
    let value: Poll<R>;
    try {
      this.future ??= this.pull();
      value = this.future.poll(cx);
    } catch (error) {
      this.future = null;
      if (this.isEnd(error)) return Done;
      throw error;
    }
    if (value === Pending) return Pending;
    this.future = null;
    return this.itemOf(value as R);
  }

  override stopWaiting(): void {
    const { future } = this;
    this.future = null;
    future?.[Symbol.dispose]();
  }

  override [Symbol.dispose](): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopWaiting();
    this.release();
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.future === null ? [] : [{ label: undefined, future: this.future as Future<unknown> }];
  }
}
