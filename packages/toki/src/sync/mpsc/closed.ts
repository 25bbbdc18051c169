import { WaitUntil } from "../wait-until.js";
import type { Chan } from "./chan.js";

/** Waits until the receiver has closed the channel. @internal */
export class Closed extends WaitUntil {
  private readonly chan: Chan<unknown>;

  constructor(chan: Chan<unknown>) {
    super(chan.closing);
    this.chan = chan;
  }

  protected get what(): string {
    return "mpsc closed";
  }

  protected isSo(): boolean {
    return this.chan.closed;
  }

  override describe(): string {
    return "mpsc closed (receiver is open)";
  }
}
