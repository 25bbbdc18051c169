import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../check.js";
import { Consumer } from "../consumer.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class Fold<T, A> extends Consumer<T, A> {
  private accumulated: A;
  private readonly f: (accumulated: A, item: T) => A;

  constructor(source: Stream<T>, init: A, f: (accumulated: A, item: T) => A) {
    super(source);
    checkFunction(f, "Stream.fold", "f");
    this.accumulated = init;
    this.f = f;
  }

  protected run(cx: Context): Poll<A> {
    const { source, f } = this;
    for (;;) {
      const item = source.pollNext(cx);
      if (item === Pending) return Pending;
      if (item === Done) return this.accumulated;
      this.accumulated = f(this.accumulated, item as T);
    }
  }

  protected get method(): string {
    return "fold";
  }
}
