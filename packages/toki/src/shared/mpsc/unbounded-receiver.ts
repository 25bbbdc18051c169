import { registerCrossing } from "../../portable/codec/crossing.js";
import { unique } from "../crossing.js";
import { BaseReceiver } from "./base-receiver.js";
import { abandon, kind, RECEIVER_HALF } from "./chan.js";

/**
 * The receiving half of a shared unbounded channel. Dispose it when no message is wanted any more: sends then fail, and nothing piles up.
 *
 * Threads: there is one; sending it to another thread moves it, and this one cannot be used any more.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.unboundedChannel<number>();
 *   for (let i = 0; i < 1000; i++) tx.send(i);
 *   console.log(rx.length, (yield* rx.recvMany(1000)).length); // 1000 1000
 * });
 * ```
 */
export class UnboundedReceiver<T> extends BaseReceiver<T> {}

/** @internal */
export const UNBOUNDED_RECEIVER = 19;

registerCrossing(
  UnboundedReceiver.prototype,
  unique<UnboundedReceiver<unknown>>(
    kind,
    (share) => new UnboundedReceiver(share),
    UNBOUNDED_RECEIVER,
    RECEIVER_HALF,
    abandon,
  ),
  import.meta.url,
);
