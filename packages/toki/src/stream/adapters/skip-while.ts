import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../../sync/watch/modify.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class SkipWhile<T> extends Adapter<T, T> {
  private predicate: ((item: T) => boolean) | null;

  constructor(source: Stream<T>, predicate: (item: T) => boolean) {
    super(source);
    checkFunction("Stream.skipWhile", "predicate", predicate);
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
