import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Adapter } from "../adapter.js";
import { checkFunction } from "../check.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class SkipWhile<T> extends Adapter<T, T> {
  private predicate: ((item: T) => boolean) | null;

  constructor(source: Stream<T>, predicate: (item: T) => boolean) {
    super(source);
    checkFunction(predicate, "Stream.skipWhile", "predicate");
    this.predicate = predicate;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { source, predicate } = this;
    if (predicate === null) return source.pollNext(cx);
    for (;;) {
      const item = source.pollNext(cx);
      if (item === Pending || item === Done) return item;
      if (predicate(item as T)) continue;
      this.predicate = null;
      return item;
    }
  }

  protected get method(): string {
    return "skipWhile";
  }
}
