/*
 * Senders that were collected without having been disposed. Collection closes nothing: the count of senders stays, so the receiver would wait for ever,
 * and this says why. A sender is watched from creation to disposal, a channel is reported once, when its receiver waits.
 */
import { warnOnce } from "../../future/warn.js";
import type { Chan } from "./chan.js";

const watched = new FinalizationRegistry<Chan<unknown>>((chan) => {
  chan.forgotten++;
  if (chan.rxWaker !== null) reportForgotten(chan);
});

/** @internal */
export function watchSender(sender: object, chan: Chan<unknown>): void {
  watched.register(sender, chan, sender);
}

/** @internal */
export function unwatchSender(sender: object): void {
  watched.unregister(sender);
}

/** @internal */
export function reportForgotten(chan: Chan<unknown>): void {
  if (chan.closed) return;
  const what = chan.isBounded ? "Sender" : "UnboundedSender";
  warnOnce(
    "TOKI_FORGOTTEN_SENDER",
    `mpsc: a ${what} was garbage collected without having been disposed, and its channel's receiver waits: it will never see the end of the channel. Dispose senders when done: \`using tx = ...\` or \`tx[Symbol.dispose]()\``,
  );
}
