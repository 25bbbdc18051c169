import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";

/** What `pollNext` returns at the end. */
export const Done: unique symbol = Symbol("toki.Done");

interface Items<T> {
  pollNext(cx: Context): Poll<T | typeof Done>;
  stopWaiting(): void;
  describe(): string;
}

/** Waits for the next item of a stream. @internal */
export class NextItem<T> extends Future<T | undefined> {
  private isOver = false;
  private readonly stream: Items<T>;

  constructor(stream: Items<T>) {
    super();
    this.stream = stream;
  }

  poll(cx: Context): Poll<T | undefined> {
    if (this.isOver) throw polledAfterCompletion(this.describe());
    const item = this.stream.pollNext(cx);
    if (item === Pending) return Pending;
    this.isOver = true;
    return item === Done ? undefined : (item as T);
  }

  override [Symbol.dispose](): void {
    if (!this.isOver) this.stream.stopWaiting();
  }

  override describe(): string {
    return `next of ${this.stream.describe()}`;
  }
}
