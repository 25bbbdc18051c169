import { driveAsyncIterator } from "../../future/async-iterable.js";
import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import type { Future } from "../../future/future.js";
import type { Poll } from "../../future/poll.js";
import { DisposedError } from "../error.js";
import { integer } from "../integer.js";
import type { Chan } from "./chan.js";
import { TryRecvError } from "./error.js";
import { pollMessage, pollMessages, Recv, RecvMany } from "./recv.js";

/** What the receivers of bounded and unbounded channels have in common. */
export abstract class BaseReceiver<T> implements Disposable, AsyncIterable<T> {
  /** @internal */
  readonly chan: Chan<T>;
  /** @internal A Recv to hand out again. */
  idle: Recv<T> | null = null;

  /** @internal */
  constructor(chan: Chan<T>) {
    this.chan = chan;
  }

  /**
   * Waits for the next message.
   *
   * A channel has one consumer. While a `recv` of one task waits, polling one of another task throws.
   *
   * **Cancel safety**: safe; a dropped `recv` has taken no message.
   *
   * @returns the message; undefined when the channel has ended: closed or without senders, drained, and no permit outstanding
   * @throws ConcurrentRecvError if another task waits for a message of this channel
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { mpsc } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = mpsc.channel<number>(8);
   *   yield* tx.send(1);
   *   yield* tx.send(2);
   *   tx[Symbol.dispose]();
   *   for (let n = yield* rx.recv(); n !== undefined; n = yield* rx.recv()) console.log(n); // 1, 2
   * });
   * ```
   */
  recv(): Future<T | undefined> {
    const { idle } = this;
    if (idle !== null) {
      this.idle = null;
      idle.idle = false;
      return idle;
    }
    this.check("recv");
    return new Recv<T>(this.chan, this);
  }

  /**
   * Waits until there is a message, and takes all there are, up to `limit`.
   *
   * **Cancel safety**: safe; a dropped `recvMany` has taken no message.
   *
   * @param limit - the most to take; 0 gives an empty array at once
   * @returns the messages in order; none when the channel has ended (or `limit` is 0)
   * @throws ConcurrentRecvError if another task waits for a message of this channel
   * @throws DisposedError if the receiver was disposed
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { mpsc } from "toki/sync";
   *
   * await main(function* () {
   *   const [tx, rx] = mpsc.channel<number>(8);
   *   for (let i = 1; i <= 5; i++) yield* tx.send(i);
   *   console.log(yield* rx.recvMany(3)); // [ 1, 2, 3 ]
   *   console.log(yield* rx.recvMany(3)); // [ 4, 5 ]
   * });
   * ```
   */
  recvMany(limit: number): Future<T[]> {
    this.check("recvMany");
    integer("recvMany", "limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return new RecvMany<T>(this.chan, limit);
  }

  /**
   * The next message, if one is there.
   *
   * @throws TryRecvError of kind `empty` if there is none now, `disconnected` if there will never be one
   * @throws DisposedError if the receiver was disposed
   */
  tryRecv(): T {
    this.check("tryRecv");
    const { chan } = this;
    if (chan.messages.length > 0) return chan.take();
    throw new TryRecvError(chan.hasEnded ? "disconnected" : "empty");
  }

  /** `recv` for futures written by hand: only the waker of the latest call is kept. */
  pollRecv(cx: Context): Poll<T | undefined> {
    this.check("pollRecv");
    return pollMessage(this.chan, cx, null);
  }

  /** `recvMany` for futures written by hand: only the waker of the latest call is kept. */
  pollRecvMany(cx: Context, limit: number): Poll<T[]> {
    this.check("pollRecvMany");
    integer("pollRecvMany", "limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return pollMessages(this.chan, cx, limit, null);
  }

  /**
   * Stops new sends and reservations. Messages that were sent, and those that permits will still send, can be received; then `recv` gives undefined.
   */
  close(): void {
    this.chan.close();
  }

  /** Whether no new message can be sent: closed, or no sender and no owned permit is left. There may be messages to receive all the same. */
  get isClosed(): boolean {
    return this.chan.closed || this.chan.strong === 0;
  }

  /** Whether no message is there now. */
  get isEmpty(): boolean {
    return this.chan.messages.length === 0;
  }

  /** How many messages are there now; permits do not count. */
  get length(): number {
    return this.chan.messages.length;
  }

  /** How many senders, owned permits included, were not disposed. */
  get senderStrongCount(): number {
    return this.chan.strong;
  }

  /** How many weak senders were not disposed. */
  get senderWeakCount(): number {
    return this.chan.weak;
  }

  /**
   * Messages for plain async code: `for await (const message of rx)`. Ends when the channel does; leaving the loop early leaves the channel as it is.
   *
   * Under `rt.enter()` the loop drives that runtime while it waits. Otherwise something else has to drive the runtime of the senders.
   *
   * @example
   * ```ts
   * import { Runtime } from "toki";
   * import { mpsc } from "toki/sync";
   *
   * const rt = new Runtime();
   * const [tx, rx] = mpsc.channel<number>(1);
   * const done = rt.run(function* () {
   *   using sender = tx;
   *   for (let i = 1; i <= 3; i++) yield* sender.send(i);
   * });
   * for await (const n of rx) console.log(n); // 1, 2, 3
   * await done;
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    this.check("for await");
    return driveAsyncIterator(current.runtime, () => this.recv(), undefined);
  }

  /** Gives the receiver up: closes the channel and drops the messages in it. A `recv` that waits ends with undefined. */
  [Symbol.dispose](): void {
    this.idle = null;
    this.chan.abandon();
  }

  private check(method: string): void {
    if (this.chan.abandoned) throw new DisposedError(`${this.constructor.name}.${method}`, "disposed");
  }
}
