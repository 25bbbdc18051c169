import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { EndingAdapter } from "../adapter.js";
import { checkFunction } from "../check.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class TakeWhile<T> extends EndingAdapter<T, T> {
  private readonly predicate: (item: T) => boolean;

  constructor(source: Stream<T>, predicate: (item: T) => boolean) {
    super(source);
    checkFunction(predicate, "Stream.takeWhile", "predicate");
    this.predicate = predicate;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (this.ending) return this.end(cx);
    const item = this.source.pollNext(cx);
    if (item === Pending) return Pending;
    return item === Done || !(0, this.predicate)(item as T) ? this.end(cx) : item;
  }

  protected get method(): string {
    return "takeWhile";
  }
}
