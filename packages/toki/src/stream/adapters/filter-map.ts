import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Adapter } from "../adapter.js";
import { checkFunction } from "../check.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class FilterMap<S, T> extends Adapter<S, T> {
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

  protected get method(): string {
    return "filterMap";
  }
}
