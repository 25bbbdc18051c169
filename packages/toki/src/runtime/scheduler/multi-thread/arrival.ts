import type { Context } from "../../../future/context.js";
import { Future } from "../../../future/future.js";
import { Pending, type Poll } from "../../../future/poll.js";
import type { Waker } from "../../../future/waker.js";
import { dropParcels } from "../../../portable/codec/carriage.js";

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
    const { values } = this;
    if (values !== null) {
      this.values = null;
      return values;
    }
    this.waker = cx.waker;
    return Pending;
  }

  /** What has arrived and was not taken goes to nobody. */
  override [Symbol.dispose](): void {
    const { values } = this;
    this.values = null;
    if (values !== null) dropParcels(values);
    this.onDrop();
  }

  override describe(): string {
    return "arrival of arguments";
  }
}
