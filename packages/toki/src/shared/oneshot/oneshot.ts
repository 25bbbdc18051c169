import * as errors from "../../sync/error.js";
import * as oneshotErrors from "../../sync/oneshot/error.js";
import { Share } from "../share.js";
import { kind, RECEIVER_HALF, SENDER_HALF } from "./channel.js";
import { OneshotReceiver } from "./receiver.js";
import { OneshotSender } from "./sender.js";

/**
 * Makes a channel for exactly one value between any two threads: one side sends it, without waiting, the other awaits it. The value is copied.
 *
 * Also spelled `oneshot.channel`; the error classes and types are on it too (`oneshot.RecvError`, `oneshot.Sender<T>`).
 *
 * @typeParam T - the value's type
 * @returns the two halves, each of which can be sent to another thread
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { oneshot } from "toki/shared";
 *
 * export const greet = fn(import.meta, function* greet(reply: oneshot.Sender<string>) {
 *   reply.send("hello from a worker");
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<string>();
 *   spawn(greet(tx));
 *   console.log(yield* rx); // hello from a worker
 * });
 * ```
 */
export function oneshot<T>(): [tx: OneshotSender<T>, rx: OneshotReceiver<T>] {
  const share = Share.create(kind);
  share.half(SENDER_HALF | RECEIVER_HALF, true);
  return [new OneshotSender<T>(share), new OneshotReceiver<T>(share.use())];
}

export namespace oneshot {
  /**
   * {@link oneshot}, under Tokio's name.
   *
   * @example
   * ```ts
   * import { oneshot } from "toki/shared";
   *
   * const [tx, rx] = oneshot.channel<number>();
   * tx.send(42);
   * console.log(rx.tryRecv()); // 42
   * ```
   */
  export const channel = oneshot;

  /** See {@link OneshotSender}. */
  export type Sender<T> = OneshotSender<T>;
  /** See {@link OneshotReceiver}. */
  export type Receiver<T> = OneshotReceiver<T>;

  /** See {@link errors.SendError}. */
  export const SendError = errors.SendError;
  /** See {@link errors.SendError}. */
  export type SendError<T> = errors.SendError<T>;
  /** See {@link oneshotErrors.RecvError}. */
  export const RecvError = oneshotErrors.RecvError;
  /** See {@link oneshotErrors.RecvError}. */
  export type RecvError = oneshotErrors.RecvError;
  /** See {@link oneshotErrors.TryRecvError}. */
  export const TryRecvError = oneshotErrors.TryRecvError;
  /** See {@link oneshotErrors.TryRecvError}. */
  export type TryRecvError = oneshotErrors.TryRecvError;
}
