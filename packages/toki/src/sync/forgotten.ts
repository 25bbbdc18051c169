/*
 * Senders that were collected without having been disposed. Collection closes nothing: the count of senders stays, so the receiver would wait for ever,
 * and this says why. A sender is watched from creation to disposal; its channel counts those that are lost, and reports them when somebody waits.
 */
import { warnOnce } from "../future/warn.js";

/** A channel whose senders are watched. @internal */
export interface Forgetful {
  /** A sender was collected that still counts. */
  onForgotten(): void;
}

const watched = new FinalizationRegistry<Forgetful>((channel) => channel.onForgotten());

/** @internal */
export function watchSender(sender: object, channel: Forgetful): void {
  watched.register(sender, channel, sender);
}

/** @internal */
export function unwatchSender(sender: object): void {
  watched.unregister(sender);
}

/** Says that a `what`, a sender of a `channel`, was lost, and that its receivers wait in vain. @internal */
export function warnForgotten(channel: string, what: string): void {
  warnOnce(
    "TOKI_FORGOTTEN_SENDER",
    `${channel}: a ${what} was garbage collected without having been disposed, and its channel's receiver waits: it will never see the end of the channel. Dispose senders when done: \`using tx = ...\` or \`tx[Symbol.dispose]()\``,
  );
}
