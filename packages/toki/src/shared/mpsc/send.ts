/*
 * The futures of a bounded sender: each acquires slots (see chan.ts and acquire-future.ts) and differs in what it makes of them.
 */
import { SendError } from "../../sync/error.js";
import { AcquireFuture } from "../acquire-future.js";
import { LIVE } from "../handle.js";
import { NONE } from "../layout.js";
import type { Share } from "../share.js";
import { dropValue, putValue } from "../values.js";
import { deliver, summary } from "./chan.js";
import type { Sender } from "./sender.js";

/** Delivers a message whose slot the caller has. @internal */
export function deliverNow(share: Share, message: number): void {
  const { thread, object, lock } = share;
  lock.lock();
  const isTaken = deliver(thread, object, message);
  thread.unlock(lock);
  if (!isTaken) dropValue(thread, message);
}

/**
 * A message that was written before anything was taken: from the first poll on it is in shared memory, and in the list in the end, or dropped with the future.
 *
 * @internal
 */
export class Send<T> extends AcquireFuture<void> {
  declare readonly handle: Sender<T>;
  readonly message: T;
  private block = NONE;
  private isUnwanted = false;

  constructor(sender: Sender<T>, message: T) {
    super(sender, 1);
    this.message = message;
  }

  protected override beforeLock(): void {
    // Sending after the channel has ended would lose the message without a word.
    if (this.handle.state !== LIVE) this.handle.open("send");
    this.block = putValue(this.share.thread, this.message, "Sender.send", "value", false);
  }

  protected override underLock(): void {
    const { thread, object } = this.share;
    if (deliver(thread, object, this.block)) this.block = NONE;
    else this.isUnwanted = true;
  }

  protected acquired(): void {
    const { block } = this;
    this.block = NONE;
    if (block === NONE) return;
    if (this.isUnwanted) dropValue(this.share.thread, block);
    else deliverNow(this.share, block);
  }

  protected failed(): Error {
    this.drop();
    return new SendError(this.message);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.drop();
  }

  private drop(): void {
    const { block } = this;
    this.block = NONE;
    if (block !== NONE) dropValue(this.share.thread, block);
  }

  override describe(): string {
    return describeWait("send", 1, this.share);
  }
}

/** Acquires `n` slots and gives what `make` makes of them. @internal */
export class Reserve<T, R> extends AcquireFuture<R> {
  declare readonly handle: Sender<T>;
  private readonly make: (sender: Sender<T>, n: number) => R;

  constructor(sender: Sender<T>, n: number, make: (sender: Sender<T>, n: number) => R) {
    super(sender, n);
    this.make = make;
  }

  protected override beforeLock(): void {
    if (this.handle.state !== LIVE) this.handle.open("reserve");
  }

  protected acquired(): R {
    return (0, this.make)(this.handle, this.n);
  }

  protected failed(): Error {
    return new SendError(undefined);
  }

  override describe(): string {
    return describeWait("reserve", this.n, this.share);
  }
}

function describeWait(what: string, n: number, share: Share): string {
  const { text, waiting } = summary(share);
  return `mpsc ${what}${n === 1 ? "" : ` of ${n}`} (${text}, ${waiting} waiting)`;
}
