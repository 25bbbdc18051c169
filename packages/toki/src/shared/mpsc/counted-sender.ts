import { SharedHandle } from "../handle.js";
import { STRONG, WEAK } from "./chan.js";

/** What senders and weak senders have in common: the channel counts both. */
export abstract class CountedSender extends SharedHandle {
  /** How many senders of this channel, on all threads, owned permits included, were not disposed. */
  get strongCount(): number {
    return this.share.isLive ? this.share.peek(STRONG) : 0;
  }

  /** How many weak senders of this channel, on all threads, were not disposed. */
  get weakCount(): number {
    return this.share.isLive ? this.share.peek(WEAK) : 0;
  }
}
