/*
 * A map with a limit: up to `limit` lanes, tasks of one scope, each of which takes the next item when it is done with one. An item is taken from the source only when a
 * lane is free for it. The source is asked by one lane at a time, who has `turn`, since its next item may take a while.
 *
 * A call of a portable function becomes a task, so that workers can take it; what is not portable runs in its lane.
 */
import { checkBody } from "../future/bound-body.js";
import { fn } from "../future/fn.js";
import { fromAsyncIterable } from "../future/from-async-iterable.js";
import { Future } from "../future/future.js";
import type { IntoFuture } from "../future/into-future.js";
import { isPromiseLike, notAFuture } from "../future/misuse.js";
import { ready } from "../future/ready.js";
import { shield } from "../future/shield.js";
import { suppressed } from "../future/suppressed-error.js";
import { invalidArgument } from "../internal/invalid-argument.js";
// Only this and the type, so that a program with a map need not have all adapters in its bundle.
import { NextBoxed } from "../stream/pull.js";
import type { Stream } from "../stream/stream.js";
import { integer } from "../sync/integer.js";
import { Mutex } from "../sync/mutex.js";
import { type Scope, scope } from "../task/scope.js";

/** One item, and the place of its result. */
interface Entry {
  readonly item: unknown;
  readonly index: number;
}

/** Where the items come from: undefined is the end. */
interface Source {
  next(): Future<Entry | undefined>;
  /** No more is wanted. */
  close(): Future<void>;
}

type Mapper = (item: never, index: number) => IntoFuture<unknown>;

function iterableSource(items: Iterable<unknown>): Source {
  const iterator = items[Symbol.iterator]();
  let count = 0;
  let isOver = false;
  return {
    next() {
      if (isOver) return ready(undefined);
      isOver = true; // in case it throws
      const result = iterator.next();
      isOver = result.done === true;
      return ready(isOver ? undefined : { item: result.value, index: count++ });
    },
    close() {
      if (!isOver) iterator.return?.();
      return ready(undefined);
    },
  };
}

function asyncSource(items: AsyncIterable<unknown>): Source {
  const source = fromAsyncIterable(items);
  let count = 0;
  const next = fn(function* next() {
    const item = yield* source.next();
    return source.isEnded ? undefined : { item, index: count++ };
  });
  return { next, close: () => source.close() };
}

/** Not by `next()`, where an item that is undefined would be the end. */
function streamSource(items: Stream<unknown>): Source {
  let count = 0;
  let isOver = false;
  const next = fn(function* next() {
    if (isOver) return undefined; // each lane asks until there is no more
    const box = yield* new NextBoxed(items);
    isOver = box === undefined;
    return box === undefined ? undefined : { item: box.item, index: count++ };
  });
  return { next, close: () => items.cancel() };
}

/** What the lanes of a map have in common. */
interface Lanes {
  readonly source: Source;
  readonly mapper: Mapper;
  readonly scope: Scope;
  /** Whose turn it is to ask the source. */
  readonly turn: Mutex<undefined>;
  readonly results: unknown[];
}

const nextEntry = fn(function* nextEntry({ turn, source }: Lanes) {
  const guard = yield* turn.lock();
  try {
    return yield* source.next();
  } finally {
    guard.release();
  }
});

const lane = fn(function* lane(lanes: Lanes, first: Entry) {
  const { mapper, results, scope } = lanes;
  for (let entry: Entry | undefined = first; entry !== undefined; entry = yield* nextEntry(lanes)) {
    const made = mapper(entry.item as never, entry.index);
    if (isPromiseLike(made)) throw notAFuture("mapConcurrent", made);
    const future = Future.from(made);
    results[entry.index] = yield* future.asPortable() === null ? future : scope.spawn(future);
  }
});

const run = fn(function* mapConcurrent(open: () => Source, limit: number, mapper: Mapper) {
  const source = open();
  const results: unknown[] = [];
  let failure: { readonly error: unknown } | undefined;
  try {
    yield* scope(function* (scope) {
      const lanes: Lanes = { source, mapper, scope, turn: new Mutex(undefined), results };
      for (let i = 0; i < limit; i++) {
        const first = yield* nextEntry(lanes);
        if (first === undefined) return;
        scope.spawn(lane(lanes, first));
      }
    });
    return results;
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    try {
      yield* shield(source.close()); // an abort that arrives now waits for it, and does not replace the error
    } catch (error) {
      // biome-ignore lint/correctness/noUnsafeFinally: the error it had is in it
      throw failure === undefined ? error : suppressed(error, failure.error);
    }
  }
});

/**
 * Applies an asynchronous function to each item, to no more than `limit` at once, and gives the results in the order of the items.
 *
 * An item is taken from `items` only when there is room for it: a generator, a `Stream` or an async iterable (a channel's receiver) may be of any length. The first error
 * ends it: everything under way is cancelled with its cleanup, and no further item is taken.
 *
 * Each call of a portable function (`fn(import.meta, ...)`) is a task, which on a multi-thread runtime runs on any worker: so this is also the parallel map over all
 * cores. Everything else runs on this thread.
 *
 * **Cancel safety**: not safe. Everything under way is cancelled, the results so far are lost.
 *
 * @param items - an iterable or an async iterable; closed when not read to its end
 * @param limit - how many may be under way
 * @param mapper - called with an item and its index; a `function*`, or a function that returns a future
 * @throws the first error of `mapper` or `items`
 * @throws InvalidArgumentError if `items` is not iterable, or `limit` not a whole number, 1 or more
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 * import { mapConcurrent } from "toki/util";
 *
 * const fetchSize = fn(function* fetchSize(url: string) {
 *   yield* sleep(1);
 *   return url.length;
 * });
 *
 * await main(function* () {
 *   const urls = ["/", "/about", "/news"];
 *   console.log(yield* mapConcurrent(urls, 2, (url) => fetchSize(url))); // [ 1, 6, 5 ]
 * });
 * ```
 */
export function mapConcurrent<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  mapper: (item: T, index: number) => IntoFuture<R>,
): Future<R[]> {
  const source = sourceOf(items);
  integer("mapConcurrent", "limit", limit, 1);
  checkBody(mapper, "mapConcurrent");
  return run(source, limit, mapper as Mapper) as Future<R[]>;
}

function sourceOf(items: unknown): () => Source {
  const found = items as Partial<Iterable<unknown> & AsyncIterable<unknown> & Stream<unknown>> | null;
  if (typeof found?.pollNext === "function") return () => streamSource(items as Stream<unknown>);
  if (typeof found?.[Symbol.asyncIterator] === "function") return () => asyncSource(items as AsyncIterable<unknown>);
  if (typeof found?.[Symbol.iterator] === "function") return () => iterableSource(items as Iterable<unknown>);
  throw invalidArgument("mapConcurrent", "items", "an iterable or an async iterable", items);
}
