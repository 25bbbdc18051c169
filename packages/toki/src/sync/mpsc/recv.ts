/*
 * The futures of the receiving side. What waits is the channel's one receiver slot (`rxWaker`, `receiving`): a future holds nothing else, so dropping
 * one at any moment loses no message.
 *
 * A Recv is used again and again: the receiver keeps one that is idle and hands it out with the next recv().
 *
 *   idle       not handed out: polling it is polling after completion
 *   handed out `idle` is false, from recv() until it delivers or is dropped; then it goes back to its receiver, unless another is there
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { rejectSharing } from "../../future/sharing.js";
import { proceed, refund } from "../../task/coop.js";
import type { Chan } from "./chan.js";
import { ConcurrentRecvError } from "./error.js";

/** Where an idle Recv is kept. @internal */
export interface RecvHome<T> {
  idle: Recv<T> | null;
}

/** Waits for the next message on behalf of `who`. @internal */
export function register(chan: Chan<unknown>, cx: Context, who: Future<unknown> | null): Pending {
  refund();
  const waiting = chan.rxWaker;
  const waiter = chan.receiving;
  if (waiting !== null && waiter !== null && !waiting.willWake(cx.waker)) {
    if (waiter !== who) throw new ConcurrentRecvError();
    rejectSharing(waiter, waiting);
  }
  chan.rxWaker = cx.waker;
  chan.receiving = who;
  if (chan.forgotten > 0) chan.reportForgotten();
  return Pending;
}

/** `who` does not wait any more. @internal */
export function unregister(chan: Chan<unknown>, who: Future<unknown>): void {
  if (chan.receiving !== who) return;
  chan.rxWaker = null;
  chan.receiving = null;
}

/** Takes the next message, says that there will be none (undefined), or waits. @internal */
export function pollMessage<T>(chan: Chan<T>, cx: Context, who: Future<unknown> | null): Poll<T | undefined> {
  if (!proceed(cx)) return Pending;
  if (chan.messages.length > 0) return chan.take();
  if (chan.hasEnded || chan.abandoned) return undefined;
  return register(chan as Chan<unknown>, cx, who);
}

/** Takes up to `limit` messages; none means that there will be none. @internal */
export function pollMessages<T>(chan: Chan<T>, cx: Context, limit: number, who: Future<unknown> | null): Poll<T[]> {
  if (!proceed(cx)) return Pending;
  const count = Math.min(limit, chan.messages.length);
  if (count > 0) {
    const taken: T[] = [];
    for (let i = 0; i < count; i++) taken.push(chan.messages.shift());
    if (chan.isBounded) chan.give(count);
    return taken;
  }
  if (limit === 0 || chan.hasEnded || chan.abandoned) return [];
  return register(chan as Chan<unknown>, cx, who);
}

/** @internal */
export class Recv<T> extends Future<T | undefined> {
  private readonly chan: Chan<T>;
  private readonly home: RecvHome<T>;
  idle: boolean;

  constructor(chan: Chan<T>, home: RecvHome<T>) {
    super();
    this.chan = chan;
    this.home = home;
    this.idle = false;
  }

  poll(cx: Context): Poll<T | undefined> {
    if (this.idle) throw polledAfterCompletion("mpsc recv");
    const { chan } = this;
    const value = pollMessage(chan, cx, this as Future<unknown>);
    if (value === Pending) return Pending;
    if (chan.receiving === (this as Future<unknown>)) unregister(chan as Chan<unknown>, this as Future<unknown>);
    this.goHome();
    return value;
  }

  override next(): IteratorResult<Suspend, T | undefined> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    unregister(this.chan as Chan<unknown>, this as Future<unknown>);
    if (!this.idle) this.goHome();
  }

  private goHome(): void {
    this.idle = true;
    if (!this.chan.abandoned) this.home.idle = this;
  }

  override describe(): string {
    return `mpsc recv (${this.chan.summary()})`;
  }
}

/** @internal */
export class RecvMany<T> extends Future<T[]> {
  private readonly chan: Chan<T>;
  private readonly limit: number;
  private over = false;

  constructor(chan: Chan<T>, limit: number) {
    super();
    this.chan = chan;
    this.limit = limit;
  }

  poll(cx: Context): Poll<T[]> {
    if (this.over) throw polledAfterCompletion("mpsc recvMany");
    const values = pollMessages(this.chan, cx, this.limit, this as Future<unknown>);
    if (values !== Pending) {
      this.over = true;
      unregister(this.chan as Chan<unknown>, this as Future<unknown>);
    }
    return values;
  }

  override next(): IteratorResult<Suspend, T[]> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    this.over = true;
    unregister(this.chan as Chan<unknown>, this as Future<unknown>);
  }

  override describe(): string {
    return `mpsc recvMany of ${this.limit} (${this.chan.summary()})`;
  }
}
