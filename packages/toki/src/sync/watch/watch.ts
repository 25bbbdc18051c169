import * as errors from "./error.js";
import { WatchReceiver } from "./receiver.js";
import { WatchSender } from "./sender.js";
import { State } from "./state.js";

/**
 * Makes a channel that holds one value, the latest: senders replace it, receivers read it and wait for it to change. For settings, states and the wish to
 * shut down: what matters is what holds now, not every step on the way.
 *
 * Receivers get references to the value: do not change it in place but with {@link WatchSender.sendModify}.
 *
 * Also spelled `watch.channel`; the error classes and types are on it too (`watch.RecvError`, `watch.Sender<T>`).
 *
 * @param initial - the value it has at first, which counts as seen by the receiver
 * @returns a sender and a receiver; both can be cloned
 *
 * @example
 * ```ts
 * import { main, select, sleep, spawn } from "toki";
 * import { watch } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = watch(false);
 *   const worker = spawn(function* () {
 *     for (let n = 0; ; n++) {
 *       const { key } = yield* select.biased({ shutdown: rx.changed(), tick: sleep(2) });
 *       if (key === "shutdown" && rx.borrowAndUpdate()) return "Shutting down";
 *     }
 *   });
 *   yield* sleep(10);
 *   tx.send(true);
 *   console.log(yield* worker); // Shutting down
 * });
 * ```
 */
export function watch<T>(initial: T): [tx: WatchSender<T>, rx: WatchReceiver<T>] {
  const state = new State(initial);
  return [new WatchSender(initial, state), new WatchReceiver(state, state.version)];
}

export namespace watch {
  /**
   * {@link watch}, under Tokio's name.
   *
   * @example
   * ```ts
   * import { watch } from "toki/sync";
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
