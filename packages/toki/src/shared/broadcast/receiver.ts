import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { itemsOf } from "../../sync/broadcast/items.js";
import { ONE_EACH } from "../../sync/broadcast/receiver.js";
import { ConcurrentRecvError } from "../../sync/mpsc/error.js";
import { single } from "../crossing.js";
import { type Collected, LIVE, Use, unwatch, watch } from "../handle.js";
import { NONE, STATE } from "../layout.js";
import { QUEUED, remove } from "../queue.js";
import { ReceivingHandle } from "../receiving-handle.js";
import { RECEIVING, STRONG, WEAK } from "../sender-counts.js";
import type { Share } from "../share.js";
import { blockFor, mayBlock, type Waiter } from "../waiter.js";
import {
  addListener,
  dropList,
  freeListener,
  kind,
  listenerIsWith,
  loseListener,
  takeDropped,
  unread,
} from "./chan.js";
import { look, Recv, received } from "./recv.js";

/** A receiver was collected: its listener stays counted, and is no thread's. */
class Collection extends Use implements Collected {
  private readonly chan: Share;
  private readonly listener: number;

  constructor(share: Share, listener: number) {
    super(share);
    this.chan = share;
    this.listener = listener;
  }

  override onCollected(): void {
    listenerIsWith(this.chan, this.listener, false);
    super.onCollected();
  }
}

/**
 * A receiving half of a shared {@link broadcast} channel: it gets a copy of every value sent since it was made, in order. Each task that listens has its own.
 *
 * The channel waits for nobody: a receiver that is slower than the senders by more than the channel's capacity misses the oldest values, and is told how many
 * by a `LaggedError`. Dispose it when nothing is wanted any more: what it had not read is then kept for nobody.
 *
 * Threads: sending it to another thread moves it, with what it has not read, and this one cannot be used any more. Send a `resubscribe()` of it to keep it.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { broadcast, type BroadcastReceiver } from "toki/shared";
 *
 * export const listen = fn(import.meta, function* listen(receiver: BroadcastReceiver<string>) {
 *   using rx = receiver;
 *   return yield* rx.recv();
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = broadcast<string>(16);
 *   const heard = [spawn(listen(tx.subscribe())), spawn(listen(rx))];
 *   tx.send("hello");
 *   for (const each of heard) console.log(yield* each); // hello, twice
 * });
 * ```
 */
export class BroadcastReceiver<T> extends ReceivingHandle implements AsyncIterable<T> {
  /** @internal Its block. */
  readonly listener: number;

  /** @internal */
  constructor(share: Share, listener: number) {
    super(share);
    this.listener = listener;
    // In the place of what the base class watches: it does not know the listener.
    unwatch(this);
    watch(this, new Collection(share, listener));
  }

  /** @internal A new one. */
  static subscribe<T>(share: Share): BroadcastReceiver<T> {
    const listener = addListener(share);
    return new BroadcastReceiver<T>(share.use(), listener);
  }

  /**
   * Waits for the next value.
   *
   * One task receives at a time. While a `recv` of one task waits, polling one of another task throws: give each a receiver of its own.
   *
   * **Cancel safety**: safe; a dropped `recv` has taken no value.
   *
   * @throws LaggedError if values were missed; the next `recv` gives the oldest that is still there
   * @throws BroadcastRecvError of kind `closed` when all senders, on any thread, were disposed and every value has been received
   * @throws ConcurrentRecvError if another task waits for a value of this receiver
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  recv(): Future<T> {
    this.open("recv");
    return new Recv<T>(this);
  }

  /**
   * The next value, if one is there.
   *
   * @throws LaggedError if values were missed; the next call gives the oldest that is still there
   * @throws BroadcastRecvError of kind `empty` if there is none now, `closed` if there will never be one
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  tryRecv(): T {
    const { thread, object, lock } = this.open("tryRecv");
    lock.lock();
    const message = look(thread, object, this.listener);
    lock.unlock();
    return received<T>(thread, message);
  }

  /**
   * Waits for the next value, blocking the thread: for threads that may block, as those of `spawnBlocking`.
   *
   * @throws LaggedError if values were missed; the next call gives the oldest that is still there
   * @throws BroadcastRecvError of kind `closed` when all senders were disposed and every value has been received
   * @throws ConcurrentRecvError if a task waits for a value of this receiver
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   *
   * @example
   * ```ts
   * import { broadcast } from "toki/shared";
   *
   * const [tx, rx] = broadcast<number>(4);
   * tx.send(42);
   * console.log(rx.blockingRecv()); // 42
   * ```
   */
  blockingRecv(): T {
    const share = this.open("blockingRecv");
    const { thread, object, lock } = share;
    mayBlock("BroadcastReceiver.blockingRecv", thread);
    if (this.waiting() !== null) throw this.concurrent();
    for (;;) {
      thread.prepare();
      lock.lock();
      const message = look(thread, object, this.listener);
      const waiter = message === NONE ? thread.enqueue(share, object + RECEIVING, 1, 1, 1) : NONE;
      lock.unlock();
      if (waiter === NONE) return received<T>(thread, message);
      blockFor(share, waiter, Number.POSITIVE_INFINITY);
    }
  }

  /**
   * Another receiver of the same channel. It gets what is sent from now on; what this one has not read yet it does not get.
   *
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  resubscribe(): BroadcastReceiver<T> {
    return BroadcastReceiver.subscribe(this.open("resubscribe"));
  }

  /** How many values were sent that this receiver has not read. Counts those that it has missed, until it was told: can be more than the capacity. */
  get length(): number {
    if (this.state !== LIVE) return 0;
    const { thread, object, lock } = this.share;
    lock.lock();
    const length = unread(thread.memory, object, this.listener);
    lock.unlock();
    return length;
  }

  /** Whether nothing was sent that this receiver has not read. */
  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Whether no sender is left on any thread. There may be values to receive all the same. */
  get isClosed(): boolean {
    return this.senderStrongCount === 0;
  }

  /** How many senders, on all threads, were not disposed. */
  get senderStrongCount(): number {
    return this.share.isLive ? this.share.peek(STRONG) : 0;
  }

  /** How many weak senders, on all threads, were not disposed. */
  get senderWeakCount(): number {
    return this.share.isLive ? this.share.peek(WEAK) : 0;
  }

  /** Whether `other` receives from the same channel. */
  sameChannel(other: BroadcastReceiver<T>): boolean {
    if (!(other instanceof BroadcastReceiver)) {
      throw invalidArgument("BroadcastReceiver.sameChannel", "other", "a BroadcastReceiver", other);
    }
    return this.share === other.share;
  }

  /**
   * Values for plain async code: `for await (const value of rx)`. Ends when the channel does; leaving the loop early leaves the receiver as it is. If the
   * receiver lags the loop ends with the `LaggedError`; another loop goes on from there.
   *
   * Under `rt.enter()` the loop drives that runtime while it waits. Otherwise something else has to drive the runtime of the senders.
   *
   * @throws DisposedError if the receiver was disposed, or sent to another thread
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    this.open("for await");
    return itemsOf(this);
  }

  /** Gives the receiver up, with what it has not read. A `recv` that waits ends as if the channel had. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    giveUp(this.share, this.listener, this.waiting());
  }

  /** @internal */
  override concurrent(): Error {
    return new ConcurrentRecvError(ONE_EACH, "receiver");
  }
}

/** A listener is no more; a wait of it is told. */
function giveUp(share: Share, listener: number, wait: Waiter | null): void {
  const { thread, object, lock } = share;
  const { memory } = thread;
  lock.lock();
  if (wait !== null && memory.read(wait.block + STATE) === QUEUED) {
    remove(memory, wait.block);
    thread.tell(wait.block, 0);
  }
  loseListener(thread, object, listener);
  const dropped = takeDropped(memory, object);
  thread.unlock(lock);
  freeListener(share, listener);
  dropList(thread, dropped);
}

/** @internal */
export const BROADCAST_RECEIVER = 33;

registerCrossing(
  BroadcastReceiver.prototype,
  single<BroadcastReceiver<unknown>>(kind, {
    as: BROADCAST_RECEIVER,
    wordOf: (receiver) => receiver.listener,
    keyOf: (_object, listener) => -listener,
    has: listenerIsWith,
    make: (share, listener) => new BroadcastReceiver(share, listener),
    drop: (share, listener) => giveUp(share, listener, null),
  }),
  import.meta.url,
);
