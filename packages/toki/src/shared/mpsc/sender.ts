import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { registerCrossing } from "../../portable/codec/crossing.js";
import { SendError } from "../../sync/error.js";
import { integer } from "../../sync/integer.js";
import { SendTimeoutError, TrySendError } from "../../sync/mpsc/error.js";
import { SendTimeout } from "../../sync/mpsc/send.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { sleep } from "../../time/sleep.js";
import { blockingTake, giveBack, tryTake } from "../acquire-future.js";
import { sharing } from "../crossing.js";
import { LIVE } from "../handle.js";
import { permitCount } from "../permit-count.js";
import { PERMITS } from "../permits.js";
import { addSender, addWeak, dropSender } from "../sender-counts.js";
import type { Share } from "../share.js";
import { dropValue, putValue } from "../values.js";
import { BaseSender } from "./base-sender.js";
import { CAPACITY, kind } from "./chan.js";
import { OwnedPermit } from "./owned-permit.js";
import { Permit } from "./permit.js";
import { PermitIterator } from "./permit-iterator.js";
import { deliverNow, Reserve, Send } from "./send.js";
import { WeakSender } from "./weak-sender.js";

/**
 * The sending half of a shared bounded channel. Clone it for each producer, and dispose each clone: the channel ends when the last one is.
 *
 * Threads: one that is sent to another thread is a clone for that thread; this thread keeps its own.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { mpsc } from "toki/shared";
 *
 * export const produce = fn(import.meta, function* produce(sender: mpsc.Sender<string>, name: string) {
 *   using tx = sender;
 *   yield* tx.send(`hello from ${name}`);
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(32);
 *   for (const name of ["a", "b"]) spawn(produce(tx, name)); // each gets a sender of its own
 *   tx[Symbol.dispose]();
 *   for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) console.log(m);
 * });
 * ```
 */
export class Sender<T> extends BaseSender<T> {
  /**
   * Sends a copy, waiting in line for a free slot.
   *
   * **Cancel safety**: not safe for the message: a `send` that is dropped while it waits loses the message and its place in line. Nothing is sent then.
   * Use {@link Sender.reserve} in a `select`.
   *
   * @throws SendError with the value if the receiver was closed or disposed, before or while waiting
   * @throws NotSendError if the value cannot be sent
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined, which `recv` could not tell from the end
   */
  send(value: T): Future<void> {
    this.checkMessage("send", value);
    return new Send(this, value);
  }

  /**
   * Sends, blocking the thread until there is room: for threads that may block, as those of `spawnBlocking`.
   *
   * @param timeout - how long to wait at most: milliseconds, or `{ seconds: 2 }` and the like; for ever if it is left out
   * @throws SendError with the value if the receiver was closed or disposed; SendTimeoutError with the value if there was no room in time
   * @throws NotSendError if the value cannot be sent
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined
   *
   * @example
   * ```ts
   * import { mpsc } from "toki/shared";
   *
   * const [tx, rx] = mpsc.channel<number>(1);
   * tx.blockingSend(1);
   * console.log(rx.blockingRecv()); // 1
   * ```
   */
  blockingSend(value: T, timeout?: Duration): void {
    const share = this.checkMessage("blockingSend", value);
    const ms = timeout === undefined ? Number.POSITIVE_INFINITY : toMillis(timeout, "Sender.blockingSend", "timeout");
    const message = putValue(share.thread, value, "Sender.blockingSend", "value", false);
    let taken: ReturnType<typeof blockingTake> = "closed";
    try {
      taken = blockingTake(share, 1, "Sender.blockingSend", performance.now() + ms);
    } finally {
      if (taken !== true) dropValue(share.thread, message);
    }
    if (taken === "timeout") throw new SendTimeoutError("timeout", value);
    if (taken === "closed") throw new SendError(value);
    deliverNow(share, message);
  }

  /**
   * Sends if a slot is free now. One that is freed while others wait in line is theirs.
   *
   * @throws TrySendError of kind `full` or `closed`, with the value
   * @throws NotSendError if the value cannot be sent
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined
   */
  trySend(value: T): void {
    const share = this.checkMessage("trySend", value);
    this.takeNow(share, 1, value);
    let message: number;
    try {
      message = putValue(share.thread, value, "Sender.trySend", "value", false);
    } catch (error) {
      giveBack(share, 1);
      throw error;
    }
    deliverNow(share, message);
  }

  /**
   * Sends, waiting in line for a free slot for at most `duration`, counted from the call.
   *
   * **Cancel safety**: not safe for the message, as {@link Sender.send}.
   *
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like
   * @throws SendTimeoutError of kind `timeout` or `closed`, with the value
   * @throws NotSendError if the value cannot be sent
   * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined
   */
  sendTimeout(value: T, duration: Duration): Future<void> {
    this.checkMessage("sendTimeout", value);
    return new SendTimeout(new Send(this, value), sleep(duration));
  }

  /**
   * Waits in line for a slot and reserves it for one message: the cancel safe way to send.
   *
   * **Cancel safety**: a `reserve` that is dropped loses its place in line, nothing else: a slot it had been handed goes to the next.
   *
   * @throws SendError if the receiver was closed or disposed, before or while waiting
   * @throws DisposedError if this sender was disposed
   */
  reserve(): Future<Permit<T>> {
    this.open("reserve");
    return new Reserve<T, Permit<T>>(this, 1, makePermit);
  }

  /**
   * Waits in line for `n` slots and reserves them together. While it waits it collects what becomes free.
   *
   * **Cancel safety**: a `reserveMany` that is dropped loses its place in line and gives back what it had collected.
   *
   * @param n - how many; 0 is granted at once
   * @throws SendError if the receiver was closed or disposed, before or while waiting
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to {@link Sender.maxCapacity}: it could never be granted
   * @throws DisposedError if this sender was disposed
   */
  reserveMany(n: number): Future<PermitIterator<T>> {
    const share = this.open("reserveMany");
    permitCount("Sender.reserveMany", "n", n, 0);
    const capacity = share.peek(CAPACITY);
    if (n > capacity) {
      throw invalidArgument("Sender.reserveMany", "n", `at most ${capacity}, the capacity of the channel`, n);
    }
    return new Reserve<T, PermitIterator<T>>(this, n, makePermits);
  }

  /**
   * Waits in line for a slot and turns this sender into a permit for it, which owns the sender until it sends or is released. Until the slot is there,
   * and if the wait fails or is dropped, the sender stays as it is.
   *
   * **Cancel safety**: as {@link Sender.reserve}.
   *
   * @throws SendError if the receiver was closed or disposed, before or while waiting
   * @throws DisposedError if this sender was disposed
   */
  reserveOwned(): Future<OwnedPermit<T>> {
    this.open("reserveOwned");
    return new Reserve<T, OwnedPermit<T>>(this, 1, makeOwnedPermit);
  }

  /**
   * Reserves a slot if one is free now.
   *
   * @throws TrySendError of kind `full` or `closed`
   * @throws DisposedError if this sender was disposed
   */
  tryReserve(): Permit<T> {
    const share = this.open("tryReserve");
    this.takeNow(share, 1, undefined);
    return new Permit(share);
  }

  /**
   * Reserves `n` slots if they are free now.
   *
   * @param n - how many; more than {@link Sender.maxCapacity} is `full`
   * @throws TrySendError of kind `full` or `closed`
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   * @throws DisposedError if this sender was disposed
   */
  tryReserveMany(n: number): PermitIterator<T> {
    const share = this.open("tryReserveMany");
    integer("Sender.tryReserveMany", "n", n, 0, Number.MAX_SAFE_INTEGER);
    this.takeNow(share, n, undefined);
    return new PermitIterator(share, n);
  }

  /**
   * Turns this sender into an owned permit if a slot is free now; otherwise the sender stays as it is.
   *
   * @throws TrySendError of kind `full` or `closed`, with this sender as its value
   * @throws DisposedError if this sender was disposed
   */
  tryReserveOwned(): OwnedPermit<T> {
    this.takeNow(this.open("tryReserveOwned"), 1, this);
    this.lend();
    return new OwnedPermit(this);
  }

  /** How many slots are free now: not under a message, not reserved, not promised to somebody who waits. */
  get capacity(): number {
    return this.share.isLive ? this.share.peek(PERMITS) : 0;
  }

  /** How many slots there are. */
  get maxCapacity(): number {
    return this.share.isLive ? this.share.peek(CAPACITY) : 0;
  }

  /** Another sender of the same channel; each has to be disposed. */
  clone(): Sender<T> {
    const share = this.open("clone");
    addSender(share.object);
    return new Sender(share.use());
  }

  /** A reference that does not keep the channel open. */
  downgrade(): WeakSender<T> {
    const share = this.open("downgrade");
    addWeak(share.object);
    return new WeakSender<T>(share.use(), makeSender as (share: Share) => Sender<T>);
  }

  private takeNow(share: Share, n: number, value: unknown): void {
    const taken = tryTake(share, n);
    if (taken !== true) throw new TrySendError(taken, value);
  }
}

const makeSender = (share: Share) => new Sender(share);
const makePermit = <T>(sender: Sender<T>) => new Permit<T>(sender.share);
const makePermits = <T>(sender: Sender<T>, n: number) => new PermitIterator<T>(sender.share, n);

function makeOwnedPermit<T>(sender: Sender<T>): OwnedPermit<T> {
  if (sender.state !== LIVE) {
    // Disposed, or turned into another permit, while this one waited.
    giveBack(sender.share, 1);
    sender.open("reserveOwned");
  }
  sender.lend();
  return new OwnedPermit(sender);
}

/** @internal */
export const SENDER = 16;

registerCrossing(
  Sender.prototype,
  sharing(kind, (share) => new Sender<unknown>(share), { as: SENDER, onSend: addSender, onDrop: dropSender }),
  import.meta.url,
);
