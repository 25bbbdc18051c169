import type { Context } from "../../future/context.js";
import type { Poll } from "../../future/poll.js";
import { EndingAdapter } from "../adapter.js";
import { Done } from "../done.js";

/** Also what other adapters put around a source that they may ask again after its end. @internal */
export class Fuse<T> extends EndingAdapter<T, T> {
  pollNext(cx: Context): Poll<T | Done> {
    if (this.ending) return this.end(cx);
    const item = this.source.pollNext(cx);
    return item === Done ? this.end(cx) : item;
  }

  protected get method(): string {
    return "fuse";
  }

  override describe(): string {
    return this.source.describe();
  }
}
