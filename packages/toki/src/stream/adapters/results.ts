import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";

/** An item of {@link Stream.results}: `ok` tells which of the two shapes it is. */
export type ItemResult<T> =
  | {
      /** Whether it is a value. */
      readonly ok: true;
      /** The item. */
      readonly value: T;
    }
  | {
      /** Whether it is a value. */
      readonly ok: false;
      /** What was thrown in place of an item. */
      readonly error: unknown;
    };

/** @internal */
export class Results<T> extends Adapter<T, ItemResult<T>> {
  pollNext(cx: Context): Poll<ItemResult<T> | Done> {
    let item: Poll<T | Done>;
    try {
      item = this.source.pollNext(cx);
    } catch (error) {
      return { ok: false, error };
    }
    if (item === Pending || item === Done) return item as Pending | Done;
    return { ok: true, value: item as T };
  }

  protected get method(): string {
    return "results";
  }
}
