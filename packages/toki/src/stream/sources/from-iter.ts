import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { proceed } from "../../task/coop.js";
import { Done } from "../done.js";
import type { Sink } from "../sink.js";
import { Stream } from "../stream.js";

/** As the iterator of an array would: what is pushed meanwhile comes too, until the end was reached. */
class ArrayStream<T> extends Stream<T> {
  private items: readonly T[] | null;
  private at: number;

  constructor(items: readonly T[]) {
    super();
    this.items = items;
    this.at = 0;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (!proceed(cx)) return Pending;
    const { items, at } = this;
    if (items === null || at >= items.length) {
      this.items = null;
      return Done;
    }
    this.at = at + 1;
    return items[at] as T;
  }

  override pollInto(cx: Context, sink: Sink<T>): Poll<Done | undefined> {
    for (;;) {
      if (!proceed(cx)) return Pending;
      const { items } = this;
      if (items === null || this.at >= items.length) {
        this.items = null;
        return Done;
      }
      // That was for one item. The units for those behind it are taken together, and given back as far as they are not needed.
      let paid = Math.min(items.length - this.at - 1, current.budget);
      current.budget -= paid;
      try {
        for (;;) {
          const at = this.at;
          this.at = at + 1;
          if (!sink.put(items[at] as T)) return undefined;
          // A callback may have dropped the stream, or shortened the array.
          if (paid === 0 || this.items === null || this.at >= items.length) break;
          paid--;
        }
      } finally {
        current.budget += paid;
      }
    }
  }

  override [Symbol.dispose](): void {
    this.items = null;
  }

  override describe(): string {
    return "fromIter";
  }
}

class IterStream<T> extends Stream<T> {
  private readonly open: Iterable<T>;
  /** undefined before the first poll, null once it is over. */
  private iterator: Iterator<T> | undefined | null;

  constructor(iterable: Iterable<T>) {
    super();
    this.open = iterable;
    this.iterator = undefined;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (!proceed(cx)) return Pending;
    let { iterator } = this;
    if (iterator === null) return Done;
    if (iterator === undefined) {
      this.iterator = null; // in case it throws
      iterator = this.open[Symbol.iterator]();
      this.iterator = iterator;
    }
    const result = iterator.next();
    if (result.done !== true) return result.value;
    this.iterator = null;
    return Done;
  }

  override [Symbol.dispose](): void {
    const { iterator } = this;
    this.iterator = null;
    iterator?.return?.();
  }

  override describe(): string {
    return "fromIter";
  }
}

/** @internal */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value === "string") return true;
  if (typeof value !== "object" || value === null || value instanceof Future) return false;
  return typeof (value as Iterable<unknown>)[Symbol.iterator] === "function";
}

/** @internal */
export function iterStream<T>(iterable: Iterable<T>): Stream<T> {
  return Array.isArray(iterable) ? new ArrayStream<T>(iterable) : new IterStream(iterable);
}

/**
 * The items of an iterable: an array, a set, a generator. Tokio's `stream::iter`.
 *
 * Each item takes one unit of the task's cooperative budget, so that a long array lets other tasks run. What the iterable throws is an error item. Its
 * `return()` is called when the stream is dropped before the end.
 *
 * @param iterable - is not iterated before the first item is asked for
 * @throws InvalidArgumentError if it is not iterable, or a future
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { fromIter } from "toki/stream";
 *
 * await main(function* () {
 *   const letters = fromIter(new Set("hello")).map((letter) => letter.toUpperCase());
 *   console.log(yield* letters.collect()); // [ 'H', 'E', 'L', 'O' ]
 * });
 * ```
 */
export function fromIter<T>(iterable: Iterable<T>): Stream<T> {
  if (!isIterable(iterable)) throw invalidArgument("fromIter", "iterable", "an iterable", iterable);
  return iterStream(iterable);
}
