import * as errors from "../error.js";
import * as oneshotErrors from "./error.js";
import { OneshotReceiver } from "./receiver.js";
import { OneshotSender } from "./sender.js";

/**
 * Makes a channel for exactly one value: one side sends it, without waiting, the other awaits it.
 *
 * Also spelled `oneshot.channel`; the error classes and types are on it too (`oneshot.RecvError`, `oneshot.Sender<T>`).
 *
 * @typeParam T - the value's type
 * @returns the two halves
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { oneshot } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = oneshot<string>();
 *   spawn(function* () {
 *     tx.send("done");
 *   });
 *   console.log(yield* rx); // done
 * });
 * ```
 */
export function oneshot<T>(): [tx: OneshotSender<T>, rx: OneshotReceiver<T>] {
  const rx = new OneshotReceiver<T>();
  return [new OneshotSender<T>(rx), rx];
}

export namespace oneshot {
  /**
   * {@link oneshot}, under Tokio's name.
   *
   * @example
   * ```ts
   * import { oneshot } from "toki/sync";
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
