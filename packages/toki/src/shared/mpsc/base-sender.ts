/*
 * The sending half: a counted reference to the channel.
 *
 *   LIVE       counted in STRONG of the channel, and of its thread's share
 *   LENT       an owned permit holds it, and its count       LIVE <-> LENT
 *   DISPOSED   not counted any more: the end
 *
 * One that was sent to another thread is a clone: the message counts as a sender until it is received.
 */
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { refuseUndefined } from "../../sync/mpsc/message.js";
import { StrongSender } from "../counted-sender.js";
import { Forgotten } from "../forgotten.js";
import { type Collected, LENT, LIVE, type SharedHandle } from "../handle.js";
import { IS_CLOSED } from "../permits.js";
import { FORGOTTEN, RECEIVING } from "../sender-counts.js";
import type { Share } from "../share.js";
import { Closed } from "./closed.js";

const FORGETFUL = { name: "mpsc", forgotten: FORGOTTEN, waiting: RECEIVING, isClosed: IS_CLOSED };

/** What the senders of bounded and unbounded channels have in common. */
export abstract class BaseSender<T> extends StrongSender {
  /** @internal */
  override whenCollected(): Collected {
    return new Forgotten(this.share, FORGETFUL, this.constructor.name);
  }

  /**
   * Waits until the receiver is closed or disposed: time to stop producing.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this sender was disposed
   */
  closed(): Future<void> {
    this.open("closed");
    return new Closed(this as unknown as SharedHandle);
  }

  /** Whether the receiver was closed or disposed: a send would fail. */
  get isClosed(): boolean {
    return !this.share.isLive || this.share.peek(IS_CLOSED) !== 0;
  }

  /** Whether `other` sends into the same channel. */
  sameChannel(other: BaseSender<T>): boolean {
    if (!(other instanceof BaseSender)) {
      throw invalidArgument(`${this.constructor.name}.sameChannel`, "other", "a sender", other);
    }
    return this.share === other.share;
  }

  /** @internal */
  lend(): void {
    this.state = LENT;
  }

  /** @internal */
  takeBack(): void {
    this.state = LIVE;
  }

  /** @internal */
  checkMessage(method: string, value: T): Share {
    const share = this.open(method);
    if (value === undefined) refuseUndefined(`${this.constructor.name}.${method}`, "value");
    return share;
  }
}
