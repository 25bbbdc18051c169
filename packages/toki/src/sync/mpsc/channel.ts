import { integer } from "../integer.js";
import { Chan } from "./chan.js";
import { Receiver } from "./receiver.js";
import { Sender } from "./sender.js";
import { UnboundedReceiver } from "./unbounded-receiver.js";
import { UnboundedSender } from "./unbounded-sender.js";

/**
 * Makes a channel for many producers and one consumer that holds at most `capacity` messages: a sender that finds it full waits until the receiver has
 * made room, first come, first served. That is backpressure.
 *
 * Messages and reserved slots count against the capacity. A message can be anything but undefined.
 *
 * @param capacity - how many messages it holds, 1 or more
 * @returns the two halves
 * @throws InvalidArgumentError if `capacity` is not a whole number, 1 or more
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(32);
 *   spawn(function* () {
 *     using sender = tx;
 *     for (let i = 0; i < 5; i++) yield* sender.send(`message ${i}`);
 *   });
 *   for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) console.log("Got:", m);
 *   console.log("Channel closed");
 * });
 * ```
 */
export function channel<T>(capacity: number): [tx: Sender<T>, rx: Receiver<T>] {
  integer("mpsc.channel", "capacity", capacity, 1);
  const chan = new Chan<T>(capacity);
  return [new Sender(chan), new Receiver(chan)];
}

/**
 * Makes a channel for many producers and one consumer that holds any number of messages: sending never waits. Nothing holds back a producer that is
 * faster than the consumer but memory.
 *
 * @returns the two halves
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.unboundedChannel<string>();
 *   setTimeout(() => tx.send("from a callback"), 5); // no need to await
 *   console.log(yield* rx.recv());
 * });
 * ```
 */
export function unboundedChannel<T>(): [tx: UnboundedSender<T>, rx: UnboundedReceiver<T>] {
  const chan = new Chan<T>(0);
  return [new UnboundedSender(chan), new UnboundedReceiver(chan)];
}
