import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../../internal/invalid-argument.js";
import { EndingAdapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class MapWhile<S, T> extends EndingAdapter<S, T> {
  private readonly f: (item: S) => T | undefined;

  constructor(source: Stream<S>, f: (item: S) => T | undefined) {
    super(source);
    checkFunction(f, "Stream.mapWhile", "f");
    this.f = f;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (this.ending) return this.end(cx);
    const item = this.source.pollNext(cx);
    if (item === Pending) return Pending;
    if (item === Done) return this.end(cx);
    const mapped = (0, this.f)(item as S);
    return mapped === undefined ? this.end(cx) : mapped;
  }

  protected get method(): string {
    return "mapWhile";
  }
}
