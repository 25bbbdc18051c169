/**
 * Streams: items that come one after the other, as `tokio_stream`.
 *
 * {@link stream} makes a {@link Stream} of channels, intervals, listeners, sets of tasks and iterables of both kinds; its methods are the adapters. Inside Toki
 * `yield* s.next()` awaits an item, in plain async code `for await` does.
 *
 * @module
 */
import * as adapters from "./adapters/index.js";
import { linkAdapters } from "./stream.js";

// The methods of Stream make the adapters, which extend Stream.
linkAdapters(adapters);

export type { ChunksTimeout } from "./adapters/chunks-timeout.js";
export type { Peekable } from "./adapters/peekable.js";
export type { ItemResult } from "./adapters/results.js";
export { Done } from "./done.js";
export { stream } from "./from.js";
export { notifyClose } from "./notify-close.js";
export { fromIter } from "./sources/from-iter.js";
export { type Emitter, generate } from "./sources/generate.js";
export { repeatWith } from "./sources/repeat-with.js";
export { empty, once, pendingStream } from "./sources/simple.js";
export { type UnfoldStep, unfold } from "./sources/unfold.js";
export { type ForEachBody, Stream } from "./stream.js";
export { StreamMap } from "./stream-map.js";
export type * from "./stream-source.js";
