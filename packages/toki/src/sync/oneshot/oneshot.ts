import { SendError } from "../error.js";
import { RecvError, TryRecvError } from "./error.js";
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

oneshot.channel = oneshot;
oneshot.SendError = SendError;
oneshot.RecvError = RecvError;
oneshot.TryRecvError = TryRecvError;

export namespace oneshot {
  /** {@link OneshotSender} */
  export type Sender<T> = OneshotSender<T>;
  /** {@link OneshotReceiver} */
  export type Receiver<T> = OneshotReceiver<T>;
}
