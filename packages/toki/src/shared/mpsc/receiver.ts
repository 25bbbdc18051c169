import { registerCrossing } from "../../portable/codec/crossing.js";
import { unique } from "../crossing.js";
import { BaseReceiver } from "./base-receiver.js";
import { abandon, kind, RECEIVER_HALF } from "./chan.js";

/**
 * The receiving half of a shared bounded channel. Dispose it when no message is wanted any more: senders then fail instead of waiting for room.
 *
 * Threads: there is one; sending it to another thread moves it, and this one cannot be used any more.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * export const sum = fn(import.meta, function* sum(numbers: mpsc.Receiver<number>) {
 *   using rx = numbers;
 *   let total = 0;
 *   for (let n = yield* rx.recv(); n !== undefined; n = yield* rx.recv()) total += n;
 *   return total;
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<number>(4);
 *   const total = spawn(sum(rx));
 *   for (let n = 1; n <= 10; n++) yield* tx.send(n);
 *   tx[Symbol.dispose]();
 *   console.log(yield* total); // 55
 * });
 * ```
 */
export class Receiver<T> extends BaseReceiver<T> {
  /** How many slots are free now: not under a message, not reserved, not promised to somebody who waits. */
  get capacity(): number {
    return this.freeSlots;
  }

  /** How many slots there are. */
  get maxCapacity(): number {
    return this.slots;
  }
}

/** @internal */
export const RECEIVER = 17;

registerCrossing(
  Receiver.prototype,
  unique<Receiver<unknown>>(kind, (share) => new Receiver(share), RECEIVER, RECEIVER_HALF, abandon),
  import.meta.url,
);
