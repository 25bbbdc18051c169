import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Consumer } from "../consumer.js";
import { Done } from "../done.js";

/** @internal */
export class Collect<T> extends Consumer<T, T[]> {
  private readonly items: T[] = [];

  protected run(cx: Context): Poll<T[]> {
    const { source, items } = this;
    for (;;) {
      const item = source.pollNext(cx);
      if (item === Pending) return Pending;
      if (item === Done) return items;
      items.push(item as T);
    }
  }

  protected get method(): string {
    return `collect (${this.items.length} so far)`;
  }
}
