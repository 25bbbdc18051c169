import { WaitUntil } from "../wait-until.js";
import type { BroadcastChan } from "./chan.js";

/** Waits until the channel has no receiver. One that is made before the wait is polled again makes it go on. @internal */
export class Closed extends WaitUntil {
  private readonly chan: BroadcastChan<unknown>;

  constructor(chan: BroadcastChan<unknown>) {
    super(chan.closing);
    this.chan = chan;
  }

  protected get what(): string {
    return "broadcast closed";
  }

  protected isSo(): boolean {
    return this.chan.receivers === 0;
  }

  override describe(): string {
    const { receivers } = this.chan;
    return `broadcast closed (${receivers === 1 ? "1 receiver" : `${receivers} receivers`})`;
  }
}
