import type { Context } from "../../future/context.js";
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { Closed } from "../../sync/watch/closed.js";
import { WatchSendError } from "../../sync/watch/error.js";
import { checkFunction, checkResult, WatchRef } from "../../sync/watch/modify.js";
import { sharing } from "../crossing.js";
import { Forgotten } from "../forgotten.js";
import { type Collected, SharedHandle } from "../handle.js";
import { NONE } from "../layout.js";
import { Share } from "../share.js";
import { dropValue, putFirst, putValue, takeValue } from "../values.js";
import type { Waiter } from "../waiter.js";
import {
  addTo,
  CHANGING,
  CLOSING,
  FORGOTTEN,
  HELD_SENDERS,
  kind,
  look,
  modifying,
  RECEIVERS,
  refuseReentrance,
  SENDERS,
  takeFrom,
  VALUE,
  VERSION,
  WRITES,
  write,
} from "./channel.js";
import { WatchReceiver } from "./receiver.js";

const FORGETFUL = { name: "watch", forgotten: FORGOTTEN, waiting: CHANGING };
const addSender = addTo(SENDERS);
const dropSender = takeFrom(SENDERS);
const addReceiver = addTo(RECEIVERS);

/**
 * The sending half of a shared {@link watch} channel: replaces the value, and tells the receivers, on whatever threads. Nothing here waits for them.
 *
 * Clone it for others that send, and dispose each clone: the channel ends when the last one is.
 *
 * Threads: one that is sent to another thread is a clone for that thread; this thread keeps its own.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { watch } from "toki/shared";
 *
 * export const start = fn(import.meta, function* start(sender: watch.Sender<string>) {
 *   using tx = sender;
 *   tx.send("ready");
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = watch("starting");
 *   spawn(start(tx));
 *   console.log(yield* rx.waitFor((state) => state === "ready")); // ready
 * });
 * ```
 */
export class WatchSender<T> extends SharedHandle {
  /**
   * Makes a channel without receivers; {@link WatchSender.subscribe} makes them.
   *
   * @param initial - the value it has at first; copied
   * @throws NotSendError if it cannot be sent
   */
  constructor(initial: T);
  /** @internal */
  constructor(initial: T, share?: Share, where?: string);
  constructor(initial: T, share?: Share, where = "new WatchSender") {
    super(share ?? Share.create(kind));
    this.share.count(HELD_SENDERS, 1);
    if (share !== undefined) return;
    addSender(this.share.object);
    putFirst(this, VALUE, initial, where);
  }

  /** @internal */
  override whenCollected(): Collected {
    return new Forgotten(this.share, FORGETFUL, "WatchSender");
  }

  /**
   * Replaces the value by a copy of this one, and tells the receivers, also if the new value is equal to the old one.
   *
   * @throws WatchSendError with the value if there is no receiver; the channel keeps its value then. See {@link WatchSender.sendReplace}
   * @throws NotSendError if the value cannot be sent
   * @throws DisposedError if this sender was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  send(value: T): void {
    const share = this.toWrite("send");
    if (share.peek(RECEIVERS) === 0) throw new WatchSendError(value);
    const { thread } = share;
    const before = this.put(share, putValue(thread, value, "WatchSender.send", "value", true), true);
    if (before === NONE) throw new WatchSendError(value);
    dropValue(thread, before);
  }

  /**
   * Replaces the value by a copy of this one, whether there are receivers or not, and tells them.
   *
   * @returns the value from before
   * @throws NotSendError if the value cannot be sent
   * @throws DisposedError if this sender was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  sendReplace(value: T): T {
    const share = this.toWrite("sendReplace");
    const { thread } = share;
    return takeValue(
      thread,
      this.put(share, putValue(thread, value, "WatchSender.sendReplace", "value", true), false),
    ) as T;
  }

  /** @returns what was there before; NONE if it needs receivers, and there is none */
  private put({ thread, object, lock }: Share, value: number, needsReceivers: boolean): number {
    lock.lock();
    if (needsReceivers && thread.memory.load(object + RECEIVERS) === 0) {
      lock.unlock();
      dropValue(thread, value);
      return NONE;
    }
    const before = write(thread, object, value, true);
    thread.unlock(lock);
    return before;
  }

  /**
   * Changes the value, in place or by assigning `ref.value`, whether there are receivers or not, and tells them. If `modify` throws they are not told; what it
   * has changed by then stays.
   *
   * Threads: `modify` gets a copy, which is put in place of the value if no thread has sent meanwhile; otherwise it is called again with what was sent. It
   * should do nothing else than change the value.
   *
   * @param modify - runs at once. It must not touch the channel itself
   * @throws what `modify` throws
   * @throws NotSendError if what it leaves cannot be sent; the value stays as it was
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `modify` is not a synchronous function
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   *
   * @example
   * ```ts
   * import { watch } from "toki/shared";
   *
   * const [tx, rx] = watch(new Set<string>());
   * tx.sendModify((ref) => {
   *   ref.value.add("ann");
   * });
   * console.log(rx.hasChanged(), rx.borrow().size); // true 1
   * ```
   */
  sendModify(modify: (ref: WatchRef<T>) => void): void {
    this.modify("sendModify", modify, () => true);
  }

  /**
   * As {@link WatchSender.sendModify}, but the receivers are told only if `modify` returns true. What it has changed stays in any case, and whoever borrows
   * the value sees it.
   *
   * @param modify - runs at once. It must not touch the channel itself
   * @returns whether the receivers were told
   * @throws what `modify` throws
   * @throws NotSendError if what it leaves cannot be sent; the value stays as it was
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `modify` is not a synchronous function
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   *
   * @example
   * ```ts
   * import { watch } from "toki/shared";
   *
   * const [tx, rx] = watch({ connections: 0, peak: 0 });
   * const count = (connections: number) =>
   *   tx.sendIfModified(({ value }) => {
   *     value.connections = connections;
   *     if (connections <= value.peak) return false;
   *     value.peak = connections;
   *     return true;
   *   });
   * console.log(count(5), count(3), rx.borrow().connections); // true false 3
   * ```
   */
  sendIfModified(modify: (ref: WatchRef<T>) => boolean): boolean {
    return this.modify("sendIfModified", modify, (result) => result === true);
  }

  private modify(
    method: string,
    modify: (ref: WatchRef<T>) => unknown,
    isChange: (result: unknown) => boolean,
  ): boolean {
    const where = `WatchSender.${method}`;
    const share = this.toWrite(method).use();
    try {
      checkFunction(where, "modify", modify);
      for (;;) {
        const { value, writes } = look(share, where);
        const ref = new WatchRef(value as T);
        let result: unknown;
        try {
          result = modifying(share.object, () => modify(ref));
          checkResult(where, "modify", modify, result);
        } catch (error) {
          if (this.putIfSame(share, writes, where, ref, false, true)) throw error;
          continue;
        }
        const isNew = isChange(result);
        if (this.putIfSame(share, writes, where, ref, isNew, false)) return isNew;
      }
    } finally {
      share.unuse();
    }
  }

  /** Puts what a modification has left in place of the value, if that is still the one it was made of. */
  private putIfSame(
    { thread, object, lock }: Share,
    writes: number,
    where: string,
    ref: WatchRef<T>,
    isNew: boolean,
    hasThrown: boolean,
  ): boolean {
    let value: number;
    try {
      value = putValue(thread, ref.end(), where, "ref.value", true);
    } catch (error) {
      if (hasThrown) return true;
      throw error;
    }
    lock.lock();
    const isSame = thread.memory.read(object + WRITES) === writes;
    const before = isSame ? write(thread, object, value, isNew) : value;
    thread.unlock(lock);
    dropValue(thread, before);
    return isSame;
  }

  /**
   * A copy of the value.
   *
   * @throws DisposedError if this sender was disposed
   * @throws MisuseError inside of the function of a `sendModify` of this channel
   */
  borrow(): T {
    return look(this.open("borrow"), "WatchSender.borrow").value as T;
  }

  /**
   * Another receiver, on this thread. What the channel has now counts as seen: `borrow` gives it, `changed` waits for the next. Reopens a channel that was
   * closed for want of receivers.
   *
   * @throws DisposedError if this sender was disposed
   */
  subscribe(): WatchReceiver<T> {
    const share = this.open("subscribe");
    addReceiver(share.object);
    return new WatchReceiver<T>(share.use(), share.peek(VERSION));
  }

  /**
   * Waits until there is no receiver on any thread: nobody listens. There may be one again afterwards, by {@link WatchSender.subscribe}.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this sender was disposed
   */
  closed(): Future<void> {
    this.open("closed");
    return new Closed(this);
  }

  /** Whether there is no receiver on any thread: a `send` would fail. */
  get isClosed(): boolean {
    return this.receiverCount === 0;
  }

  /** How many receivers, on all threads, were not disposed. */
  get receiverCount(): number {
    return this.share.isLive ? this.share.peek(RECEIVERS) : 0;
  }

  /** How many senders of this channel, on all threads, were not disposed. */
  get senderCount(): number {
    return this.share.isLive ? this.share.peek(SENDERS) : 0;
  }

  /**
   * Another sender of the same channel; each has to be disposed.
   *
   * @throws DisposedError if this sender was disposed
   */
  clone(): WatchSender<T> {
    const share = this.open("clone");
    addSender(share.object);
    return new WatchSender<T>(undefined as T, share.use());
  }

  /** Whether `other` sends into the same channel. */
  sameChannel(other: WatchSender<T>): boolean {
    if (!(other instanceof WatchSender)) {
      throw invalidArgument("WatchSender.sameChannel", "other", "a WatchSender", other);
    }
    return this.share === other.share;
  }

  /** Gives this sender up. When the last one is, on any thread, the channel has ended: receivers get what they have not seen, then an error. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }

  /** @internal */
  override giveUp(): void {
    this.share.count(HELD_SENDERS, -1);
    dropSender(this.share);
  }

  /** @internal */
  pollClosed(wait: Closed, cx: Context): boolean {
    const waiter = wait.waiter as Waiter | null;
    const { share } = this;
    const { thread, object, lock } = share;
    if (waiter === null) this.open("closed");
    else if (!waiter.hasArrived) {
      waiter.watch(wait, cx.waker);
      return false;
    }
    thread.prepare();
    lock.lock();
    const isClosed = thread.memory.load(object + RECEIVERS) === 0;
    const next = isClosed ? null : thread.join(share, object + CLOSING, 1, 1);
    lock.unlock();
    if (next !== null) thread.enter(next, cx.waker);
    if (waiter !== null) thread.finish(waiter);
    wait.waiter = next;
    return isClosed;
  }

  /** @internal */
  stopWaiting(wait: Closed): void {
    const waiter = wait.waiter as Waiter;
    wait.waiter = null;
    this.share.thread.leave(waiter);
  }

  private toWrite(method: string): Share {
    const share = this.open(method);
    refuseReentrance(share.object, `WatchSender.${method}`);
    return share;
  }
}

registerCrossing(
  WatchSender.prototype,
  sharing<WatchSender<unknown>>(kind, (share) => new WatchSender<unknown>(undefined, share), {
    onSend: addSender,
    onDrop: dropSender,
  }),
  import.meta.url,
);
