import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { keepShape } from "../../internal/keep-shape.js";
import { DisposedError, SendError } from "../error.js";
import { unwatchSender, watchSender } from "../forgotten.js";
import { slotsFor } from "./capacity.js";
import { BroadcastChan, MAX_SLOTS } from "./chan.js";
import { Closed } from "./closed.js";
import { BroadcastReceiver } from "./receiver.js";
import { Recv } from "./recv.js";
import { WeakBroadcastSender } from "./weak-sender.js";

/**
 * A sending half of a {@link broadcast} channel. Clone it for each producer, and dispose each clone: the channel ends when the last one is.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { BroadcastSender } from "toki/sync";
 *
 * await main(function* () {
 *   using tx = new BroadcastSender<string>(16);
 *   using rx = tx.subscribe();
 *   console.log(tx.send("hello"), yield* rx.recv()); // 1 hello
 * });
 * ```
 */
export class BroadcastSender<T> implements Disposable {
  /** @internal */
  readonly chan: BroadcastChan<T>;
  private isDisposed: boolean;

  /**
   * A channel without a receiver: {@link BroadcastSender.subscribe} makes them.
   *
   * @param capacity - how many values it keeps for receivers that are behind, 1 or more; rounded up to a power of two
   * @throws InvalidArgumentError if `capacity` is not a whole number from 1 to 2^30
   */
  constructor(capacity: number);
  /** @internal */
  constructor(capacity: number | BroadcastChan<T>);
  constructor(capacity: number | BroadcastChan<T>) {
    const chan =
      capacity instanceof BroadcastChan
        ? capacity
        : new BroadcastChan<T>(slotsFor("BroadcastSender", capacity, MAX_SLOTS));
    this.chan = chan;
    this.isDisposed = false;
    chan.strong++;
    watchSender(this, chan);
  }

  /**
   * Sends to all receivers there are, without waiting. All get the same value, not copies: treat it as read-only.
   *
   * When the ring is full the oldest value goes, whether everybody has read it or not.
   *
   * @param value - anything, undefined included
   * @returns how many receivers there are. Some may be disposed before they receive it
   * @throws SendError with the value if there is no receiver; a later {@link BroadcastSender.subscribe} makes sending possible again
   * @throws DisposedError if this sender was disposed
   */
  send(value: T): number {
    if (this.isDisposed) this.check("send");
    const { chan } = this;
    const { receivers } = chan;
    if (receivers === 0) throw new SendError(value);
    chan.write(value);
    return receivers;
  }

  /**
   * A new receiver. It gets what is sent from now on.
   *
   * @throws DisposedError if this sender was disposed
   */
  subscribe(): BroadcastReceiver<T> {
    this.check("subscribe");
    return new BroadcastReceiver(this.chan);
  }

  /** Another sender of the same channel; each has to be disposed. */
  clone(): BroadcastSender<T> {
    this.check("clone");
    return new BroadcastSender(this.chan);
  }

  /** A reference that does not keep the channel open. */
  downgrade(): WeakBroadcastSender<T> {
    this.check("downgrade");
    const { chan } = this;
    return new WeakBroadcastSender<T>(chan, () => new BroadcastSender<T>(chan));
  }

  /**
   * Waits until there is no receiver: nobody listens any more. That need not stay so, since {@link BroadcastSender.subscribe} makes new ones: a wait that has
   * been woken, and finds one when its turn comes, goes on.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this sender was disposed
   *
   * @example
   * ```ts
   * import { main, spawn, yieldNow } from "toki";
   * import { broadcast } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = broadcast<number>(4);
   *   const producer = spawn(function* () {
   *     yield* tx.closed();
   *     return "nobody listens any more";
   *   });
   *   yield* yieldNow();
   *   rx[Symbol.dispose]();
   *   console.log(yield* producer);
   * });
   * ```
   */
  closed(): Future<void> {
    this.check("closed");
    return new Closed(this.chan as BroadcastChan<unknown>);
  }

  /** How many values there are that some receiver has still to read. */
  get length(): number {
    return this.chan.length;
  }

  /** Whether all receivers have read everything. */
  get isEmpty(): boolean {
    return this.chan.length === 0;
  }

  /** How many receivers there are. */
  get receiverCount(): number {
    return this.chan.receivers;
  }

  /** Whether `other` sends into the same channel. */
  sameChannel(other: BroadcastSender<T>): boolean {
    if (!(other instanceof BroadcastSender)) {
      throw invalidArgument("BroadcastSender.sameChannel", "other", "a BroadcastSender", other);
    }
    return this.chan === other.chan;
  }

  /** How many senders of this channel were not disposed. */
  get strongCount(): number {
    return this.chan.strong;
  }

  /** How many weak senders of this channel were not disposed. */
  get weakCount(): number {
    return this.chan.weak;
  }

  /** Gives this sender up. When the last one is, the channel has ended: each receiver gets what it has not read, then the end. */
  [Symbol.dispose](): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    unwatchSender(this);
    this.chan.dropSender();
  }

  private check(method: string): void {
    if (this.isDisposed) throw new DisposedError(`BroadcastSender.${method}`, "disposed");
  }
}

const kept = new BroadcastChan<undefined>(1);
keepShape(kept);
keepShape(new Recv(new BroadcastReceiver(kept)));
