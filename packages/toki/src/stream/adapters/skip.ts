import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { integer } from "../../sync/integer.js";
import { Adapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class Skip<T> extends Adapter<T, T> {
  private left: number;

  constructor(source: Stream<T>, n: number) {
    super(source);
    integer("Stream.skip", "n", n, 0);
    this.left = n;
  }

  pollNext(cx: Context): Poll<T | Done> {
    const { source } = this;
    while (this.left > 0) {
      let item: Poll<T | Done>;
      try {
        item = source.pollNext(cx);
      } catch (error) {
        this.left--;
        throw error;
      }
      if (item === Pending || item === Done) return item;
      this.left--;
    }
    return source.pollNext(cx);
  }

  protected get method(): string {
    return "skip";
  }
}
