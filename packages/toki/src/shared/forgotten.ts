import { reportForgotten } from "../sync/forgotten.js";
import { type Collected, Use } from "./handle.js";
import { NONE } from "./layout.js";
import { oldest } from "./queue.js";
import type { Share } from "./share.js";

/** Where a channel counts its senders that were collected, and who waits for those there are. @internal */
export interface ForgetfulChannel {
  readonly name: string;
  readonly forgotten: number;
  readonly waiting: number;
  /** Whether the channel has ended in another way. */
  readonly isClosed?: number;
}

/** A sender was collected. That closes nothing: the count of senders stays, the receiver may wait for ever, and this says why. @internal */
export class Forgotten extends Use implements Collected {
  private readonly chan: Share;
  private readonly channel: ForgetfulChannel;
  private readonly what: string;

  constructor(share: Share, channel: ForgetfulChannel, what: string) {
    super(share);
    this.chan = share;
    this.channel = channel;
    this.what = what;
  }

  override onCollected(): void {
    const { chan, channel } = this;
    const { memory } = chan.thread;
    memory.add(chan.object + channel.forgotten, 1);
    chan.lock.lock();
    const isOpen = channel.isClosed === undefined || memory.read(chan.object + channel.isClosed) === 0;
    const isWaiting = isOpen && oldest(memory, chan.object + channel.waiting) !== NONE;
    chan.lock.unlock();
    if (isWaiting) reportForgotten(channel.name, this.what);
    super.onCollected();
  }
}
