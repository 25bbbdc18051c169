import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { JoinResult } from "../../task/join-result.js";
import type { JoinSet } from "../../task/join-set.js";
import { Done } from "../done.js";
import { FutureStream } from "./future-stream.js";

/** Values in the order the tasks end. Dropping the stream aborts the tasks that are left; `pollCancel` awaits their cleanup. @internal */
export class JoinedStream<T> extends FutureStream<JoinResult<T> | undefined, T> {
  private readonly set: JoinSet<T>;
  private shutdown: Future<void> | null;

  constructor(set: JoinSet<T>) {
    super();
    this.set = set;
    this.shutdown = null;
  }

  protected pull(): Future<JoinResult<T> | undefined> {
    return this.set.joinNext();
  }

  protected itemOf(result: JoinResult<T> | undefined): T | Done {
    if (result === undefined) return Done;
    if (!result.ok) throw result.error;
    return result.value;
  }

  override pollCancel(cx: Context): Poll<void> {
    if (!this.isOver) {
      this.isOver = true;
      this.stopWaiting();
      this.shutdown = this.set.shutdown();
    }
    if (this.shutdown === null) return undefined;
    if (this.shutdown.poll(cx) === Pending) return Pending;
    this.shutdown = null;
  }

  override forceCancel(): void {
    this.isOver = true;
    this.stopWaiting();
    this.shutdown?.forceCancel();
    this.shutdown = null;
    this.release();
  }

  protected release(): void {
    this.set[Symbol.dispose]();
  }

  override describe(): string {
    return `JoinSet (${this.set.size} left)`;
  }
}
