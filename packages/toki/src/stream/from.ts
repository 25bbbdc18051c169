import { type AsyncIterableSource, AsyncSource, fromAsyncIterable } from "../future/from-async-iterable.js";
import type { Future } from "../future/future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { SignalKind } from "../signal/signal-kind.js";
import type { Instant } from "../time/instant.js";
import type { Interval } from "../time/interval.js";
import { AsyncIterableStream } from "./sources/async-iterable.js";
import { BroadcastStream } from "./sources/broadcast.js";
import { ConnectionStream } from "./sources/connections.js";
import { isIterable, iterStream } from "./sources/from-iter.js";
import { JoinedStream } from "./sources/joined.js";
import { PieceStream } from "./sources/pieces.js";
import { ReceiverStream } from "./sources/receiver.js";
import { SignalStream } from "./sources/signals.js";
import { TickStream } from "./sources/ticks.js";
import { WatchStream } from "./sources/watch.js";
import { Stream } from "./stream.js";
import type {
  BroadcastReceiverLike,
  EntriesLike,
  JoinSetLike,
  LinesLike,
  ListenerLike,
  QueueReceiver,
  SegmentsLike,
  SignalLike,
  WatchReceiverLike,
  WatchStreamOptions,
} from "./stream-source.js";

/**
 * Makes a stream of what gives items one after the other, and hands the source over to it.
 *
 * | source | items | ends | when the stream is dropped |
 * | --- | --- | --- | --- |
 * | a `Stream` | is given back as it is | | |
 * | an mpsc receiver | messages | when the channel is closed and drained | the receiver is disposed: messages in the channel are lost, senders fail |
 * | a broadcast receiver | messages; an error item where some were missed | when the channel is closed and drained | the receiver is disposed |
 * | a watch receiver | the value, then changes; without the first with `{ initial: false }` | when the senders are gone | the receiver is disposed |
 * | an interval | the instants its ticks were scheduled for | never | the interval is disposed |
 * | a listener | connections; a failed accept is an error item | never | the listener is disposed |
 * | a signal listener | the `SignalKind`, at each arrival | never | |
 * | a `JoinSet` or `JoinQueue` | the tasks' values; a failed task's `JoinError` is an error item | when none is left | the tasks are aborted, and their cleanup awaited |
 * | a `JoinMap` | `[key, result]` of the tasks as they end | when none is left | the tasks are aborted |
 * | a `DelayQueue` | what has expired | when the queue is empty; it goes on with what is inserted then | the queue is disposed |
 * | a reader with `nextLine`, `nextSegment` or `nextEntry` | its pieces | where the reader ends | the reader is disposed |
 * | an async iterable, or a function that gets a signal and makes one | its items | where it ends | its `return()` is called and awaited, the signal aborted |
 * | an iterable, as {@link fromIter} | its items | where it ends | its `return()` is called |
 *
 * What is in the table needs no stream for a plain `for await`: receivers, listeners and sets are async iterables themselves, and leaving such a loop
 * leaves them as they are.
 *
 * @param source - one of these
 * @param options - for a watch receiver: whether its value comes first
 * @throws InvalidArgumentError if `source` is none of these
 *
 * @example
 * ```ts
 * import { interval, main } from "toki";
 * import { mpsc } from "toki/sync";
 * import { stream } from "toki/stream";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(4);
 *   tx.trySend("message");
 *   tx[Symbol.dispose]();
 *   const ticks = stream(interval(5)).map(() => "tick").take(2);
 *   console.log((yield* stream(rx).merge(ticks).collect()).sort()); // [ 'message', 'tick', 'tick' ]
 * });
 * ```
 */
export function stream<T>(source: Stream<T>): Stream<T>;
export function stream<T>(source: QueueReceiver<T>): Stream<T>;
export function stream<T>(source: BroadcastReceiverLike<T>): Stream<T>;
export function stream<T>(source: WatchReceiverLike<T>, options?: WatchStreamOptions): Stream<T>;
export function stream(source: Interval): Stream<Instant>;
export function stream<S>(source: ListenerLike<S>): Stream<S>;
export function stream(source: SignalLike): Stream<SignalKind>;
export function stream<T>(source: JoinSetLike<T>): Stream<T>;
export function stream(source: LinesLike): Stream<string>;
export function stream<T>(source: SegmentsLike<T>): Stream<T>;
export function stream<T>(source: EntriesLike<T>): Stream<T>;
export function stream<T>(source: AsyncSource<T>): Stream<T>;
export function stream<T>(source: AsyncIterableSource<T>): Stream<T>;
export function stream<T>(source: Iterable<T>): Stream<T>;
export function stream(source: unknown, options?: WatchStreamOptions): Stream<unknown> {
  if (source instanceof Stream) return source;
  // By what they can do, so that a program that uses none of them need not have them in its bundle.
  const can = source as Record<string, unknown> | null | undefined;
  const has = (method: string) => typeof can?.[method] === "function";
  if (has("recvMany")) return new ReceiverStream(source as QueueReceiver<unknown>);
  if (has("borrowAndUpdate")) return new WatchStream(source as WatchReceiverLike<unknown>, isInitial(options));
  if (has("resubscribe")) return new BroadcastStream(source as BroadcastReceiverLike<unknown>);
  if (has("pollTick")) return new TickStream(source as Interval);
  if (has("accept")) return new ConnectionStream(source as ListenerLike<unknown>);
  if (has("joinNext") && has("containsKey")) return pieces(source as Pieces, "joinNext");
  if (has("joinNext")) return new JoinedStream(source as JoinSetLike<unknown>);
  if (has("pollExpired")) return pieces(source as Pieces, "next");
  if (has("recv") && can?.kind !== undefined) return new SignalStream(source as SignalLike);
  for (const method of ["nextLine", "nextSegment", "nextEntry"]) {
    if (has(method)) return pieces(source as Pieces, method);
  }
  if (source instanceof AsyncSource) return new AsyncIterableStream(source);
  if (typeof source === "function" || (can !== null && typeof can === "object" && Symbol.asyncIterator in can)) {
    return new AsyncIterableStream(fromAsyncIterable(source as unknown as AsyncIterableSource<unknown>));
  }
  if (isIterable(source)) return iterStream(source);
  throw invalidArgument("stream", "source", "a stream, receiver, interval, listener, JoinSet or iterable", source);
}

function isInitial(options: WatchStreamOptions | undefined): boolean {
  checkOptions(options, "stream");
  const initial = options?.initial ?? true;
  if (typeof initial === "boolean") return initial;
  throw invalidArgument("stream", "options.initial", "a boolean", initial);
}

type Pieces = Record<string, () => Future<unknown>>;

function pieces(reader: Pieces, method: string): Stream<unknown> {
  return new PieceStream(reader, () => reader[method]!());
}
