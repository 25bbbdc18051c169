import type { Context } from "../future/context.js";
import { Future, pollingContext, suspendOn } from "../future/future.js";
import { futureInUse } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { rejectSharing } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";

/**
 * Something that gives one after another, and that one task at a time may wait on.
 *
 * `waker` stays until the waiter has its answer or is dropped; `waiting` is the future that put it there, null for a poll by hand. Another one with the
 * same waker, of the same task then, may take its place; one with another waker is refused while the first waits.
 */
export abstract class SoleWaiter<R> {
  protected waker: Waker | null;
  protected waiting: Future<unknown> | null;

  constructor() {
    this.waker = null;
    this.waiting = null;
  }

  /** One poll on behalf of `who`, or by hand. @internal */
  abstract pollFor(who: Future<unknown> | null, cx: Context): Poll<R>;

  /** What is waited on, for errors and await trees. @internal */
  abstract describe(): string;

  /** @throws MisuseError if another task waits @internal */
  protected startWaiting(who: Future<unknown> | null, waker: Waker): void {
    const { waker: held, waiting } = this;
    if (held !== waker) {
      if (held !== null) {
        if (waiting === null || waiting !== who) throw futureInUse(`the next one of ${this.describe()}`);
        rejectSharing(waiting, held, waker);
      }
      this.waker = waker;
    }
    this.waiting = who;
  }

  /** It has its answer. @internal */
  protected endWait(): void {
    this.waiting = null;
    this.waker = null;
  }

  /** It is dropped. @internal */
  stopWaiting(who: Future<unknown>): void {
    if (this.waiting === who) this.endWait();
  }

  /** @internal */
  protected wakeWaiter(): void {
    if (this.waker !== null) this.waker.wake();
  }
}

/** A `SoleWaiter`, or what passes on to one. @internal */
export interface NextSource<R> {
  pollFor(who: Future<unknown> | null, cx: Context): Poll<R>;
  stopWaiting(who: Future<unknown>): void;
  describe(): string;
}

/** Waits for the next one. @internal */
export class Next<R> extends Future<R> {
  private readonly source: NextSource<R>;
  private readonly what: string;

  constructor(source: NextSource<R>, what: string) {
    super();
    this.source = source;
    this.what = what;
  }

  poll(cx: Context): Poll<R> {
    return this.source.pollFor(this, cx);
  }

  override next(): IteratorResult<Suspend, R> {
    const value = this.source.pollFor(this, pollingContext(this));
    if (value === Pending) return suspendOn(this);
    return { done: true, value: value as R };
  }

  override [Symbol.dispose](): void {
    this.source.stopWaiting(this);
  }

  override describe(): string {
    return `${this.what} of ${this.source.describe()}`;
  }
}
