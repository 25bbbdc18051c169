import type { SharedHandle } from "../handle.js";
import { CLOSING } from "../sender-counts.js";
import { WaitUntil } from "../wait-until.js";
import { RECEIVERS } from "./chan.js";

/** Waits until the channel has no receiver. One that is made before the wait is polled again makes it go on. @internal */
export class Closed extends WaitUntil {
  constructor(sender: SharedHandle) {
    super(sender, CLOSING);
  }

  protected get what(): string {
    return "broadcast closed";
  }

  protected isSo(): boolean {
    const { thread, object } = this.share;
    return thread.memory.read(object + RECEIVERS) === 0;
  }

  override describe(): string {
    const receivers = this.share.isLive ? this.share.peek(RECEIVERS) : 0;
    return `broadcast closed (${receivers === 1 ? "1 receiver" : `${receivers} receivers`})`;
  }
}
