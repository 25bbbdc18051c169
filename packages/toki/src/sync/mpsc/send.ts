/*
 * The futures of a bounded sender: each acquires slots (see chan.ts and acquire-future.ts) and differs in what it makes of them.
 */
import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import { type AwaitEdge, Future, pollingContext, resultOf } from "../../future/future.js";
import { polledAfterCompletion } from "../../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../../future/poll.js";
import { pollDeadline, proceed } from "../../task/coop.js";
import type { Sleep } from "../../time/sleep.js";
import { AcquireFuture, OVER } from "../acquire-future.js";
import { SendError } from "../error.js";
import { type BaseSender, LIVE } from "./base-sender.js";
import type { Chan } from "./chan.js";
import { SendTimeoutError } from "./error.js";
import type { Sender } from "./sender.js";

/** @internal */
export class Send<T> extends AcquireFuture<void, Chan<T>> {
  private readonly sender: BaseSender<T>;
  readonly message: T;

  constructor(sender: BaseSender<T>, message: T) {
    super(sender.chan, 1);
    this.sender = sender;
    this.message = message;
  }

  override poll(cx: Context): Poll<void> {
    if (!proceed(cx)) return Pending;
    const { sem } = this;
    if (this.waiter !== null) return this.pollQueue(cx);
    // Sending after the channel has ended would lose the message without a word.
    if (this.sender.state !== LIVE) this.sender.check("send");
    if (sem.permits === 0 || sem.closed) return this.pollQueue(cx);
    sem.permits--;
    this.waiter = OVER;
    sem.deliver(this.message);
    return undefined;
  }

  override next(): IteratorResult<Suspend, void> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  protected acquired(): void {
    this.sem.deliver(this.message);
  }

  protected failed(): Error {
    return new SendError(this.message);
  }

  override describe(): string {
    return describeWait("send", 1, this.sem as Chan<unknown>);
  }
}

/** A send that knows its message. @internal */
export interface Sending<T> extends Future<void> {
  readonly message: T;
}

/** @internal */
export class SendTimeout<T> extends Future<void> {
  private readonly send: Sending<T>;
  private readonly delay: Sleep;
  private over = false;

  constructor(send: Sending<T>, delay: Sleep) {
    super();
    this.send = send;
    this.delay = delay;
  }

  poll(cx: Context): Poll<void> {
    if (this.over) throw polledAfterCompletion("mpsc sendTimeout");
    const { send } = this;
    const hadBudget = current.budget > 0;
    try {
      if (send.poll(cx) !== Pending) {
        this[Symbol.dispose]();
        return undefined;
      }
      if (!pollDeadline(this.delay, cx, hadBudget)) return Pending;
    } catch (error) {
      this[Symbol.dispose]();
      throw error instanceof SendError ? new SendTimeoutError("closed", send.message) : error;
    }
    this[Symbol.dispose]();
    throw new SendTimeoutError("timeout", send.message);
  }

  override [Symbol.dispose](): void {
    this.over = true;
    this.send[Symbol.dispose]();
    this.delay[Symbol.dispose]();
  }

  override describe(): string {
    return "mpsc sendTimeout";
  }

  override awaits(): Iterable<AwaitEdge> {
    return [
      { label: undefined, future: this.send as Future<unknown> },
      { label: "deadline", future: this.delay as Future<unknown> },
    ];
  }
}

/** Acquires `n` slots and gives what `make` makes of them. @internal */
export class Reserve<T, R> extends AcquireFuture<R, Chan<T>> {
  private readonly sender: Sender<T>;
  private readonly make: (sender: Sender<T>, n: number) => R;

  constructor(sender: Sender<T>, n: number, make: (sender: Sender<T>, n: number) => R) {
    super(sender.chan, n);
    this.sender = sender;
    this.make = make;
  }

  override poll(cx: Context): Poll<R> {
    if (this.waiter === null && this.sender.state !== LIVE) this.sender.check("reserve");
    return super.poll(cx);
  }

  protected acquired(): R {
    return (0, this.make)(this.sender, this.n);
  }

  protected failed(): Error {
    return new SendError(undefined);
  }

  override describe(): string {
    return describeWait("reserve", this.n, this.sem as Chan<unknown>);
  }
}

function describeWait(what: string, n: number, chan: Chan<unknown>): string {
  return `mpsc ${what}${n === 1 ? "" : ` of ${n}`} (${chan.summary()}, ${chan.waiters.length} waiting)`;
}
