import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../../internal/invalid-argument.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Sink } from "../sink.js";
import type { Stream } from "../stream.js";

/** @internal */
export class FilterMap<S, T> extends Adapter<S, T> implements Sink<S> {
  /** Of the latest pollInto. */
  private sink: Sink<T> | null = null;
  private readonly f: (item: S) => T | undefined;

  constructor(source: Stream<S>, f: (item: S) => T | undefined) {
    super(source);
    checkFunction(f, "Stream.filterMap", "f");
    this.f = f;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { source, f } = this;
    for (;;) {
      const item = source.pollNext(cx);
      if (item === Pending || item === Done) return item as Pending | Done;
      const mapped = f(item as S);
      if (mapped !== undefined) return mapped;
    }
  }

  override pollInto(cx: Context, sink: Sink<T>): Poll<Done | undefined> {
    this.sink = sink;
    return this.source.pollInto(cx, this);
  }

  put(item: S): boolean {
    const mapped = (0, this.f)(item);
    return mapped === undefined || (this.sink as Sink<T>).put(mapped);
  }

  protected get method(): string {
    return "filterMap";
  }
}
