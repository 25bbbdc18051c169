import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { integer } from "../../sync/integer.js";
import { EndingAdapter } from "../adapter.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";

/** @internal */
export class Take<T> extends EndingAdapter<T, T> {
  private left: number;

  constructor(source: Stream<T>, n: number) {
    super(source);
    integer("Stream.take", "n", n, 0);
    this.left = n;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (this.left === 0 || this.ending) return this.end(cx);
    let item: Poll<T | Done>;
    try {
      item = this.source.pollNext(cx);
    } catch (error) {
      this.left--;
      throw error;
    }
    if (item === Pending) return Pending;
    if (item === Done) return this.end(cx);
    this.left--;
    return item;
  }

  protected get method(): string {
    return "take";
  }
}
