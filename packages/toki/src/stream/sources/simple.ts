import { Pending, type Poll } from "../../future/poll.js";
import { Done } from "../done.js";
import { Stream } from "../stream.js";

const GONE: unique symbol = Symbol();

class Once<T> extends Stream<T> {
  private item: T | typeof GONE;

  constructor(item: T) {
    super();
    this.item = item;
  }

  pollNext(): Poll<T | Done> {
    const { item } = this;
    this.item = GONE;
    return item === GONE ? Done : (item as T);
  }

  override [Symbol.dispose](): void {
    this.item = GONE;
  }

  override describe(): string {
    return "once";
  }
}

class Empty extends Stream<never> {
  pollNext(): Done {
    return Done;
  }

  override describe(): string {
    return "empty";
  }
}

class PendingStream extends Stream<never> {
  pollNext(): Pending {
    return Pending;
  }

  override describe(): string {
    return "pendingStream (never ready)";
  }
}

/**
 * A stream of one item, which is there at once.
 *
 * @param item - the item
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { fromIter, once } from "toki/stream";
 *
 * await main(function* () {
 *   console.log(yield* once(0).chain(fromIter([1, 2])).collect()); // [ 0, 1, 2 ]
 * });
 * ```
 */
export function once<T>(item: T): Stream<T> {
  return new Once(item);
}

/**
 * A stream that has ended.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { empty } from "toki/stream";
 *
 * await main(function* () {
 *   console.log(yield* empty().next()); // undefined
 * });
 * ```
 */
export function empty(): Stream<never> {
  return new Empty();
}

/**
 * A stream that has no item and no end. Tokio's `stream::pending`.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { once, pendingStream } from "toki/stream";
 *
 * await main(function* () {
 *   console.log(yield* once(1).merge(pendingStream()).next()); // 1
 * });
 * ```
 */
export function pendingStream(): Stream<never> {
  return new PendingStream();
}
