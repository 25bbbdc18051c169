import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { Future } from "../future/future.js";
import { MisuseError, polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { adoptWaker } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { ioRuntime } from "../io/io-runtime.js";
import type { RuntimeCore } from "../runtime/core.js";
import { proceed, refund } from "../task/coop.js";
import { type SignalSource, type SignalWaiter, signalSource } from "./registry.js";

/** One party that wants every arrival of a signal: the count it has seen, and the receive that is parked on it. @internal */
export class SignalListener {
  readonly source: SignalSource;
  seen: number;
  receiver: SignalRecv | null = null;

  constructor(source: SignalSource) {
    this.source = source;
    this.seen = source.raised;
  }
}

/** Waits for the next arrival of a signal, counted from when its listener was made. @internal */
export class SignalRecv extends Future<void> implements SignalWaiter {
  private readonly what: string;
  private readonly signalName: string;
  private listener: SignalListener | null;
  private waker: Waker | null = null;
  private held: RuntimeCore | null = null;
  private isDone = false;

  /** @param listener - null to make one at the first poll */
  constructor(what: string, signalName: string, listener: SignalListener | null) {
    super();
    this.what = what;
    this.signalName = signalName;
    this.listener = listener;
  }

  poll(cx: Context): Poll<void> {
    if (this.isDone) throw polledAfterCompletion(this.what);
    if (this.listener === null) {
      ioRuntime(this.what);
      this.listener = new SignalListener(signalSource(this.signalName, this.what));
    }
    const { listener } = this;
    if (listener.receiver !== null && listener.receiver !== this) {
      throw new MisuseError(
        "TOKI_FUTURE_IN_USE",
        `${this.what}: another receive is waiting on this listener; make a listener for each task`,
      );
    }
    if (!proceed(cx)) return Pending;
    if (listener.source.raised !== listener.seen) {
      listener.seen = listener.source.raised;
      this.isDone = true;
      this.unpark();
      return undefined;
    }
    refund();
    this.park(listener, cx);
    return Pending;
  }

  private park(listener: SignalListener, cx: Context): void {
    this.waker = adoptWaker(this, this.waker ?? undefined, cx.waker);
    if (listener.receiver === this) return;
    listener.receiver = this;
    listener.source.waiters.add(this);
    // A signal listener does not keep the process alive by itself; a task that waits for it does.
    this.held = current.runtime;
    this.held?.hold();
  }

  private unpark(): void {
    const { listener } = this;
    if (listener === null || listener.receiver !== this) return;
    listener.receiver = null;
    listener.source.waiters.delete(this);
    this.waker = null;
    this.held?.release();
    this.held = null;
  }

  /** @internal */
  notify(): void {
    this.waker?.wake();
  }

  override [Symbol.dispose](): void {
    this.unpark();
  }

  override describe(): string {
    return this.what;
  }
}
