/*
 * The future of the next value. What waits is the receiver's one place in RECEIVING (`wait`, `receiving`): a future holds nothing else, so dropping one at any
 * moment loses no value.
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { BroadcastRecvError, LaggedError } from "../../sync/broadcast/error.js";
import { reportForgotten } from "../../sync/forgotten.js";
import { proceed, refund } from "../../task/coop.js";
import { LIVE } from "../handle.js";
import { NONE } from "../layout.js";
import { FORGOTTEN, RECEIVING, STRONG } from "../sender-counts.js";
import type { SharedThread } from "../thread.js";
import { readValue, takeValue } from "../values.js";
import { isOnlyHolder, LAGGED, letGo, skipped, summary, take } from "./chan.js";
import type { BroadcastReceiver } from "./receiver.js";

/** What a receiver is told that finds no value: there will be none. @internal */
export const ENDED = -2;

/** The value of a block that `take` gave, or what it says instead. @internal */
export function received<T>(thread: SharedThread, message: number): T {
  if (message === LAGGED) throw new LaggedError(skipped);
  if (message === ENDED) throw new BroadcastRecvError("closed");
  if (message === NONE) throw new BroadcastRecvError("empty");
  if (isOnlyHolder(thread, message)) return takeValue(thread, message) as T;
  try {
    return readValue(thread, message) as T;
  } finally {
    letGo(thread, message);
  }
}

/** Under the lock: what a receiver gets now. @internal */
export function look(thread: SharedThread, object: number, listener: number): number {
  const message = take(thread, object, listener);
  return message === NONE && thread.memory.read(object + STRONG) === 0 ? ENDED : message;
}

/** @internal */
export class Recv<T> extends Future<T> {
  private readonly rx: BroadcastReceiver<T>;
  private over = false;

  constructor(rx: BroadcastReceiver<T>) {
    super();
    this.rx = rx;
  }

  poll(cx: Context): Poll<T> {
    if (this.over) throw polledAfterCompletion("broadcast recv");
    if (!proceed(cx)) return Pending;
    const { rx } = this;
    const message = rx.state === LIVE ? this.look(cx) : ENDED;
    if (message === NONE) return Pending;
    this[Symbol.dispose]();
    return received<T>(rx.share.thread, message);
  }

  /** What there is to deliver; NONE after it has joined the queue. */
  private look(cx: Context): number {
    const { rx } = this;
    const { thread, object, lock } = rx.share;
    const isNew = rx.waiting() === null;
    if (isNew) thread.prepare();
    lock.lock();
    const message = look(thread, object, rx.listener);
    if (message === NONE && isNew) rx.wait = thread.join(rx.share, object + RECEIVING, 1, 1);
    lock.unlock();
    if (message !== NONE) return message;
    refund();
    rx.register(cx, this as Future<unknown>, isNew);
    if (rx.share.peek(FORGOTTEN) > 0) reportForgotten("broadcast", "BroadcastSender");
    return NONE;
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    this.over = true;
    this.rx.unregister(this as Future<unknown>);
  }

  override describe(): string {
    const { rx } = this;
    return `broadcast recv (${rx.state === LIVE ? summary(rx.share, rx.listener) : "disposed"})`;
  }
}
