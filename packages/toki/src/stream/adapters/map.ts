import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../../internal/invalid-argument.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Sink } from "../sink.js";
import type { Stream } from "../stream.js";

/** @internal */
export class MapStream<S, T> extends Adapter<S, T> implements Sink<S> {
  /** Of the latest pollInto. */
  private sink: Sink<T> | null = null;
  private readonly f: (item: S) => T;

  constructor(source: Stream<S>, f: (item: S) => T) {
    super(source);
    checkFunction(f, "Stream.map", "f");
    this.f = f;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const item = this.source.pollNext(cx);
    if (item === Pending || item === Done) return item as Pending | Done;
    return (0, this.f)(item as S);
  }

  override pollInto(cx: Context, sink: Sink<T>): Poll<Done | undefined> {
    this.sink = sink;
    return this.source.pollInto(cx, this);
  }

  put(item: S): boolean {
    return (this.sink as Sink<T>).put((0, this.f)(item));
  }

  protected get method(): string {
    return "map";
  }
}
