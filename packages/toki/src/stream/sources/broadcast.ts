import type { Future } from "../../future/future.js";
import type { BroadcastReceiverLike } from "../stream-source.js";
import { FutureStream } from "./future-stream.js";
import { isClosed } from "./is-closed.js";

/** What lagging skipped is reported by an error item; only the end of the channel is the end. @internal */
export class BroadcastStream<T> extends FutureStream<T, T> {
  private readonly rx: BroadcastReceiverLike<T>;

  constructor(rx: BroadcastReceiverLike<T>) {
    super();
    this.rx = rx;
  }

  protected pull(): Future<T> {
    return this.rx.recv();
  }

  protected itemOf(value: T): T {
    return value;
  }

  protected override isEnd(error: unknown): boolean {
    return isClosed(error);
  }

  protected release(): void {
    this.rx[Symbol.dispose]();
  }

  override describe(): string {
    return "broadcast receiver";
  }
}
