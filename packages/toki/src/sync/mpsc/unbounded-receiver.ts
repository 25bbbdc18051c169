import { BaseReceiver } from "./base-receiver.js";

/**
 * The receiving half of an unbounded channel. Dispose it when no message is wanted any more: sends then fail, and nothing piles up.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.unboundedChannel<number>();
 *   for (let i = 0; i < 1000; i++) tx.send(i);
 *   console.log(rx.length, (yield* rx.recvMany(1000)).length); // 1000 1000
 * });
 * ```
 */
export class UnboundedReceiver<T> extends BaseReceiver<T> {}
