/*
 * Futures that own a stream and take it to its end.
 *
 *   FRESH    not polled: the stream is untouched, also when the future is dropped
 *   RUNNING  items are taken                                                              poll
 *   ENDING   there is a result or an error, or the future was cancelled: the stream is being dropped, its cleanup awaited      poll, pollCancel
 *   OVER     the result was delivered, or the cancellation has ended
 */
import type { Context } from "../future/context.js";
import { dropStarted } from "../future/drop.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { adoptWaker } from "../future/sharing.js";
import { suppressed } from "../future/suppressed-error.js";
import type { Waker } from "../future/waker.js";
import { CancelAll } from "./cancel.js";
import { refuseWaited } from "./pull.js";
import type { Sink } from "./sink.js";
import type { Stream } from "./stream.js";

const FRESH = 0;
const RUNNING = 1;
const ENDING = 2;
const OVER = 3;

/** @internal */
export abstract class Consumer<T, R> extends Future<R> implements Sink<T> {
  protected readonly source: Stream<T>;
  private state: number;
  private waker: Waker | undefined;
  private result: R | undefined;
  private failed: boolean;
  private error: unknown;
  private cancelling: CancelAll | null;

  constructor(source: Stream<T>) {
    super();
    this.source = source;
    this.state = FRESH;
    this.waker = undefined;
    this.result = undefined;
    this.failed = false;
    this.error = undefined;
    this.cancelling = null;
  }

  /** Takes items as far as it gets. What it throws ends the whole. */
  protected run(cx: Context): Poll<R> {
    return this.source.pollInto(cx, this) === Pending ? Pending : this.outcome();
  }

  /** Takes an item. What it throws ends the whole. */
  abstract put(item: T): boolean;

  /** What came of the items, at their end. */
  protected abstract outcome(): R;

  /** The method, for reports. */
  protected abstract get method(): string;

  /** A future it drives besides the stream. */
  protected get driven(): Future<unknown> | null {
    return null;
  }

  poll(cx: Context): Poll<R> {
    if (this.state === OVER) throw polledAfterCompletion(this.describe());
    if (this.state === FRESH) refuseWaited(this.source);
    this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
    if (this.state !== ENDING) {
      this.state = RUNNING;
      try {
        const result = this.run(cx);
        if (result === Pending) return Pending;
        this.result = result as R;
      } catch (error) {
        this.failed = true;
        this.error = error;
      }
      this.state = ENDING;
    }
    try {
      if (this.pollEnd(cx) === Pending) return Pending;
    } catch (error) {
      this.error = this.failed ? suppressed(error, this.error) : error;
      this.failed = true;
    }
    this.state = OVER;
    if (this.failed) throw this.error;
    return this.result as R;
  }

  private pollEnd(cx: Context): Poll<void> {
    const { driven } = this;
    if (driven === null && this.cancelling === null) return this.source.pollCancel(cx);
    this.cancelling ??= new CancelAll([driven, this.source]);
    return this.cancelling.poll(cx);
  }

  override pollCancel(cx: Context): Poll<void> {
    if (this.state === FRESH || this.state === OVER) {
      this.state = OVER;
      return undefined;
    }
    this.state = ENDING;
    if (this.pollEnd(cx) === Pending) return Pending;
    this.state = OVER;
    return undefined;
  }

  override forceCancel(): void {
    const { state } = this;
    this.state = OVER;
    if (state === FRESH || state === OVER) return;
    try {
      this.driven?.forceCancel();
    } finally {
      this.source.forceCancel();
    }
  }

  override [Symbol.dispose](): void {
    if (this.state === RUNNING || this.state === ENDING) dropStarted(this as Future<unknown>);
    else this.state = OVER;
  }

  override describe(): string {
    return `${this.source.describe()}.${this.method}`;
  }

  override *awaits(): Iterable<AwaitEdge> {
    const { driven } = this;
    if (driven !== null) yield { label: undefined, future: driven };
    else yield* this.source.awaits();
  }
}
