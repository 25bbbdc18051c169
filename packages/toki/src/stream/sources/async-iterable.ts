import type { Context } from "../../future/context.js";
import type { AsyncSource } from "../../future/from-async-iterable.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Done } from "../done.js";
import { FutureStream } from "./future-stream.js";

/** The promise under way belongs to the AsyncSource: a wait that ends loses no item. @internal */
export class AsyncIterableStream<T> extends FutureStream<T | undefined, T> {
  private readonly items: AsyncSource<T>;
  private closing: Future<void> | null;

  constructor(items: AsyncSource<T>) {
    super();
    this.items = items;
    this.closing = null;
  }

  protected pull(): Future<T | undefined> {
    return this.items.next();
  }

  protected itemOf(value: T | undefined): T | Done {
    return value === undefined && this.items.isEnded ? Done : (value as T);
  }

  override pollCancel(cx: Context): Poll<void> {
    if (!this.isOver) {
      this.isOver = true;
      this.stopWaiting();
      this.closing = this.items.close();
    }
    const { closing } = this;
    if (closing === null) return undefined;
    this.closing = null; // in case it throws
    if (closing.poll(cx) !== Pending) return undefined;
    this.closing = closing;
    return Pending;
  }

  override forceCancel(): void {
    this.closing?.[Symbol.dispose]();
    this.closing = null;
    this[Symbol.dispose]();
  }

  protected release(): void {
    this.items[Symbol.dispose]();
  }

  override describe(): string {
    return "async iterable";
  }
}
