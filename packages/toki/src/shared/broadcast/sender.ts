import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { SendError } from "../../sync/error.js";
import { StrongSender } from "../counted-sender.js";
import { sharing } from "../crossing.js";
import { Forgotten } from "../forgotten.js";
import type { Collected } from "../handle.js";
import { NONE } from "../layout.js";
import { addSender, addWeak, dropSender, FORGOTTEN, RECEIVING } from "../sender-counts.js";
import { Share } from "../share.js";
import { dropValue, putValue } from "../values.js";
import { createChannel, dropList, kind, LENGTH, letGo, RECEIVERS, takeDropped, write } from "./chan.js";
import { Closed } from "./closed.js";
import { BroadcastReceiver } from "./receiver.js";
import { WeakBroadcastSender } from "./weak-sender.js";

const FORGETFUL = { name: "broadcast", forgotten: FORGOTTEN, waiting: RECEIVING };

/**
 * A sending half of a shared {@link broadcast} channel. Clone it for each producer, and dispose each clone: the channel ends when the last one is.
 *
 * Threads: one that is sent to another thread is a clone for that thread; this thread keeps its own.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { BroadcastSender } from "toki/shared";
 *
 * await main(function* () {
 *   using tx = new BroadcastSender<string>(16);
 *   using rx = tx.subscribe();
 *   console.log(tx.send("hello"), yield* rx.recv()); // 1 hello
 * });
 * ```
 */
export class BroadcastSender<T> extends StrongSender {
  /**
   * A channel without a receiver: {@link BroadcastSender.subscribe} makes them.
   *
   * @param capacity - how many values it keeps for receivers that are behind, 1 or more; rounded up to a power of two
   * @throws InvalidArgumentError if `capacity` is not a whole number from 1 to 131072
   * @throws OutOfMemoryError if shared memory is full
   */
  constructor(capacity: number);
  /** @internal */
  constructor(capacity: number | Share);
  constructor(capacity: number | Share) {
    super(capacity instanceof Share ? capacity : createChannel("BroadcastSender", capacity));
  }

  /** @internal */
  override whenCollected(): Collected {
    return new Forgotten(this.share, FORGETFUL, "BroadcastSender");
  }

  /**
   * Sends to all receivers there are, on any thread, without waiting. It is written to shared memory once, and each receiver gets a copy of its own.
   *
   * When the ring is full the oldest value goes, whether everybody has read it or not.
   *
   * @param value - anything that can be sent, undefined included; not a receiver, or another handle that can be in one place only
   * @returns how many receivers there are. Some may be disposed before they receive it
   * @throws SendError with the value if there is no receiver; a later {@link BroadcastSender.subscribe} makes sending possible again
   * @throws NotSendError if the value cannot be sent
   * @throws OutOfMemoryError if shared memory is full
   * @throws DisposedError if this sender was disposed
   */
  send(value: T): number {
    const { thread, object, lock } = this.open("send");
    const { memory } = thread;
    const message = putValue(thread, value, "BroadcastSender.send", "value", true);
    lock.lock();
    const receivers = memory.read(object + RECEIVERS);
    const replaced = receivers === 0 ? NONE : write(thread, object, message);
    const dropped = takeDropped(memory, object);
    thread.unlock(lock);
    if (replaced !== NONE) letGo(thread, replaced);
    dropList(thread, dropped);
    if (receivers > 0) return receivers;
    dropValue(thread, message);
    throw new SendError(value);
  }

  /**
   * A new receiver. It gets what is sent from now on.
   *
   * @throws OutOfMemoryError if shared memory is full
   * @throws DisposedError if this sender was disposed
   */
  subscribe(): BroadcastReceiver<T> {
    return BroadcastReceiver.subscribe(this.open("subscribe"));
  }

  /** Another sender of the same channel; each has to be disposed. */
  clone(): BroadcastSender<T> {
    const share = this.open("clone");
    addSender(share.object);
    return new BroadcastSender(share.use());
  }

  /** A reference that does not keep the channel open. */
  downgrade(): WeakBroadcastSender<T> {
    const share = this.open("downgrade");
    addWeak(share.object);
    return new WeakBroadcastSender<T>(share.use(), (chan) => new BroadcastSender<T>(chan));
  }

  /**
   * Waits until there is no receiver on any thread: nobody listens any more. That need not stay so, since {@link BroadcastSender.subscribe} makes new ones: a
   * wait that has been woken, and finds one when its turn comes, goes on.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this sender was disposed
   */
  closed(): Future<void> {
    this.open("closed");
    return new Closed(this);
  }

  /** How many values there are that some receiver has still to read. */
  get length(): number {
    return this.share.isLive ? this.share.peek(LENGTH) : 0;
  }

  /** Whether all receivers have read everything. */
  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** How many receivers there are, on all threads. */
  get receiverCount(): number {
    return this.share.isLive ? this.share.peek(RECEIVERS) : 0;
  }

  /** Whether `other` sends into the same channel. */
  sameChannel(other: BroadcastSender<T>): boolean {
    if (!(other instanceof BroadcastSender)) {
      throw invalidArgument("BroadcastSender.sameChannel", "other", "a BroadcastSender", other);
    }
    return this.share === other.share;
  }
}

/** @internal */
export const BROADCAST_SENDER = 32;

registerCrossing(
  BroadcastSender.prototype,
  sharing(kind, (share) => new BroadcastSender<unknown>(share), {
    as: BROADCAST_SENDER,
    onSend: addSender,
    onDrop: dropSender,
  }),
  import.meta.url,
);
