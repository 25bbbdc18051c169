import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Adapter } from "../adapter.js";
import { checkFunction } from "../check.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class Filter<T> extends Adapter<T, T> {
  private readonly predicate: (item: T) => boolean;

  constructor(source: Stream<T>, predicate: (item: T) => boolean) {
    super(source);
    checkFunction(predicate, "Stream.filter", "predicate");
    this.predicate = predicate;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { source, predicate } = this;
    for (;;) {
      const item = source.pollNext(cx);
      if (item === Pending || item === Done || predicate(item as T)) return item;
    }
  }

  protected get method(): string {
    return "filter";
  }
}
