import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../../sync/watch/modify.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Sink } from "../sink.js";
import type { Stream } from "../stream.js";

/** @internal */
export class Filter<T> extends Adapter<T, T> implements Sink<T> {
  /** Of the latest pollInto. */
  private sink: Sink<T> | null = null;
  private readonly predicate: (item: T) => boolean;

  constructor(source: Stream<T>, predicate: (item: T) => boolean) {
    super(source);
    checkFunction("Stream.filter", "predicate", predicate);
    this.predicate = predicate;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { source, predicate } = this;
    for (;;) {
      const item = source.pollNext(cx);
      if (item === Pending || item === Done || predicate(item as T)) return item;
    }
  }

  override pollInto(cx: Context, sink: Sink<T>): Poll<Done | undefined> {
    this.sink = sink;
    return this.source.pollInto(cx, this);
  }

  put(item: T): boolean {
    return !(0, this.predicate)(item) || (this.sink as Sink<T>).put(item);
  }

  protected get method(): string {
    return "filter";
  }
}
