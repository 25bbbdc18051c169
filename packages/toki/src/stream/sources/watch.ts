import type { Future } from "../../future/future.js";
import { ready } from "../../future/ready.js";
import type { WatchReceiverLike } from "../stream-source.js";
import { FutureStream } from "./future-stream.js";
import { isClosed } from "./is-closed.js";

/** `isFirst` until the first item, if that is the value there is. A change is seen when its item is taken. @internal */
export class WatchStream<T> extends FutureStream<void, T> {
  private readonly rx: WatchReceiverLike<T>;
  private isFirst: boolean;

  constructor(rx: WatchReceiverLike<T>, initial: boolean) {
    super();
    this.rx = rx;
    this.isFirst = initial;
  }

  protected pull(): Future<void> {
    return this.isFirst ? ready(undefined) : this.rx.changed();
  }

  protected itemOf(): T {
    this.isFirst = false;
    return this.rx.borrowAndUpdate();
  }

  protected override isEnd(error: unknown): boolean {
    return isClosed(error);
  }

  protected release(): void {
    this.rx[Symbol.dispose]();
  }

  override describe(): string {
    return "watch receiver";
  }
}
