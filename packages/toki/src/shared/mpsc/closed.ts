import type { SharedHandle } from "../handle.js";
import { IS_CLOSED } from "../permits.js";
import { CLOSING } from "../sender-counts.js";
import { WaitUntil } from "../wait-until.js";

/** Waits until the receiver has closed the channel. @internal */
export class Closed extends WaitUntil {
  constructor(sender: SharedHandle) {
    super(sender, CLOSING);
  }

  protected get what(): string {
    return "mpsc closed";
  }

  protected isSo(): boolean {
    const { thread, object } = this.share;
    return thread.memory.read(object + IS_CLOSED) !== 0;
  }

  override describe(): string {
    return "mpsc closed (receiver is open)";
  }
}
