/*
 * The receiving half: a place in the sequence of values, `next`, which only it moves. It has a value to give while `next` is before the channel's tail; if the
 * ring has moved on beyond `next`, it has lagged.
 *
 * At most one wait of it is in the queue: `waiter`, on behalf of the future `receiving`.
 */
import type { Future } from "../../future/future.js";
import { rejectSharing } from "../../future/sharing.js";
import type { Waker } from "../../future/waker.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { DisposedError } from "../error.js";
import { ConcurrentRecvError } from "../mpsc/error.js";
import { Waiter } from "../waiter-queue.js";
import type { BroadcastChan } from "./chan.js";
import { BroadcastRecvError, LaggedError } from "./error.js";
import { itemsOf } from "./items.js";
import { Recv } from "./recv.js";

/** What to do about two that receive at once. @internal */
export const ONE_EACH = "Give each task a receiver of its own: resubscribe(), or subscribe() of a sender.";

/**
 * A receiving half of a {@link broadcast} channel: it gets every value sent since it was made, in order. Each task that listens has its own.
 *
 * The channel waits for nobody: a receiver that is slower than the senders by more than the channel's capacity misses the oldest values, and is told how many
 * by a {@link LaggedError}. Dispose it when nothing is wanted any more: what it had not read is then kept for nobody.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { broadcast, type BroadcastReceiver, BroadcastRecvError, LaggedError } from "toki/sync";
 *
 * const listen = fn(function* listen(name: string, receiver: BroadcastReceiver<number>) {
 *   using rx = receiver;
 *   for (;;) {
 *     try {
 *       console.log(name, yield* rx.recv());
 *     } catch (error) {
 *       if (error instanceof LaggedError) continue; // missed some: go on with what is there
 *       if (error instanceof BroadcastRecvError) break; // closed
 *       throw error;
 *     }
 *   }
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = broadcast<number>(16);
 *   const a = spawn(listen("a", rx));
 *   const b = spawn(listen("b", tx.subscribe()));
 *   for (const n of [1, 2]) tx.send(n);
 *   tx[Symbol.dispose]();
 *   yield* a;
 *   yield* b; // a 1, a 2, b 1, b 2
 * });
 * ```
 */
export class BroadcastReceiver<T> implements Disposable, AsyncIterable<T> {
  /** @internal */
  readonly chan: BroadcastChan<T>;
  /** @internal The position of the next value to read. */
  next: number;
  /** @internal */
  isDisposed: boolean;
  /** @internal A Recv to hand out again. */
  idle: Recv<T> | null;
  /** @internal The future that waits. */
  receiving: Future<unknown> | null;
  private waiter: Waiter | null;

  /** @internal */
  constructor(chan: BroadcastChan<T>) {
    this.chan = chan;
    this.next = chan.tail;
    this.isDisposed = false;
    this.idle = null;
    this.receiving = null;
    this.waiter = null;
    chan.receivers++;
  }

  /**
   * Waits for the next value.
   *
   * One task receives at a time. While a `recv` of one task waits, polling one of another task throws: give each a receiver of its own.
   *
   * **Cancel safety**: safe; a dropped `recv` has taken no value.
   *
   * @throws LaggedError if values were missed; the next `recv` gives the oldest that is still there
   * @throws BroadcastRecvError of kind `closed` when all senders were disposed and every value has been received
   * @throws ConcurrentRecvError if another task waits for a value of this receiver
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { broadcast } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = broadcast<string>(4);
   *   const other = tx.subscribe();
   *   tx.send("hello");
   *   console.log(yield* rx.recv(), yield* other.recv()); // hello hello
   * });
   * ```
   */
  recv(): Future<T> {
    const { idle } = this;
    if (idle !== null) {
      this.idle = null;
      idle.idle = false;
      return idle;
    }
    this.check("recv");
    return new Recv<T>(this);
  }

  /**
   * The next value, if one is there.
   *
   * @throws LaggedError if values were missed; the next call gives the oldest that is still there
   * @throws BroadcastRecvError of kind `empty` if there is none now, `closed` if there will never be one
   * @throws DisposedError if the receiver was disposed
   */
  tryRecv(): T {
    this.check("tryRecv");
    const { chan } = this;
    if (this.next < chan.tail) return this.take();
    throw new BroadcastRecvError(chan.strong === 0 ? "closed" : "empty");
  }

  /**
   * Another receiver of the same channel. It gets what is sent from now on; what this one has not read yet it does not get.
   *
   * @throws DisposedError if the receiver was disposed
   */
  resubscribe(): BroadcastReceiver<T> {
    this.check("resubscribe");
    return new BroadcastReceiver(this.chan);
  }

  /** How many values were sent that this receiver has not read. Counts those that it has missed, until it was told: can be more than the capacity. */
  get length(): number {
    return this.isDisposed ? 0 : this.chan.tail - this.next;
  }

  /** Whether nothing was sent that this receiver has not read. */
  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Whether no sender is left. There may be values to receive all the same. */
  get isClosed(): boolean {
    return this.chan.strong === 0;
  }

  /** How many senders were not disposed. */
  get senderStrongCount(): number {
    return this.chan.strong;
  }

  /** How many weak senders were not disposed. */
  get senderWeakCount(): number {
    return this.chan.weak;
  }

  /** Whether `other` receives from the same channel. */
  sameChannel(other: BroadcastReceiver<T>): boolean {
    if (!(other instanceof BroadcastReceiver)) {
      throw invalidArgument("BroadcastReceiver.sameChannel", "other", "a BroadcastReceiver", other);
    }
    return this.chan === other.chan;
  }

  /**
   * Values for plain async code: `for await (const value of rx)`. Ends when the channel does; leaving the loop early leaves the receiver as it is. If the
   * receiver lags the loop ends with the {@link LaggedError}; another loop goes on from there.
   *
   * Under `rt.enter()` the loop drives that runtime while it waits. Otherwise something else has to drive the runtime of the senders.
   *
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { broadcast } from "toki/sync";
   *
   * const [tx, rx] = broadcast<string>(4);
   * setTimeout(() => {
   *   using sender = tx;
   *   for (const news of ["one", "two"]) sender.send(news);
   * }, 5);
   * for await (const news of rx) console.log(news); // one, two
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    this.check("for await");
    return itemsOf(this);
  }

  /** Gives the receiver up, with what it has not read. A `recv` that waits ends as if the channel had. */
  [Symbol.dispose](): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.idle = null;
    const { waiter } = this;
    if (waiter !== null && waiter.state > 0) {
      this.chan.waiters.remove(waiter);
      waiter.state = 0;
    }
    this.chan.dropReceiver(this.next);
    waiter?.wake();
  }

  /** @internal The next value. Only when there is one, or the receiver has lagged. */
  take(): T {
    const { chan, next } = this;
    const { oldest } = chan;
    if (next < oldest) {
      this.next = oldest;
      throw new LaggedError(oldest - next);
    }
    this.next = next + 1;
    return chan.read(next);
  }

  /** @internal Waits on behalf of `who`. */
  register(who: Future<unknown>, waker: Waker): void {
    const { chan, waiter } = this;
    if (waiter === null || waiter.state <= 0) {
      this.waiter = new Waiter(1, waker);
      chan.waiters.push(this.waiter);
    } else {
      const held = waiter.waker;
      if (held !== null && !held.willWake(waker)) {
        if (this.receiving !== who) throw new ConcurrentRecvError(ONE_EACH, "receiver");
        rejectSharing(who, held);
      }
      waiter.waker = waker;
    }
    this.receiving = who;
    if (chan.forgotten > 0) chan.reportForgotten();
  }

  /** @internal Nobody waits any more. */
  unregister(): void {
    const { waiter } = this;
    this.receiving = null;
    this.waiter = null;
    if (waiter === null) return;
    if (waiter.state > 0) {
      this.chan.waiters.remove(waiter);
      waiter.state = 0;
    }
    waiter.waker = null;
  }

  private check(method: string): void {
    if (this.isDisposed) throw new DisposedError(`BroadcastReceiver.${method}`, "disposed");
  }
}
