/*
 * Streams by key, polled together.
 *
 * An entry is in `entries`, at `index`, and in `byKey`; or in neither, with `index` -1: removed, replaced, or its stream has ended. Taking one out moves
 * the last one into its place.
 *
 * A round of polls begins at a random entry and goes around once. Each stream of the round is asked, or moved by a removal past one that was. Callbacks of
 * the streams may change the map meanwhile: `changes` tells, and the round is then repeated by waking whoever polls, since an entry may have been missed. The same
 * wake is due when another task inserts a stream while somebody waits.
 */

import type { Context } from "../future/context.js";
import type { AwaitEdge, Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import type { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { randomBelow } from "../runtime/random.js";
import { integer } from "../sync/integer.js";
import { CancelAll, type Cancellable, dropStream } from "./cancel.js";
import { checkStream } from "./check.js";
import { Done } from "./done.js";
import { Pull, refuseWaited } from "./pull.js";
import { Stream } from "./stream.js";

class Entry<K, T> {
  readonly key: K;
  readonly stream: Stream<T>;
  index: number;

  constructor(key: K, stream: Stream<T>, index: number) {
    this.key = key;
    this.stream = stream;
    this.index = index;
  }
}

class NextMany<K, T> extends Pull<[K, T], [K, T][]> {
  private readonly limit: number;
  private over = false;

  constructor(map: StreamMap<K, T>, limit: number) {
    super(map);
    this.limit = limit;
  }

  poll(cx: Context): Poll<[K, T][]> {
    if (this.over) throw polledAfterCompletion(this.describe());
    this.takeOver(cx);
    this.over = true;
    const items = (this.stream as StreamMap<K, T>).pollNextMany(cx, this.limit);
    if (items !== Pending) return items;
    this.over = false;
    this.wait(cx);
    return Pending;
  }

  override describe(): string {
    return `nextMany of ${this.stream.describe()}`;
  }
}

/**
 * Any number of streams, each with a key, as one stream of `[key, item]`.
 *
 * Streams can be added and taken out at any time. One that ends is taken out by itself; to see which, wrap it with {@link notifyClose}. When none is left
 * the map ends, and goes on when another is inserted. An error item of a stream is thrown as it is; to know whose it is, insert `s.results()`.
 *
 * The streams are asked in order from a random one on, so that one that always has an item cannot starve the others. Each poll may ask all of them: meant
 * for tens or hundreds of streams, not for many thousands.
 *
 * The map owns its streams and drops them when it is dropped.
 *
 * @typeParam K - the keys, told apart as in a `Map`
 * @typeParam T - the items
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 * import { stream, StreamMap } from "toki/stream";
 *
 * await main(function* () {
 *   const [tx1, rx1] = mpsc.channel<string>(4);
 *   const [tx2, rx2] = mpsc.channel<string>(4);
 *   using rooms = new StreamMap<string, string>();
 *   rooms.insert("lobby", stream(rx1));
 *   rooms.insert("kitchen", stream(rx2));
 *   tx1.trySend("hello");
 *   console.log(yield* rooms.next()); // [ 'lobby', 'hello' ]
 *   rooms.remove("lobby");
 *   tx2.trySend("tea?");
 *   console.log(yield* rooms.next()); // [ 'kitchen', 'tea?' ]
 * });
 * ```
 */
export class StreamMap<K, T> extends Stream<[key: K, item: T]> {
  private readonly list: Entry<K, T>[];
  private readonly byKey: Map<K, Entry<K, T>>;
  private changes: number;
  /** Whom to wake for a stream that is new: of the latest poll that was pending. */
  private waker: Waker | null;
  /** An error item that nextMany met after items, and that comes next. */
  private failed: boolean;
  private error: unknown;
  private cancelling: CancelAll | null;

  /**
   * Makes a map, with the streams of `entries`.
   *
   * @param entries - keys and streams
   */
  constructor(entries?: Iterable<readonly [K, Stream<T>]>) {
    super();
    this.list = [];
    this.byKey = new Map();
    this.changes = 0;
    this.waker = null;
    this.failed = false;
    this.error = undefined;
    this.cancelling = null;
    if (entries === undefined) return;
    if (typeof entries?.[Symbol.iterator] !== "function")
      throw invalidArgument("StreamMap", "entries", "an iterable of [key, stream]", entries);
    for (const entry of entries) {
      if (!Array.isArray(entry)) throw invalidArgument("StreamMap", "an entry", "[key, stream]", entry);
      this.insert(entry[0] as K, entry[1] as Stream<T>);
    }
  }

  /** How many streams there are. */
  get size(): number {
    return this.list.length;
  }

  /** Whether there is none. */
  isEmpty(): boolean {
    return this.list.length === 0;
  }

  /**
   * Adds a stream. Wakes a task that waits for an item.
   *
   * @param key - its key
   * @param stream - the stream, which the map owns from now on
   * @returns the stream that had the key, which is the caller's again
   * @throws InvalidArgumentError if `stream` is not a stream
   */
  insert(key: K, stream: Stream<T>): Stream<T> | undefined {
    checkStream(stream, "StreamMap.insert", "stream");
    refuseWaited(stream);
    const replaced = this.remove(key);
    this.rt ??= stream.rt;
    const entry = new Entry(key, stream, this.list.length);
    this.list.push(entry);
    this.byKey.set(key, entry);
    this.changes++;
    const { waker } = this;
    this.waker = null;
    waker?.wake();
    return replaced;
  }

  /**
   * Takes a stream out. The order of the others changes.
   *
   * @returns the stream, which is the caller's again; undefined if there is none with this key
   */
  remove(key: K): Stream<T> | undefined {
    const entry = this.byKey.get(key);
    if (entry === undefined) return undefined;
    this.takeOut(entry);
    this.changes++;
    entry.stream.stopWaiting();
    // With the last stream the map has come to its end.
    if (this.list.length === 0) {
      const { waker } = this;
      this.waker = null;
      waker?.wake();
    }
    return entry.stream;
  }

  /** Whether there is a stream with this key. */
  containsKey(key: K): boolean {
    return this.byKey.has(key);
  }

  /** The stream with this key, which stays in the map. */
  get(key: K): Stream<T> | undefined {
    return this.byKey.get(key)?.stream;
  }

  /** The keys, in no particular order. */
  *keys(): IterableIterator<K> {
    for (const { key } of this.list) yield key;
  }

  /** The streams, in no particular order. */
  *values(): IterableIterator<Stream<T>> {
    for (const { stream } of this.list) yield stream;
  }

  /** Keys and streams, in no particular order. Tokio's `iter`. */
  *entries(): IterableIterator<[K, Stream<T>]> {
    for (const { key, stream } of this.list) yield [key, stream];
  }

  /** Takes all streams out and drops them. */
  clear(): void {
    const dropped = this.list.splice(0);
    this.byKey.clear();
    this.changes++;
    this.failed = false;
    this.error = undefined;
    for (const entry of dropped) entry.index = -1;
    const { waker } = this;
    this.waker = null;
    try {
      dropAll(dropped, 0);
    } finally {
      waker?.wake();
    }
  }

  private takeOut(entry: Entry<K, T>): void {
    const { list, byKey } = this;
    const last = list.pop() as Entry<K, T>;
    if (last !== entry) {
      list[entry.index] = last;
      last.index = entry.index;
    }
    entry.index = -1;
    byKey.delete(entry.key);
  }

  pollNext(cx: Context): Poll<[key: K, item: T] | Done> {
    if (this.failed) this.fail();
    const { list, changes } = this;
    if (list.length === 0) return Done;
    const start = list.length < 2 ? 0 : randomBelow(list.length);
    let at = start;
    for (let left = list.length; left > 0 && list.length > 0; left--) {
      const entry = list[at < list.length ? at : 0] as Entry<K, T>;
      const item = entry.stream.pollNext(cx);
      if (item !== Pending && item !== Done) return [entry.key, item as T];
      at = this.after(entry, item === Done, start);
    }
    return this.endOfRound(cx, changes);
  }

  /** The place to go on at, after an entry that had no item. What a removal has moved from before `start` was asked already. */
  private after(entry: Entry<K, T>, isDone: boolean, start: number): number {
    const { index } = entry;
    if (index < 0) return 0; // a callback took it out: the round will be repeated
    if (!isDone) return index + 1 < this.list.length ? index + 1 : 0;
    this.takeOut(entry);
    const { length } = this.list;
    if (index === length) return 0;
    return index < start && start <= length ? (index + 1) % length : index;
  }

  private endOfRound(cx: Context, changes: number): Pending | Done {
    if (this.list.length === 0) return Done;
    if (this.changes !== changes) cx.waker.wake();
    this.waker = cx.waker;
    return Pending;
  }

  /**
   * Waits until there is an item, and takes those that are there, up to `limit`, in rounds over all streams.
   *
   * **Cancel safety**: safe; a dropped `nextMany` has taken no item.
   *
   * @param limit - the most to take; 0 gives an empty array at once
   * @returns the items; none when the map is empty (or `limit` is 0)
   * @throws an error item, if it is the first; otherwise it comes after the items before it. MisuseError if another task is waiting
   * @throws InvalidArgumentError if `limit` is not a whole number, 0 or more
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { fromIter, StreamMap } from "toki/stream";
   *
   * await main(function* () {
   *   const map = new StreamMap([["a", fromIter([1, 2, 3])]]);
   *   console.log(yield* map.nextMany(2)); // [ [ 'a', 1 ], [ 'a', 2 ] ]
   * });
   * ```
   */
  nextMany(limit: number): Future<[key: K, item: T][]> {
    integer("StreamMap.nextMany", "limit", limit, 0);
    return new NextMany(this, limit);
  }

  /**
   * {@link StreamMap.nextMany} for futures written by hand.
   *
   * @returns the items; none when the map is empty (or `limit` is 0); or `Pending`
   * @throws as {@link StreamMap.nextMany}
   */
  pollNextMany(cx: Context, limit: number): Poll<[key: K, item: T][]> {
    integer("StreamMap.pollNextMany", "limit", limit, 0);
    const items: [K, T][] = [];
    if (limit === 0) return items;
    if (this.failed) this.fail();
    const { list, changes } = this;
    if (list.length === 0) return items;
    const start = list.length < 2 ? 0 : randomBelow(list.length);
    let at = start;
    for (let found = true; found; ) {
      found = false;
      for (let left = list.length; left > 0 && list.length > 0; left--) {
        const entry = list[at < list.length ? at : 0] as Entry<K, T>;
        let item: Poll<T | Done>;
        try {
          item = entry.stream.pollNext(cx);
        } catch (error) {
          if (items.length === 0) throw error;
          this.failed = true;
          this.error = error;
          return items;
        }
        at = this.after(entry, item === Done, start);
        if (item === Pending || item === Done) continue;
        found = true;
        items.push([entry.key, item as T]);
        if (items.length === limit) return items;
      }
    }
    if (items.length > 0) return items;
    return this.endOfRound(cx, changes) === Done ? items : Pending;
  }

  private fail(): never {
    const { error } = this;
    this.failed = false;
    this.error = undefined;
    throw error;
  }

  override stopWaiting(): void {
    this.waker = null;
    for (const { stream } of this.list) stream.stopWaiting();
  }

  /** Drops all streams and awaits their cleanup; the map is empty afterwards, and can be filled again. */
  override pollCancel(cx: Context): Poll<void> {
    if (this.cancelling === null) {
      const dropped: Cancellable[] = this.list.splice(0).map((entry) => {
        entry.index = -1;
        return entry.stream;
      });
      this.byKey.clear();
      this.changes++;
      this.failed = false;
      this.error = undefined;
      this.cancelling = new CancelAll(dropped);
    }
    const { cancelling } = this;
    this.cancelling = null; // in case it throws
    if (cancelling.poll(cx) !== Pending) return undefined;
    this.cancelling = cancelling;
    return Pending;
  }

  override forceCancel(): void {
    this.cancelling?.force();
    this.cancelling = null;
    const dropped = this.list.splice(0);
    this.byKey.clear();
    for (const { stream } of dropped) stream.forceCancel();
  }

  override [Symbol.dispose](): void {
    dropStream(this);
  }

  override describe(): string {
    return `StreamMap (${this.size} ${this.size === 1 ? "stream" : "streams"})`;
  }

  override *awaits(): Iterable<AwaitEdge> {
    for (const { key, stream } of this.list) {
      for (const { future } of stream.awaits()) yield { label: String(key), future };
    }
  }
}

/** Drops the streams of `entries` from `from` on, all of them even if one throws. */
function dropAll(entries: readonly Entry<unknown, unknown>[], from: number): void {
  for (let i = from; i < entries.length; i++) {
    try {
      (entries[i] as Entry<unknown, unknown>).stream[Symbol.dispose]();
    } catch (error) {
      dropAll(entries, i + 1);
      throw error;
    }
  }
}
