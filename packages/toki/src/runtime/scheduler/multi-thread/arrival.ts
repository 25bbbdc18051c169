import type { Context } from "../../../future/context.js";
import { Future } from "../../../future/future.js";
import { Pending, type Poll } from "../../../future/poll.js";
import type { Waker } from "../../../future/waker.js";

/** The wait for a message with values that shared memory cannot hold. @internal */
export class Arrival extends Future<readonly unknown[]> {
  private values: readonly unknown[] | null = null;
  private waker: Waker | null = null;
  private readonly onDrop: () => void;

  constructor(onDrop: () => void) {
    super();
    this.onDrop = onDrop;
  }

  arrive(values: readonly unknown[]): void {
    this.values = values;
    this.waker?.wake();
  }

  poll(cx: Context): Poll<readonly unknown[]> {
    if (this.values !== null) return this.values;
    this.waker = cx.waker;
    return Pending;
  }

  override [Symbol.dispose](): void {
    this.onDrop();
  }

  override describe(): string {
    return "arrival of arguments";
  }
}
