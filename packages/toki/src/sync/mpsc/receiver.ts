import { BaseReceiver } from "./base-receiver.js";

/**
 * The receiving half of a bounded channel. Dispose it when no message is wanted any more: senders then fail instead of waiting for room.
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<number>(4);
 *   spawn(function* () {
 *     using sender = tx;
 *     for (let i = 0; i < 3; i++) yield* sender.send(i);
 *   });
 *   using receiver = rx;
 *   for (;;) {
 *     const n = yield* receiver.recv();
 *     if (n === undefined) break;
 *     console.log(n); // 0, 1, 2
 *   }
 * });
 * ```
 */
export class Receiver<T> extends BaseReceiver<T> {
  /** How many slots are free now: not under a message, not reserved, not promised to somebody who waits. */
  get capacity(): number {
    return this.chan.permits;
  }

  /** How many slots there are. */
  get maxCapacity(): number {
    return this.chan.capacity;
  }
}
