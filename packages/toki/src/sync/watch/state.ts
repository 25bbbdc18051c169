/*
 * What the halves of a watch channel share: one value, and its version.
 *
 *   value, version   by the senders: a new version each time the receivers are to notice. A receiver has the version it has seen, and notices by comparing
 *   isModified       while the function of a sendModify runs: nobody else looks at the value
 *   senders          when it is 0 the channel has ended, for good: no sender can be made without another
 *   receivers        when it is 0 the channel counts as closed, until a sender makes another receiver
 *
 * Who waits for a version is in `changing`, who waits for the receivers to go is in `closing`. They are told, and look again when they are polled: a wait
 * holds nothing, so a dropped one has lost nothing.
 */
import { MisuseError } from "../../future/misuse.js";
import { type CountsSenders, reportForgotten } from "../forgotten.js";
import { WaiterQueue } from "../waiter-queue.js";

/** `Waiter.state` of a receiver's wait that was told: there is a new version, the senders are gone, the receiver is. @internal */
export const CHANGED = 0;
export const ENDED = -1;
export const GIVEN_UP = -2;

/** The version that a receiver has seen which is to notice the value it has. @internal */
export const UNSEEN = -1;

/** @internal */
export class State<T> implements CountsSenders {
  value: T;
  version: number;
  isModified: boolean;
  senders: number;
  receivers: number;
  readonly changing: WaiterQueue;
  readonly closing: WaiterQueue;
  /** Senders that were collected without having been disposed. */
  private forgotten: number;

  constructor(value: T) {
    this.value = value;
    this.version = 0;
    this.isModified = false;
    this.senders = 0;
    this.receivers = 0;
    this.changing = new WaiterQueue();
    this.closing = new WaiterQueue();
    this.forgotten = 0;
  }

  /** Refuses to touch the value while it is modified. */
  check(where: string): void {
    if (this.isModified) throw reentrant(where);
  }

  /** The value is a new one. */
  notify(): void {
    this.version++;
    if (!this.changing.isEmpty) this.changing.release(CHANGED);
  }

  dropSender(): void {
    if (--this.senders === 0) this.changing.release(ENDED);
  }

  dropReceiver(): void {
    if (--this.receivers === 0) this.closing.release(0);
  }

  /** Somebody begins to wait. */
  onWait(): void {
    if (this.forgotten > 0) reportForgotten("watch", "WatchSender");
  }

  onForgotten(): void {
    this.forgotten++;
    if (!this.changing.isEmpty) this.onWait();
  }
}

/** @internal */
export function reentrant(where: string): MisuseError {
  return new MisuseError(
    "TOKI_REENTRANT_CALL",
    `${where}: called inside of the function of sendModify or sendIfModified, which has the value of this channel to itself. Use the argument of the function, or make the call after it has returned`,
  );
}
