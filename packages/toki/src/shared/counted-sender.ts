import { reportForgotten } from "../sync/forgotten.js";
import { type Collected, SharedHandle, Use } from "./handle.js";
import { STRONG as HELD_STRONG, NONE } from "./layout.js";
import { oldest } from "./queue.js";
import { dropSender, FORGOTTEN, RECEIVING, STRONG, WEAK } from "./sender-counts.js";
import type { Share } from "./share.js";

/** What senders and weak senders have in common: the channel counts both. */
export abstract class CountedSender extends SharedHandle {
  /** How many senders of this channel, on all threads, were not disposed. An owned permit has one. */
  get strongCount(): number {
    return this.share.isLive ? this.share.peek(STRONG) : 0;
  }

  /** How many weak senders of this channel, on all threads, were not disposed. */
  get weakCount(): number {
    return this.share.isLive ? this.share.peek(WEAK) : 0;
  }
}

/** Collection closes nothing: the count of senders stays, a receiver may wait for ever, and this says why. @internal */
export class ForgottenSender extends Use implements Collected {
  private readonly chan: Share;
  private readonly where: string;
  private readonly what: string;

  constructor(share: Share, where: string, what: string) {
    super(share);
    this.chan = share;
    this.where = where;
    this.what = what;
  }

  override onCollected(): void {
    const { chan } = this;
    const { memory } = chan.thread;
    memory.add(chan.object + FORGOTTEN, 1);
    chan.lock.lock();
    const isAwaited = oldest(memory, chan.object + RECEIVING) !== NONE && !this.isOver(chan);
    chan.lock.unlock();
    if (isAwaited) reportForgotten(this.where, this.what);
    super.onCollected();
  }

  /** Under the lock: whether the receiver knows already that nothing more can be sent. */
  protected isOver(_chan: Share): boolean {
    return false;
  }
}

/** What senders have in common. */
export abstract class StrongSender extends CountedSender {
  /** @internal The sender is counted in the channel already. */
  constructor(share: Share) {
    super(share);
    share.count(HELD_STRONG, 1);
  }

  /** Gives this sender up. When the last one is, on any thread, the channel has ended for its receivers, after what they have not received yet. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    this.share.count(HELD_STRONG, -1);
    dropSender(this.share);
  }
}
