import { permitCount } from "../permit-count.js";
import { PERMITS } from "../permits.js";
import { STRONG } from "../sender-counts.js";
import { Share } from "../share.js";
import { CAPACITY, kind, RECEIVER_HALF } from "./chan.js";
import { Receiver } from "./receiver.js";
import { Sender } from "./sender.js";
import { UnboundedReceiver } from "./unbounded-receiver.js";
import { UnboundedSender } from "./unbounded-sender.js";

/**
 * Makes a channel between any threads, for many producers and one consumer, that holds at most `capacity` messages: a sender that finds it full waits until
 * the receiver has made room, first come, first served, whatever thread they are on. That is backpressure.
 *
 * Messages are copied, as the arguments of a task are. Messages and reserved slots count against the capacity. A message can be anything that can be
 * sent but undefined.
 *
 * @param capacity - how many messages it holds, 1 or more
 * @returns the two halves
 * @throws InvalidArgumentError if `capacity` is not a whole number, 1 or more
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * export const produce = fn(import.meta, function* produce(sender: mpsc.Sender<string>) {
 *   using tx = sender;
 *   for (let i = 0; i < 5; i++) yield* tx.send(`message ${i}`);
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(32);
 *   spawn(produce(tx));
 *   tx[Symbol.dispose](); // the worker has one of its own
 *   for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) console.log("Got:", m);
 *   console.log("Channel closed");
 * });
 * ```
 */
export function channel<T>(capacity: number): [tx: Sender<T>, rx: Receiver<T>] {
  permitCount("mpsc.channel", "capacity", capacity, 1);
  const share = create(capacity);
  return [new Sender(share), new Receiver(share.use())];
}

/**
 * Makes a channel between any threads, for many producers and one consumer, that holds any number of messages: sending never waits. Nothing holds back a
 * producer that is faster than the consumer but shared memory, which ends with an OutOfMemoryError.
 *
 * @returns the two halves
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.unboundedChannel<string>();
 *   setTimeout(() => tx.send("from a callback"), 5); // no need to await
 *   console.log(yield* rx.recv());
 * });
 * ```
 */
export function unboundedChannel<T>(): [tx: UnboundedSender<T>, rx: UnboundedReceiver<T>] {
  const share = create(0);
  return [new UnboundedSender(share), new UnboundedReceiver(share.use())];
}

function create(capacity: number): Share {
  const share = Share.create(kind);
  const { memory } = share.thread;
  memory.write(share.object + PERMITS, capacity);
  memory.write(share.object + CAPACITY, capacity);
  memory.write(share.object + STRONG, 1);
  share.half(RECEIVER_HALF, true);
  return share;
}
