import { driveAsyncIterator } from "../../future/async-iterable.js";
import type { Context } from "../../future/context.js";
import { current } from "../../future/current.js";
import type { Future } from "../../future/future.js";
import type { Poll } from "../../future/poll.js";
import { integer } from "../../sync/integer.js";
import { TryRecvError } from "../../sync/mpsc/error.js";
import { LIVE } from "../handle.js";
import { NONE } from "../layout.js";
import { IS_CLOSED, PERMITS } from "../permits.js";
import { ReceivingHandle } from "../receiving-handle.js";
import { RECEIVING, STRONG, WEAK } from "../sender-counts.js";
import { takeValue } from "../values.js";
import { blockFor, mayBlock } from "../waiter.js";
import { abandon, CAPACITY, close, hasEnded, LENGTH, RECEIVER_HALF, takeMessage } from "./chan.js";
import { pollMessage, pollMessages, Recv, RecvMany, takeMany } from "./recv.js";

/** What the receivers of bounded and unbounded channels have in common. */
export abstract class BaseReceiver<T> extends ReceivingHandle implements AsyncIterable<T> {
  /**
   * Waits for the next message.
   *
   * A channel has one consumer. While a `recv` of one task waits, polling one of another task throws.
   *
   * **Cancel safety**: safe; a dropped `recv` has taken no message.
   *
   * @returns the message; undefined when the channel has ended: closed or without senders on any thread, drained, and no permit outstanding
   * @throws ConcurrentRecvError if another task waits for a message of this channel
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  recv(): Future<T | undefined> {
    this.open("recv");
    return new Recv<T>(this);
  }

  /**
   * Waits until there is a message, and takes all there are, up to `limit`.
   *
   * **Cancel safety**: safe; a dropped `recvMany` has taken no message.
   *
   * @param limit - the most to take; 0 gives an empty array at once
   * @returns the messages in order; none when the channel has ended (or `limit` is 0)
   * @throws ConcurrentRecvError if another task waits for a message of this channel
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  recvMany(limit: number): Future<T[]> {
    this.open("recvMany");
    integer("recvMany", "limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return new RecvMany<T>(this, limit);
  }

  /**
   * The next message, if one is there.
   *
   * @throws TryRecvError of kind `empty` if there is none now, `disconnected` if there will never be one
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  tryRecv(): T {
    const { thread, object, lock } = this.open("tryRecv");
    lock.lock();
    const message = takeMessage(thread, object);
    const isEnd = message === NONE && hasEnded(thread, object);
    thread.unlock(lock);
    if (message !== NONE) return takeValue(thread, message) as T;
    throw new TryRecvError(isEnd ? "disconnected" : "empty");
  }

  /**
   * Waits for the next message, blocking the thread: for threads that may block, as those of `spawnBlocking`.
   *
   * @returns the message; undefined when the channel has ended
   * @throws ConcurrentRecvError if a task waits for a message of this channel
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   *
   * @example
   * ```ts
   * import { mpsc } from "toki/shared";
   *
   * const [tx, rx] = mpsc.channel<number>(1);
   * tx.blockingSend(1);
   * tx[Symbol.dispose]();
   * console.log(rx.blockingRecv(), rx.blockingRecv()); // 1 undefined
   * ```
   */
  blockingRecv(): T | undefined {
    const message = this.block("blockingRecv");
    return message === NONE ? undefined : (takeValue(this.share.thread, message) as T);
  }

  /**
   * As {@link BaseReceiver.recvMany}, blocking the thread: for threads that may block.
   *
   * @param limit - the most to take; 0 gives an empty array at once
   * @throws ConcurrentRecvError if a task waits for a message of this channel
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  blockingRecvMany(limit: number): T[] {
    integer("blockingRecvMany", "limit", limit, 0, Number.MAX_SAFE_INTEGER);
    if (limit === 0) return [];
    const message = this.block("blockingRecvMany");
    if (message === NONE) return [];
    const first = takeValue(this.share.thread, message) as T;
    return [first, ...takeMany<T>(this, limit - 1)];
  }

  /** Blocks until there is a message: its block, or NONE at the end. */
  private block(method: string): number {
    const share = this.open(method);
    const { thread, object, lock } = share;
    mayBlock(`${this.constructor.name}.${method}`, thread);
    if (this.waiting() !== null) throw this.concurrent();
    for (;;) {
      thread.prepare();
      lock.lock();
      const message = takeMessage(thread, object);
      let waiter = NONE;
      if (message === NONE && !hasEnded(thread, object)) {
        waiter = thread.enqueue(share, object + RECEIVING, 1, 1, 1);
      }
      thread.unlock(lock);
      if (waiter === NONE) return message;
      blockFor(share, waiter, Number.POSITIVE_INFINITY);
    }
  }

  /** `recv` for futures written by hand: only the waker of the latest call is kept. */
  pollRecv(cx: Context): Poll<T | undefined> {
    this.open("pollRecv");
    return pollMessage<T>(this, cx, null);
  }

  /** `recvMany` for futures written by hand: only the waker of the latest call is kept. */
  pollRecvMany(cx: Context, limit: number): Poll<T[]> {
    this.open("pollRecvMany");
    integer("pollRecvMany", "limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return pollMessages<T>(this, cx, limit, null);
  }

  /**
   * Stops new sends and reservations, on all threads. Messages that were sent, and those that permits will still send, can be received; then `recv` gives
   * undefined.
   */
  close(): void {
    if (this.state !== LIVE) return;
    const { thread, object, lock } = this.share;
    lock.lock();
    close(thread, object);
    thread.unlock(lock);
  }

  /** Whether no new message can be sent: closed, or no sender and no owned permit is left. There may be messages to receive all the same. */
  get isClosed(): boolean {
    return !this.share.isLive || this.share.peek(IS_CLOSED) !== 0 || this.share.peek(STRONG) === 0;
  }

  /** Whether no message is there now. */
  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** How many messages are there now; permits do not count. */
  get length(): number {
    return this.word(LENGTH);
  }

  /** How many senders, on all threads, owned permits included, were not disposed. */
  get senderStrongCount(): number {
    return this.word(STRONG);
  }

  /** How many weak senders, on all threads, were not disposed. */
  get senderWeakCount(): number {
    return this.word(WEAK);
  }

  /** @internal */
  protected get freeSlots(): number {
    return this.word(PERMITS);
  }

  /** @internal */
  protected get slots(): number {
    return this.word(CAPACITY);
  }

  private word(word: number): number {
    return this.share.isLive ? this.share.peek(word) : 0;
  }

  /**
   * Messages for plain async code: `for await (const message of rx)`. Ends when the channel does; leaving the loop early leaves the channel as it is.
   *
   * Under `rt.enter()` the loop drives that runtime while it waits. Otherwise something else has to drive the runtime of the senders.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    this.open("for await");
    return driveAsyncIterator(current.runtime, () => this.recv(), undefined);
  }

  /** Gives the receiver up: closes the channel and drops the messages in it. A `recv` that waits ends with undefined. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    this.share.half(RECEIVER_HALF, false);
    abandon(this.share);
    // A wait of pollRecv has no future that would end it. It was told just now, or is about to hear from another thread.
    if (this.receiving !== null) return;
    const waker = this.wait?.waker;
    this.unregister(null);
    waker?.wake();
  }
}
