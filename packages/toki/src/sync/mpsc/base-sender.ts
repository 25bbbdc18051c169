/*
 * The sending half: a counted reference to the channel.
 *
 *   LIVE       counted in `chan.strong`
 *   LENT       an owned permit holds it, and its count       LIVE <-> LENT
 *   DISPOSED   not counted any more: the end
 */
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { DisposedError } from "../error.js";
import { unwatchSender, watchSender } from "../forgotten.js";
import type { Chan } from "./chan.js";
import { Closed } from "./closed.js";
import { refuseUndefined } from "./message.js";

/** @internal */
export const LIVE = 0;
/** @internal */
export const LENT = 1;
/** @internal */
export const DISPOSED = 2;

/** What the senders of bounded and unbounded channels have in common. */
export abstract class BaseSender<T> implements Disposable {
  /** @internal */
  readonly chan: Chan<T>;
  /** @internal */
  state: number;

  /** @internal */
  constructor(chan: Chan<T>) {
    this.chan = chan;
    this.state = LIVE;
    chan.strong++;
    watchSender(this, chan);
  }

  /**
   * Waits until the receiver is closed or disposed: time to stop producing.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this sender was disposed
   *
   * @example
   * ```ts
   * import { main, spawn, yieldNow } from "toki";
   * import { mpsc } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = mpsc.channel<number>(1);
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
    return new Closed(this.chan as Chan<unknown>);
  }

  /** Whether the receiver was closed or disposed: a send would fail. */
  get isClosed(): boolean {
    return this.chan.closed;
  }

  /** Whether `other` sends into the same channel. */
  sameChannel(other: BaseSender<T>): boolean {
    if (!(other instanceof BaseSender)) {
      throw invalidArgument(`${this.constructor.name}.sameChannel`, "other", "a sender", other);
    }
    return this.chan === other.chan;
  }

  /** How many senders of this channel, owned permits included, were not disposed. */
  get strongCount(): number {
    return this.chan.strong;
  }

  /** How many weak senders of this channel were not disposed. */
  get weakCount(): number {
    return this.chan.weak;
  }

  /** Gives this sender up. When the last one is, the channel has ended: the receiver gets what is in it, then undefined. */
  [Symbol.dispose](): void {
    if (this.state !== LIVE) return;
    this.state = DISPOSED;
    unwatchSender(this);
    this.chan.dropSender();
  }

  /** @internal */
  lend(): void {
    this.state = LENT;
  }

  /** @internal */
  takeBack(): void {
    this.state = LIVE;
  }

  /** @internal */
  check(method: string): void {
    if (this.state === LIVE) return;
    throw new DisposedError(
      `${this.constructor.name}.${method}`,
      this.state === LENT ? "turned into an owned permit, which hands it back by send() or release()" : "disposed",
    );
  }

  /** @internal */
  checkMessage(method: string, value: T): void {
    this.check(method);
    if (value === undefined) refuseUndefined(`${this.constructor.name}.${method}`, "value");
  }
}
