import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AsyncSource, Future, Instant, Interval, JoinSet } from "toki";
import type { TcpListener, TcpStream } from "toki/net";
import type * as shared from "toki/shared";
import type { Signal, SignalKind } from "toki/signal";
import { type ItemResult, type Stream, type StreamMap, stream } from "toki/stream";
import type * as sync from "toki/sync";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>) => {};

/** Compiled, never called. */
export function types(
  s: Stream<number>,
  rx: sync.mpsc.Receiver<string>,
  unbounded: sync.mpsc.UnboundedReceiver<string>,
  sharedRx: shared.mpsc.Receiver<string>,
  interval: Interval,
  listener: TcpListener,
  signal: Signal,
  set: JoinSet<number>,
  source: AsyncSource<number>,
  generator: AsyncGenerator<number>,
  map: StreamMap<string, number>,
): void {
  const sources = [
    stream(s),
    stream(rx),
    stream(unbounded),
    stream(sharedRx),
    stream(interval),
    stream(listener),
    stream(signal),
    stream(set),
    stream(source),
    stream(generator),
    stream(() => generator),
    stream([1, 2]),
    stream("text"),
    stream(map),
  ] as const;
  same<
    typeof sources,
    readonly [
      Stream<number>,
      Stream<string>,
      Stream<string>,
      Stream<string>,
      Stream<Instant>,
      Stream<TcpStream>,
      Stream<SignalKind>,
      Stream<number>,
      Stream<number>,
      Stream<number>,
      Stream<number>,
      Stream<number>,
      Stream<string>,
      Stream<[key: string, item: number]>,
    ]
  >(true);
  const adapted = [
    s.next(),
    s.map(String),
    s.filter((n): n is 1 => n === 1),
    s.filterMap((n) => (n > 1 ? `${n}` : undefined)),
    s.mapAsync(function* (n) {
      return `${n}`;
    }),
    s.merge(stream(rx)),
    s.results(),
    s.chunksTimeout(2, 10).next(),
    s.collect(),
    s.map((n): Future<string> => n as never).buffered(2),
  ] as const;
  same<
    typeof adapted,
    readonly [
      Future<number | undefined>,
      Stream<string>,
      Stream<1>,
      Stream<string>,
      Stream<string>,
      Stream<string | number>,
      Stream<ItemResult<number>>,
      Future<number[] | undefined>,
      Future<number[]>,
      Stream<string>,
    ]
  >(true);
  // @ts-expect-error: the items are no futures
  s.buffered(2);
  // @ts-expect-error: a promise is no source
  stream(Promise.resolve(1));
  // @ts-expect-error: nor is a number
  stream(1);
}

describe("types of toki/stream", () => {
  it("are checked by the compiler", () => {
    assert.equal(typeof types, "function");
  });
});
