import type { Context } from "../future/context.js";
import { Pending, type Poll } from "../future/poll.js";
import { EndingAdapter } from "./adapter.js";
import { checkStream } from "./check.js";
import { Done } from "./done.js";
import type { Stream } from "./stream.js";

/** `told` once the end was an item. */
class NotifyClose<T> extends EndingAdapter<T, T | undefined> {
  private told = false;

  pollNext(cx: Context): Poll<T | undefined | Done> {
    if (this.told) return Done;
    if (!this.ending) {
      const item = this.source.pollNext(cx);
      if (item !== Done) return item;
    }
    if (this.end(cx) === Pending) return Pending;
    this.told = true;
    return undefined;
  }

  protected get method(): string {
    return "notifyClose";
  }
}

/**
 * The same items, and then `undefined` as one more, before the end: so that who reads a {@link StreamMap} sees which of its streams has ended.
 *
 * @param source - the stream
 * @throws InvalidArgumentError if it is not a stream
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { fromIter, notifyClose, StreamMap } from "toki/stream";
 *
 * await main(function* () {
 *   const map = new StreamMap<string, number | undefined>();
 *   map.insert("a", notifyClose(fromIter([1])));
 *   console.log(yield* map.collect()); // [ [ 'a', 1 ], [ 'a', undefined ] ]
 * });
 * ```
 */
export function notifyClose<T>(source: Stream<T>): Stream<T | undefined> {
  checkStream(source, "notifyClose", "source");
  return new NotifyClose<T>(source);
}
