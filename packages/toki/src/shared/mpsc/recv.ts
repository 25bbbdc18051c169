/*
 * The futures of the receiving side. What waits is the receiver's one place in RECEIVING (`wait`, `receiving`): a future holds nothing else, so dropping
 * one at any moment loses no message.
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { reportForgotten } from "../../sync/forgotten.js";
import { proceed, refund } from "../../task/coop.js";
import { LIVE } from "../handle.js";
import { NONE } from "../layout.js";
import { FORGOTTEN, RECEIVING } from "../sender-counts.js";
import { takeValue } from "../values.js";
import type { BaseReceiver } from "./base-receiver.js";
import { hasEnded, LENGTH, summary, takeMessage } from "./chan.js";

type AnyReceiver = BaseReceiver<unknown>;

const ENDED = -1;

/** Under no lock: the next message, ENDED, or NONE after it has joined the queue on behalf of `who`. */
function look(rx: AnyReceiver, cx: Context, who: Future<unknown> | null): number {
  if (rx.state !== LIVE) return ENDED;
  const { thread, object, lock } = rx.share;
  const waiting = rx.waiting();
  if (waiting === null) thread.prepare();
  lock.lock();
  const message = takeMessage(thread, object);
  if (message !== NONE) {
    thread.unlock(lock);
    return message;
  }
  if (hasEnded(thread, object)) {
    lock.unlock();
    return ENDED;
  }
  if (waiting === null) rx.wait = thread.join(rx.share, object + RECEIVING, 1, 1);
  lock.unlock();
  refund();
  rx.register(cx, who, waiting === null);
  if (rx.share.peek(FORGOTTEN) > 0 && !rx.isClosed) reportForgotten("mpsc", "Sender");
  return NONE;
}

/** Takes the next message, says that there will be none (undefined), or waits. @internal */
export function pollMessage<T>(rx: BaseReceiver<T>, cx: Context, who: Future<unknown> | null): Poll<T | undefined> {
  if (!proceed(cx)) return Pending;
  const message = look(rx as AnyReceiver, cx, who);
  if (message === NONE) return Pending;
  return message === ENDED ? undefined : (takeValue(rx.share.thread, message) as T);
}

/** Takes up to `limit` messages; none means that there will be none. @internal */
export function pollMessages<T>(
  rx: BaseReceiver<T>,
  cx: Context,
  limit: number,
  who: Future<unknown> | null,
): Poll<T[]> {
  if (!proceed(cx)) return Pending;
  const taken = takeMany(rx, limit);
  if (taken.length > 0 || limit === 0) return taken;
  const message = look(rx as AnyReceiver, cx, who);
  if (message === NONE) return Pending;
  return message === ENDED ? [] : [takeValue(rx.share.thread, message) as T];
}

/** Takes what is there, up to `limit`. @internal */
export function takeMany<T>(rx: BaseReceiver<T>, limit: number): T[] {
  if (rx.state !== LIVE || limit === 0) return [];
  const { thread, object, lock } = rx.share;
  lock.lock();
  const blocks: number[] = [];
  for (let left = Math.min(limit, thread.memory.read(object + LENGTH)); left > 0; left--) {
    blocks.push(takeMessage(thread, object));
  }
  thread.unlock(lock);
  return blocks.map((block) => takeValue(thread, block) as T);
}

/** @internal */
export class Recv<T> extends Future<T | undefined> {
  private readonly rx: BaseReceiver<T>;
  private over = false;

  constructor(rx: BaseReceiver<T>) {
    super();
    this.rx = rx;
  }

  poll(cx: Context): Poll<T | undefined> {
    if (this.over) throw polledAfterCompletion("mpsc recv");
    const value = pollMessage(this.rx, cx, this as Future<unknown>);
    if (value === Pending) return Pending;
    this[Symbol.dispose]();
    return value;
  }

  override next(): IteratorResult<Suspend, T | undefined> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    this.over = true;
    this.rx.unregister(this as Future<unknown>);
  }

  override describe(): string {
    return `mpsc recv (${summary(this.rx.share).text})`;
  }
}

/** @internal */
export class RecvMany<T> extends Future<T[]> {
  private readonly rx: BaseReceiver<T>;
  private readonly limit: number;
  private over = false;

  constructor(rx: BaseReceiver<T>, limit: number) {
    super();
    this.rx = rx;
    this.limit = limit;
  }

  poll(cx: Context): Poll<T[]> {
    if (this.over) throw polledAfterCompletion("mpsc recvMany");
    const values = pollMessages(this.rx, cx, this.limit, this as Future<unknown>);
    if (values !== Pending) this[Symbol.dispose]();
    return values;
  }

  override next(): IteratorResult<Suspend, T[]> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    this.over = true;
    this.rx.unregister(this as Future<unknown>);
  }

  override describe(): string {
    return `mpsc recvMany of ${this.limit} (${summary(this.rx.share).text})`;
  }
}
