import { SharedHandle } from "./handle.js";
import { STRONG as HELD_STRONG } from "./layout.js";
import { dropSender, STRONG, WEAK } from "./sender-counts.js";
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
