import * as errors from "../error.js";
import * as mpscErrors from "../mpsc/error.js";
import { slotsFor } from "./capacity.js";
import { BroadcastChan, MAX_SLOTS } from "./chan.js";
import * as broadcastErrors from "./error.js";
import type { BroadcastReceiver } from "./receiver.js";
import { BroadcastSender } from "./sender.js";
import type { WeakBroadcastSender } from "./weak-sender.js";

/**
 * Makes a channel for many senders and many receivers: each receiver gets every value that is sent while it is there. For events that several tasks listen to.
 *
 * Sending never waits. The channel keeps the last `capacity` values, and each only until every receiver has read it; a receiver that falls further behind
 * misses the oldest, and is told so. Values are passed by reference, the same object to all.
 *
 * Also spelled `broadcast.channel`; the error classes and types are on it too (`broadcast.RecvError`, `broadcast.Sender<T>`).
 *
 * @param capacity - how many values it keeps for receivers that are behind, 1 or more; rounded up to a power of two
 * @returns a sender and a receiver
 * @throws InvalidArgumentError if `capacity` is not a whole number from 1 to 2^30
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { broadcast } from "toki/sync";
 *
 * const worker = fn(function* worker(n: number, shutdown: broadcast.Receiver<void>) {
 *   using stop = shutdown;
 *   yield* stop.recv();
 *   return `worker ${n} stops`;
 * });
 *
 * await main(function* () {
 *   using tx = new broadcast.Sender<void>(1);
 *   const workers = [1, 2, 3].map((n) => spawn(worker(n, tx.subscribe())));
 *   console.log(tx.send()); // 3
 *   for (const each of workers) console.log(yield* each);
 * });
 * ```
 */
export function broadcast<T>(capacity: number): [tx: BroadcastSender<T>, rx: BroadcastReceiver<T>] {
  const tx = new BroadcastSender<T>(new BroadcastChan<T>(slotsFor("broadcast", capacity, MAX_SLOTS)));
  return [tx, tx.subscribe()];
}

export namespace broadcast {
  /**
   * {@link broadcast}, under Tokio's name.
   *
   * @example
   * ```ts
   * import { broadcast } from "toki/sync";
   *
   * const [tx, rx] = broadcast.channel<number>(16);
   * tx.send(42);
   * console.log(rx.tryRecv()); // 42
   * ```
   */
  export const channel = broadcast;

  /** See {@link BroadcastSender}. */
  export const Sender = BroadcastSender;
  /** See {@link BroadcastSender}. */
  export type Sender<T> = BroadcastSender<T>;
  /** See {@link BroadcastReceiver}. */
  export type Receiver<T> = BroadcastReceiver<T>;
  /** See {@link WeakBroadcastSender}. */
  export type WeakSender<T> = WeakBroadcastSender<T>;

  /** See {@link errors.SendError}. */
  export const SendError = errors.SendError;
  /** See {@link errors.SendError}. */
  export type SendError<T> = errors.SendError<T>;
  /** See {@link broadcastErrors.BroadcastRecvError}. */
  export const RecvError = broadcastErrors.BroadcastRecvError;
  /** See {@link broadcastErrors.BroadcastRecvError}. */
  export type RecvError = broadcastErrors.BroadcastRecvError;
  /** See {@link broadcastErrors.LaggedError}. */
  export const LaggedError = broadcastErrors.LaggedError;
  /** See {@link broadcastErrors.LaggedError}. */
  export type LaggedError = broadcastErrors.LaggedError;
  /** See {@link mpscErrors.ConcurrentRecvError}. */
  export const ConcurrentRecvError = mpscErrors.ConcurrentRecvError;
  /** See {@link mpscErrors.ConcurrentRecvError}. */
  export type ConcurrentRecvError = mpscErrors.ConcurrentRecvError;
}
