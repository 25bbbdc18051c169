import type { Future } from "../future/future.js";
import type { SignalKind } from "../signal/signal-kind.js";

/** The receiver of an mpsc channel, of `toki/sync` or `toki/shared`, as {@link stream} sees it. */
export interface QueueReceiver<T> extends Disposable {
  /** The next message; undefined when the channel has ended. Has to be cancel safe. */
  recv(): Future<T | undefined>;
  /** The next messages; what tells this receiver from others. Has to be cancel safe. */
  recvMany(limit: number): Future<T[]>;
}

/** The receiver of a broadcast channel, as {@link stream} sees it. */
export interface BroadcastReceiverLike<T> extends Disposable {
  /** The next message; throws when some were missed, and when the channel is closed. Has to be cancel safe. */
  recv(): Future<T>;
  /** Another receiver, from the next message on. */
  resubscribe(): unknown;
}

/** The receiver of a watch channel, as {@link stream} sees it. */
export interface WatchReceiverLike<T> extends Disposable {
  /** Waits for a value that has not been seen; throws when there will be none. Has to be cancel safe. */
  changed(): Future<void>;
  /** The value, which counts as seen from now on. */
  borrowAndUpdate(): T;
}

/** Options of {@link stream} for the receiver of a watch channel. */
export interface WatchStreamOptions {
  /** Whether the value there is comes first, or only the changes after it. @default true */
  initial?: boolean;
}

/** What accepts connections, as {@link stream} sees it. */
export interface ListenerLike<S> extends Disposable {
  /** The next connection and the address it comes from. Has to be cancel safe. */
  accept(): Future<readonly [stream: S, peer: unknown]>;
}

/** A listener for a signal of the operating system, as {@link stream} sees it. */
export interface SignalLike {
  /** Waits for the signal. Has to be cancel safe. */
  recv(): Future<void>;
  /** Which signal. */
  readonly kind: SignalKind;
}

/** A reader of lines, as {@link stream} sees it. */
export interface LinesLike {
  /** The next line; undefined at the end. Has to be cancel safe. */
  nextLine(): Future<string | undefined>;
}

/** A reader of what lies between separators, as {@link stream} sees it. */
export interface SegmentsLike<T> {
  /** The next segment; undefined at the end. Has to be cancel safe. */
  nextSegment(): Future<T | undefined>;
}

/** A reader of a directory, as {@link stream} sees it. */
export interface EntriesLike<T> {
  /** The next entry; undefined at the end. Has to be cancel safe. */
  nextEntry(): Future<T | undefined>;
}
