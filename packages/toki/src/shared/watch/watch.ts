import * as errors from "../../sync/watch/error.js";
import type { WatchReceiver } from "./receiver.js";
import { WatchSender } from "./sender.js";

/**
 * Makes a channel between any threads that holds one value, the latest: senders replace it, receivers read it and wait for it to change. For settings, states
 * and the wish to shut down: what matters is what holds now, not every step on the way.
 *
 * Values are copied: `borrow` gives a copy, and changing that changes nothing else. Use {@link WatchSender.sendModify} to change the value.
 *
 * Also spelled `watch.channel`; the error classes and types are on it too (`watch.RecvError`, `watch.Sender<T>`).
 *
 * @param initial - the value it has at first, which counts as seen by the receiver
 * @returns a sender and a receiver; both can be cloned, and sent to other threads
 * @throws NotSendError if `initial` cannot be sent
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { watch } from "toki/shared";
 *
 * export const follow = fn(import.meta, function* follow(settings: watch.Receiver<{ level: string }>) {
 *   using rx = settings;
 *   const { level } = yield* rx.waitFor((value) => value.level !== "info");
 *   return level;
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = watch({ level: "info" });
 *   const follower = spawn(follow(rx)); // on a worker
 *   tx.send({ level: "debug" });
 *   console.log(yield* follower); // debug
 * });
 * ```
 */
export function watch<T>(initial: T): [tx: WatchSender<T>, rx: WatchReceiver<T>] {
  const tx = new WatchSender(initial, undefined, "watch");
  return [tx, tx.subscribe()];
}

export namespace watch {
  /**
   * {@link watch}, under Tokio's name.
   *
   * @example
   * ```ts
   * import { watch } from "toki/shared";
   *
   * const [tx, rx] = watch.channel("initial");
   * tx.send("next");
   * console.log(rx.borrow()); // next
   * ```
   */
  export const channel = watch;

  /** See {@link WatchSender}. */
  export type Sender<T> = WatchSender<T>;
  /** See {@link WatchReceiver}. */
  export type Receiver<T> = WatchReceiver<T>;

  /** See {@link errors.WatchSendError}. */
  export const SendError = errors.WatchSendError;
  /** See {@link errors.WatchSendError}. */
  export type SendError<T> = errors.WatchSendError<T>;
  /** See {@link errors.WatchRecvError}. */
  export const RecvError = errors.WatchRecvError;
  /** See {@link errors.WatchRecvError}. */
  export type RecvError = errors.WatchRecvError;
}
