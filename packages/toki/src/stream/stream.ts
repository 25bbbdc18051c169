import { driveAsyncIterator } from "../future/async-iterable.js";
import type { BodyOf } from "../future/bound-body.js";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import type { AwaitEdge, Future } from "../future/future.js";
import type { IntoFuture } from "../future/into-future.js";
import { Pending, type Poll } from "../future/poll.js";
import type { RuntimeCore } from "../runtime/core.js";
import type { Duration } from "../time/duration.js";
import type { Interval } from "../time/interval.js";
import type { ChunksTimeout } from "./adapters/chunks-timeout.js";
import type * as Adapters from "./adapters/index.js";
import type { Peekable } from "./adapters/peekable.js";
import type { ItemResult } from "./adapters/results.js";
import { Cancel } from "./cancel.js";
import { Done } from "./done.js";
import { Next, NextBoxed, type Pull } from "./pull.js";
import type { Sink } from "./sink.js";

/** The adapters extend Stream, and so are given to it once they are there. */
let adapters: typeof Adapters;

/** @internal */
export function linkAdapters(all: typeof Adapters): void {
  adapters = all;
}

/** What {@link Stream.forEach} calls: a function, or a `function*` body or maker of futures whose end is awaited before the next item is taken. */
export type ForEachBody<T> = (item: T) => unknown;

/**
 * Items that come one after the other, as {@link Future} is one value that comes later. Lazy: nothing happens until somebody asks for an item.
 *
 * {@link stream} makes one of channels, intervals, iterables, listeners and more; the methods make new streams of it. Inside Toki `yield* s.next()`
 * awaits the next item; in plain async code there is `for await`.
 *
 * A stream owns what it is made of. A method that makes another stream hands it over, and dropping the last one drops them all: with `using`, at the end
 * of {@link Stream.collect} and its like, or when a `for await` loop is left. To keep the source, lend it with {@link Stream.byRef}.
 *
 * What is thrown in place of an item is an item too: an error does not end the stream, the next `next()` goes on. `collect`, `fold`, `forEach` and
 * `for await` stop at the first one; {@link Stream.results} makes values of them.
 *
 * To write one by hand, extend the class and implement `pollNext`: return an item, or {@link Done} at the end, or keep `cx.waker`, return `Pending`, and call
 * `waker.wake()` once it is worth asking again. Override `[Symbol.dispose]` to release what the stream holds (`pollCancel` where that takes
 * time), and `stopWaiting` if a waker that is kept too long does harm.
 *
 * One task at a time may wait for the next item.
 *
 * @typeParam T - what the items are
 *
 * @example
 * ```ts
 * import { type Context, main, type Poll } from "toki";
 * import { Done, Stream } from "toki/stream";
 *
 * class Countdown extends Stream<number> {
 *   #left = 3;
 *   pollNext(_cx: Context): Poll<number | typeof Done> {
 *     return this.#left === 0 ? Done : this.#left--;
 *   }
 * }
 *
 * await main(function* () {
 *   const countdown = new Countdown().map((n) => n * 10);
 *   for (let n; (n = yield* countdown.next()) !== undefined; ) console.log(n); // 30, 20, 10
 * });
 * ```
 */
export abstract class Stream<T> implements AsyncIterable<T>, Disposable {
  /** @internal What waits for an item: see pull.ts. */
  waiting: Pull<T, unknown> | null = null;
  /** @internal A Next to hand out again. */
  idleNext: Next<T> | null = null;
  /** @internal Where it was made: what `for await` drives. */
  rt: RuntimeCore | null = current.runtime;

  /**
   * Asks for the next item once. What is thrown is an item too: the next call goes on.
   *
   * @param cx - carries the waker to keep when the answer is `Pending`; only the waker of the latest call has to be woken
   * @returns the item, {@link Done} at the end, or `Pending`. After `Done` it need not be asked again; what it answers then is up to the stream
   */
  abstract pollNext(cx: Context): Poll<T | Done>;

  /**
   * Puts items into `sink` as long as there are any and it wants more. For streams that can do better than to be asked for one after the other.
   *
   * @returns `Pending` or `Done` as {@link Stream.pollNext}; undefined if the sink wants no more
   * @throws what `pollNext` would, and what the sink throws; none of its items comes again
   * @internal
   */
  pollInto(cx: Context, sink: Sink<T>): Poll<Done | undefined> {
    for (;;) {
      const item = this.pollNext(cx);
      if (item === Pending || item === Done) return item as Pending | Done;
      if (!sink.put(item as T)) return undefined;
    }
  }

  /**
   * Drops the stream and awaits its cleanup: returns `Pending` while that takes time, and is called again after each wake until it returns `undefined`.
   * The default releases synchronously, through `[Symbol.dispose]`.
   *
   * @throws what the cleanup threw
   */
  pollCancel(_cx: Context): Poll<void> {
    this[Symbol.dispose]();
  }

  /** Drops the stream: releases what it holds. Cleanup that awaits goes on as a task. */
  [Symbol.dispose](): void {}

  /** Drops the stream at once: cleanup that would wait is cut short. @internal */
  forceCancel(): void {
    this[Symbol.dispose]();
  }

  /**
   * Called when a future that waited for an item was dropped: nobody has to be woken any more. What arrives is kept for the next poll. The default does
   * nothing; a wake too many is harmless.
   */
  stopWaiting(): void {}

  /**
   * One line for await trees and reports. Override it in streams written by hand.
   *
   * @returns for example `mpsc receiver.map`
   */
  describe(): string {
    return this.constructor.name;
  }

  /** The futures this stream is waiting for, for await trees. @internal */
  awaits(): Iterable<AwaitEdge> {
    return [];
  }

  /**
   * Waits for the next item.
   *
   * After the end, a stream may be asked again, but what it answers is up to the stream: {@link Stream.fuse} keeps to undefined.
   *
   * **Cancel safety**: safe; an item that has not been delivered comes next. The stream stays as it is.
   *
   * @returns the item; undefined at the end. An item that is undefined cannot be told from it, except by `for await` or {@link Stream.results}
   * @throws an error item, which does not end the stream; MisuseError if another task is waiting
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   const s = fromIter([1, 2]);
   *   console.log(yield* s.next(), yield* s.next(), yield* s.next()); // 1 2 undefined
   * });
   * ```
   */
  next(): Future<T | undefined> {
    const idle = this.idleNext;
    if (idle === null) return new Next(this);
    this.idleNext = null;
    idle.idle = false;
    return idle;
  }

  /**
   * Tokio's `try_next`: in this library `next` itself throws an error item, so both are the same.
   *
   * **Cancel safety**: as {@link Stream.next}.
   *
   * @throws as {@link Stream.next}
   */
  tryNext(): Future<T | undefined> {
    return this.next();
  }

  /**
   * Drops the stream and waits until its cleanup has ended: that of futures under way, of generators, of the source.
   *
   * **Cancel safety**: safe. The stream is dropped from the first poll on, and its cleanup goes on whoever waits for it.
   *
   * @throws what the cleanup throws
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { stream } from "toki/stream";
   *
   * async function* numbers() {
   *   try {
   *     for (let n = 1; ; n++) yield n;
   *   } finally {
   *     console.log("released");
   *   }
   * }
   *
   * await main(function* () {
   *   const s = stream(numbers());
   *   console.log(yield* s.next()); // 1
   *   yield* s.cancel(); // released
   * });
   * ```
   */
  cancel(): Future<void> {
    return new Cancel(this, false);
  }

  /**
   * Lends the stream: what is made of the loan takes its items, and does not drop it.
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   const numbers = fromIter([1, 2, 3, 4]);
   *   console.log(yield* numbers.byRef().take(2).collect()); // [ 1, 2 ]
   *   console.log(yield* numbers.collect()); // [ 3, 4 ]
   * });
   * ```
   */
  byRef(): Stream<T> {
    return new adapters.ByRef(this);
  }

  /**
   * Applies `f` to each item.
   *
   * @param f - gets the item; what it throws comes in the item's place
   * @throws InvalidArgumentError if `f` is not a function
   */
  map<R>(f: (item: T) => R): Stream<R> {
    return new adapters.MapStream(this, f);
  }

  /**
   * Tokio's `then`: applies `f` to each item and awaits the future it gives, one at a time and in order. The next item is taken when the future is done.
   *
   * A future under way belongs to the stream: a `next()` that is dropped neither stops it nor begins it again. For several at a time, see
   * {@link Stream.buffered}.
   *
   * @param f - a `function*` body, or a function that returns a future; what it throws comes in the item's place
   * @throws MisuseError if `f` is not a function
   *
   * @example
   * ```ts
   * import { main, sleep } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   const pages = fromIter([1, 2]).mapAsync(function* (page) {
   *     yield* sleep(1);
   *     return `page ${page}`;
   *   });
   *   console.log(yield* pages.collect()); // [ 'page 1', 'page 2' ]
   * });
   * ```
   */
  mapAsync<R>(f: BodyOf<T, R>): Stream<R> {
    return new adapters.MapAsync(this, f);
  }

  /**
   * Keeps the items for which `predicate` is true. Error items pass.
   *
   * @param predicate - what it throws comes in the item's place
   * @throws InvalidArgumentError if `predicate` is not a function
   */
  filter<U extends T>(predicate: (item: T) => item is U): Stream<U>;
  filter(predicate: (item: T) => boolean): Stream<T>;
  filter(predicate: (item: T) => boolean): Stream<T> {
    return new adapters.Filter(this, predicate);
  }

  /**
   * Applies `f` to each item, and leaves out those for which it gives undefined.
   *
   * @param f - what it throws comes in the item's place
   * @throws InvalidArgumentError if `f` is not a function
   */
  filterMap<R>(f: (item: T) => R | undefined): Stream<R> {
    return new adapters.FilterMap(this, f);
  }

  /**
   * Applies `f` to each item, and ends where it gives undefined: the source is dropped there, and never asked again.
   *
   * @param f - what it throws comes in the item's place
   * @throws InvalidArgumentError if `f` is not a function
   */
  mapWhile<R>(f: (item: T) => R | undefined): Stream<R> {
    return new adapters.MapWhile(this, f);
  }

  /**
   * The items of both streams, as they come. Which one is asked first alternates, so that neither starves the other. Ends when both have.
   *
   * @param other - the other stream
   * @throws InvalidArgumentError if `other` is not a stream
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   const both = fromIter([1, 3, 5]).merge(fromIter([2, 4]));
   *   console.log(yield* both.collect()); // [ 1, 2, 3, 4, 5 ]
   * });
   * ```
   */
  merge<U>(other: Stream<U>): Stream<T | U> {
    return new adapters.Merge<T | U>(this as Stream<T | U>, other as Stream<T | U>);
  }

  /**
   * The items of this stream, then those of `other`, which is not asked before this one has ended and been dropped.
   *
   * @param other - the stream that follows
   * @throws InvalidArgumentError if `other` is not a stream
   */
  chain<U>(other: Stream<U>): Stream<T | U> {
    return new adapters.Chain<T | U>(this as Stream<T | U>, other as Stream<T | U>);
  }

  /**
   * The first `n` items; error items count. The source is never asked for another, and is dropped at the end.
   *
   * @param n - how many
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   */
  take(n: number): Stream<T> {
    return new adapters.Take(this, n);
  }

  /**
   * The items up to the first for which `predicate` is false; that one is gone, and the source is dropped. Error items pass.
   *
   * @param predicate - what it throws comes in the item's place
   * @throws InvalidArgumentError if `predicate` is not a function
   */
  takeWhile<U extends T>(predicate: (item: T) => item is U): Stream<U>;
  takeWhile(predicate: (item: T) => boolean): Stream<T>;
  takeWhile(predicate: (item: T) => boolean): Stream<T> {
    return new adapters.TakeWhile(this, predicate);
  }

  /**
   * Leaves out the first `n` items. Error items among them count, and are thrown all the same.
   *
   * @param n - how many
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   */
  skip(n: number): Stream<T> {
    return new adapters.Skip(this, n);
  }

  /**
   * Leaves out items up to the first for which `predicate` is false. Error items pass.
   *
   * @param predicate - not asked again after that; what it throws comes in the item's place
   * @throws InvalidArgumentError if `predicate` is not a function
   */
  skipWhile(predicate: (item: T) => boolean): Stream<T> {
    return new adapters.SkipWhile(this, predicate);
  }

  /** The same items, and nothing but the end after the end. The source is dropped when it ends. */
  fuse(): Stream<T> {
    return new adapters.Fuse(this);
  }

  /** The same items, with a way to look at the next one without taking it: {@link Peekable.peek}. */
  peekable(): Peekable<T> {
    return new adapters.Peekable(this);
  }

  /**
   * Makes values of all items, error items too, so that nothing is thrown: `{ ok: true, value }` or `{ ok: false, error }`.
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   const parsed = fromIter(["1", "x", "3"]).map((text) => JSON.parse(text) as number);
   *   for (const result of yield* parsed.results().collect()) {
   *     console.log(result.ok ? result.value : (result.error as Error).name); // 1, SyntaxError, 3
   *   }
   * });
   * ```
   */
  results(): Stream<ItemResult<T>> {
    return new adapters.Results(this);
  }

  /**
   * Throws `ElapsedError` in place of an item where none comes for `duration`. Once for each silence: the timer starts again with the next item, and the
   * stream goes on.
   *
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like; for the first item counted from the call
   * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
   *
   * @example
   * ```ts
   * import { ElapsedError, main } from "toki";
   * import { mpsc } from "toki/sync";
   * import { stream } from "toki/stream";
   *
   * await main(function* () {
   *   const [tx, rx] = mpsc.channel<string>(1);
   *   using messages = stream(rx).timeout(10);
   *   try {
   *     yield* messages.next();
   *   } catch (error) {
   *     console.log(error instanceof ElapsedError); // true
   *   }
   *   tx.trySend("late");
   *   console.log(yield* messages.next()); // late
   * });
   * ```
   */
  timeout(duration: Duration): Stream<T> {
    return new adapters.Timeout(this, duration);
  }

  /**
   * Throws `ElapsedError` at every tick of `interval` while no item comes. An item resets the interval: its next tick comes one period later.
   *
   * The first tick of an interval is immediate, unless it was made with `intervalAt` or was reset.
   *
   * @param interval - is dropped with the stream
   * @throws InvalidArgumentError if it is not an interval
   */
  timeoutRepeating(interval: Interval): Stream<T> {
    return new adapters.TimeoutRepeating(this, interval);
  }

  /**
   * At most one item for each `duration`: the first one at once, and after each the source is not asked before the time has passed. Nothing is left out.
   *
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like; 0 for no limit
   */
  throttle(duration: Duration): Stream<T> {
    return new adapters.Throttle(this, duration);
  }

  /**
   * Items in batches: an array of `size`, or of what there is once `duration` has passed since the batch's first item. Never an empty one. What is
   * left at the end, or before an error item, is a batch too.
   *
   * @param size - the most in a batch, at least 1
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like
   * @throws InvalidArgumentError if `size` is not a whole number, 1 or more
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   console.log(yield* fromIter([1, 2, 3, 4, 5]).chunksTimeout(2, 100).collect()); // [ [ 1, 2 ], [ 3, 4 ], [ 5 ] ]
   * });
   * ```
   */
  chunksTimeout(size: number, duration: Duration): ChunksTimeout<T> {
    return new adapters.ChunksTimeout(this, size, duration);
  }

  /**
   * Drives up to `n` of the futures that are this stream's items at the same time, and gives their values in the order of the items.
   *
   * The futures take turns on the task that asks for items; spawn them for more. A value that is there and not yet asked for counts among the `n`. They
   * belong to the stream, and get on only while somebody waits for an item.
   *
   * @param n - how many, at least 1
   * @throws InvalidArgumentError if `n` is not a whole number, 1 or more
   *
   * @example
   * ```ts
   * import { fn, main, sleep } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * const fetchPage = fn(function* fetchPage(page: number) {
   *   yield* sleep(30 - page * 10);
   *   return `page ${page}`;
   * });
   *
   * await main(function* () {
   *   const pages = fromIter([0, 1, 2]).map(fetchPage);
   *   console.log(yield* pages.buffered(2).collect()); // [ 'page 0', 'page 1', 'page 2' ]
   * });
   * ```
   */
  buffered<R>(this: Stream<IntoFuture<R>>, n: number): Stream<R> {
    return new adapters.Buffered<R>(this, n);
  }

  /**
   * As {@link Stream.buffered}, but gives the values in the order in which the futures come to them.
   *
   * @param n - how many, at least 1
   * @throws InvalidArgumentError if `n` is not a whole number, 1 or more
   */
  bufferUnordered<R>(this: Stream<IntoFuture<R>>, n: number): Stream<R> {
    return new adapters.BufferUnordered<R>(this, n);
  }

  /**
   * All items in an array. The stream has to end, and is dropped then.
   *
   * **Cancel safety**: not safe: the items that have come are lost, and the stream is dropped.
   *
   * @throws the first error item, once the stream is dropped and its cleanup has ended
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter } from "toki/stream";
   *
   * await main(function* () {
   *   const odd = fromIter([1, 2, 3]).filter((n) => n % 2 === 1);
   *   console.log(yield* odd.collect()); // [ 1, 3 ]
   * });
   * ```
   */
  collect(): Future<T[]> {
    return new adapters.Collect(this);
  }

  /**
   * Combines all items: `f(f(init, first), second)` and so on. The stream has to end, and is dropped then.
   *
   * **Cancel safety**: not safe: what has been combined is lost, and the stream is dropped.
   *
   * @param init - the value to begin with, and the result if there are no items
   * @param f - gets the value so far and an item
   * @throws the first error item and what `f` throws, once the stream is dropped and its cleanup has ended
   * @throws InvalidArgumentError if `f` is not a function
   */
  fold<A>(init: A, f: (accumulated: A, item: T) => A): Future<A> {
    return new adapters.Fold(this, init, f);
  }

  /**
   * Whether `predicate` is true for every item; asked no further than to the first for which it is not. What follows stays in the stream, which is
   * not dropped.
   *
   * **Cancel safety**: not safe: the items that were seen are gone; the others stay in the stream.
   *
   * @param predicate - what it throws ends the search
   * @throws an error item, which ends the search and not the stream; MisuseError if another task waits for the next item
   * @throws InvalidArgumentError if `predicate` is not a function
   */
  all(predicate: (item: T) => boolean): Future<boolean> {
    return new adapters.Search(this, predicate, false);
  }

  /**
   * Whether `predicate` is true for any item; asked no further than to the first for which it is. What follows stays in the stream, which is not
   * dropped.
   *
   * **Cancel safety**: as {@link Stream.all}: not safe.
   *
   * @param predicate - what it throws ends the search
   * @throws as {@link Stream.all}
   */
  any(predicate: (item: T) => boolean): Future<boolean> {
    return new adapters.Search(this, predicate, true);
  }

  /**
   * Calls `body` with each item, one after the other. The stream is dropped at the end.
   *
   * **Cancel safety**: not safe: a body under way is cancelled, its cleanup awaited, and the stream is dropped.
   *
   * @param body - a function, or a `function*` body or one that returns a future, whose end is awaited before the next item is taken
   * @throws the first error item and what `body` throws, once the stream is dropped and its cleanup has ended
   * @throws InvalidArgumentError if `body` is not a function
   *
   * @example
   * ```ts
   * import { main, spawn } from "toki";
   * import { stream } from "toki/stream";
   * import { mpsc } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = mpsc.channel<number>(4);
   *   spawn(function* () {
   *     using sender = tx;
   *     for (let n = 1; n <= 3; n++) yield* sender.send(n);
   *   });
   *   yield* stream(rx).forEach((n) => console.log(n)); // 1, 2, 3
   * });
   * ```
   */
  forEach(body: ForEachBody<T>): Future<void> {
    return new adapters.ForEach(this, body);
  }

  /**
   * Items for plain async code: `for await (const item of s)`. The stream is dropped when the loop is over, and its cleanup awaited: at the end, at an
   * error, or when the loop is left. To keep it, iterate {@link Stream.byRef}.
   *
   * The loop drives the runtime that the stream, or what it is made of, was made in, or the one of `rt.enter()`. Without one, something else has to drive
   * what the items come from, and there are no timers.
   *
   * @example
   * ```ts
   * import { fromIter } from "toki/stream";
   *
   * for await (const n of fromIter([1, 2, 3, 4]).filter((n) => n % 2 === 0)) console.log(n); // 2, 4
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, void> {
    const { rt } = this;
    return driveAsyncIterator(
      rt === null || rt.isClosed ? current.runtime : rt,
      () => new NextBoxed(this),
      () => this.cancel(),
      unbox,
    );
  }
}

function unbox<T>(box: { readonly item: T }): T {
  return box.item;
}
