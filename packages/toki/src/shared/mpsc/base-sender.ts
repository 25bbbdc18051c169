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
import { warnForgotten } from "../../sync/forgotten.js";
import { refuseUndefined } from "../../sync/mpsc/message.js";
import { type Collected, LENT, LIVE, type SharedHandle, Use } from "../handle.js";
import { STRONG as HELD_STRONG, NONE } from "../layout.js";
import { IS_CLOSED } from "../permits.js";
import { oldest } from "../queue.js";
import type { Share } from "../share.js";
import { sharedThread } from "../thread.js";
import { FORGOTTEN, loseSenders, RECEIVING, STRONG } from "./chan.js";
import { Closed } from "./closed.js";
import { CountedSender } from "./counted-sender.js";

/** One more sender. @internal */
export function addSender(object: number): void {
  sharedThread().memory.add(object + STRONG, 1);
}

/** One sender less. @internal */
export function dropSender({ thread, object, lock }: Share): void {
  lock.lock();
  loseSenders(thread, object, 1);
  thread.unlock(lock);
}

/** Collection closes nothing: the count of senders stays, the receiver may wait for ever, and this says why. */
class Forgotten extends Use implements Collected {
  private readonly chan: Share;
  private readonly what: string;

  constructor(share: Share, what: string) {
    super(share);
    this.chan = share;
    this.what = what;
  }

  override onCollected(): void {
    const { chan } = this;
    const { memory } = chan.thread;
    memory.add(chan.object + FORGOTTEN, 1);
    chan.lock.lock();
    const isWaiting = oldest(memory, chan.object + RECEIVING) !== NONE && memory.read(chan.object + IS_CLOSED) === 0;
    chan.lock.unlock();
    if (isWaiting) warnForgotten("mpsc", this.what);
    super.onCollected();
  }
}

/** What the senders of bounded and unbounded channels have in common. */
export abstract class BaseSender<T> extends CountedSender {
  /** @internal The sender is counted in the channel already. */
  constructor(share: Share) {
    super(share);
    share.count(HELD_STRONG, 1);
  }

  /** @internal */
  override whenCollected(): Collected {
    return new Forgotten(this.share, this.constructor.name);
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

  /** Gives this sender up. When the last one is, on any thread, the channel has ended: the receiver gets what is in it, then undefined. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    this.share.count(HELD_STRONG, -1);
    dropSender(this.share);
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
