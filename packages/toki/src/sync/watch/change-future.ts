/*
 * What waits for the next version of a watch channel, of this thread or shared: the future knows what to do then, its receiver how to wait.
 *
 *   OPEN      `waiter` is null: not in the queue. Otherwise in it, or told and not polled since
 *   TESTING   the program's predicate runs, or has thrown
 *   OVER      delivered, failed or dropped
 *
 * A wait that was told is told for good: if somebody else marks the new version as seen before this one is polled, it has changed all the same.
 */
import type { Context } from "../../future/context.js";
import { Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { proceed, refund } from "../../task/coop.js";
import { WatchRecvError } from "./error.js";
import { checkResult } from "./modify.js";

/** @internal */
export const OPEN = 0;
/** @internal */
export const TESTING = 1;
/** @internal */
export const OVER = 2;

/** What a receiver says. @internal */
export type Look = "waiting" | "changed" | "ended";

/** A receiver, as its futures see it. @internal */
export interface Watching<T> {
  /** Whether there is a version that was not seen; it is seen now. While there is none, `wait` is woken when that may change. */
  pollChange(wait: ChangeFuture<unknown>, cx: Context): Look;
  /** `wait` is given up. Only while it has a waiter. */
  stopWaiting(wait: ChangeFuture<unknown>): void;
  /** The value; it is seen now. */
  see(where: string): T;
  /** For await trees. */
  summary(): string;
}

/** Strikes out a future that has no waiter any more. @internal */
export function forget(waits: ChangeFuture<unknown>[], wait: ChangeFuture<unknown>): void {
  wait.waiter = null;
  const last = waits.pop() as ChangeFuture<unknown>;
  if (last !== wait) waits[waits.indexOf(wait)] = last;
}

/** @internal */
export abstract class ChangeFuture<R> extends Future<R> {
  readonly rx: Watching<unknown>;
  /** The receiver's: its place in the queue. */
  waiter: object | null;
  protected state: number;

  constructor(rx: Watching<unknown>) {
    super();
    this.rx = rx;
    this.waiter = null;
    this.state = OPEN;
  }

  protected abstract get what(): string;

  /** One poll. Says itself when it is OVER. */
  protected abstract look(cx: Context): Poll<R>;

  poll(cx: Context): Poll<R> {
    if (this.state !== OPEN) throw polledAfterCompletion(`watch ${this.what}`);
    if (!proceed(cx)) return Pending;
    const value = this.look(cx);
    if (value === Pending) refund();
    return value;
  }

  override next(): IteratorResult<Suspend, R> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    this.state = OVER;
    if (this.waiter !== null) this.rx.stopWaiting(this as ChangeFuture<unknown>);
  }

  override describe(): string {
    return `watch ${this.what} (${this.rx.summary()})`;
  }
}

/** @internal */
export class Changed extends ChangeFuture<void> {
  protected get what(): string {
    return "changed";
  }

  protected look(cx: Context): Poll<void> {
    const found = this.rx.pollChange(this as ChangeFuture<unknown>, cx);
    if (found === "waiting") return Pending;
    this.state = OVER;
    if (found === "ended") throw new WatchRecvError();
    return undefined;
  }
}

/** @internal */
export class WaitFor<T> extends ChangeFuture<T> {
  private readonly test: (value: T) => boolean;
  private isFirst: boolean;

  constructor(rx: Watching<unknown>, test: (value: T) => boolean) {
    super(rx);
    this.test = test;
    this.isFirst = true;
  }

  protected get what(): string {
    return "waitFor";
  }

  protected look(cx: Context): Poll<T> {
    for (;;) {
      if (!this.isFirst) {
        const found = this.rx.pollChange(this as ChangeFuture<unknown>, cx);
        if (found === "waiting") return Pending;
        if (found === "ended") {
          this.state = OVER;
          throw new WatchRecvError();
        }
      }
      const value = this.rx.see("waitFor") as T;
      this.isFirst = false;
      this.state = TESTING;
      const isIt = this.test(value);
      checkResult("WatchReceiver.waitFor", "predicate", this.test, isIt);
      // The predicate may have dropped this very future.
      const wasDropped = this.state === OVER;
      this.state = isIt || wasDropped ? OVER : OPEN;
      if (isIt) return value;
      if (wasDropped) throw polledAfterCompletion("watch waitFor");
    }
  }
}
