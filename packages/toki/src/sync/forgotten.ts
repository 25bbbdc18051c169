/*
 * Senders that were collected without having been disposed. Collection closes nothing: the count of senders stays, so a receiver would wait for ever,
 * and this says why. A sender is watched from creation to disposal, a channel is reported once, when a receiver waits.
 */
import { warnOnce } from "../future/warn.js";

/** A channel that counts its senders. @internal */
export interface CountsSenders {
  /** One of them was collected. */
  onForgotten(): void;
}

const watched = new FinalizationRegistry<CountsSenders>((chan) => chan.onForgotten());

/** @internal */
export function watchSender(sender: object, chan: CountsSenders): void {
  watched.register(sender, chan, sender);
}

/** @internal */
export function unwatchSender(sender: object): void {
  watched.unregister(sender);
}

/**
 * @param where - the module
 * @param what - the class of the sender
 * @internal
 */
export function reportForgotten(where: string, what: string): void {
  warnOnce(
    "TOKI_FORGOTTEN_SENDER",
    `${where}: a ${what} was garbage collected without having been disposed, and its channel's receiver waits: it will never see the end of the channel. Dispose senders when done: \`using tx = ...\` or \`tx[Symbol.dispose]()\``,
  );
}
