import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import type { Duration } from "../../time/duration.js";
import { sleep } from "../../time/sleep.js";
import { integer } from "../integer.js";
import { BaseSender, LIVE } from "./base-sender.js";
import { TrySendError } from "./error.js";
import { OwnedPermit } from "./owned-permit.js";
import { Permit } from "./permit.js";
import { PermitIterator } from "./permit-iterator.js";
import { Reserve, Send, SendTimeout } from "./send.js";
import { WeakSender } from "./weak-sender.js";

/**
 * The sending half of a bounded channel. Clone it for each producer, and dispose each clone: the channel ends when the last one is.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { mpsc } from "toki/sync";
 *
 * const produce = fn(function* produce(sender: mpsc.Sender<string>, name: string) {
 *   using tx = sender;
 *   yield* tx.send(`hello from ${name}`);
 * });
 *
 * await main(function* () {
 *   const [tx, rx] = mpsc.channel<string>(32);
 *   for (const name of ["a", "b"]) spawn(produce(tx.clone(), name));
 *   tx[Symbol.dispose](); // the clones keep the channel open
 *   for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) console.log(m);
 * });
 * ```
 */
export class Sender<T> extends BaseSender<T> {
  /**
   * Sends, waiting in line for a free slot.
   *
   * **Cancel safety**: not safe for the message: a `send` that is dropped while it waits loses the message and its place in line. Nothing is sent then.
   * Use {@link Sender.reserve} in a `select`.
   *
   * @throws SendError with the value if the receiver was closed or disposed, before or while waiting
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined, which `recv` could not tell from the end
   */
  send(value: T): Future<void> {
    if (this.state !== LIVE || value === undefined) this.checkMessage("send", value);
    return new Send(this, value);
  }

  /**
   * Sends if a slot is free now. One that is freed while others wait in line is theirs.
   *
   * @throws TrySendError of kind `full` or `closed`, with the value
   * @throws DisposedError if this sender was disposed
   * @throws InvalidArgumentError if `value` is undefined
   */
  trySend(value: T): void {
    if (this.state !== LIVE || value === undefined) this.checkMessage("trySend", value);
    this.takeNow(1, value);
    this.chan.deliver(value);
  }

  /**
   * Sends, waiting in line for a free slot for at most `duration`, counted from the call.
   *
   * **Cancel safety**: not safe for the message, as {@link Sender.send}.
   *
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like
   * @throws SendTimeoutError of kind `timeout` or `closed`, with the value
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
    this.check("reserve");
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
    this.check("reserveMany");
    integer("Sender.reserveMany", "n", n, 0);
    if (n > this.chan.capacity) {
      throw invalidArgument("Sender.reserveMany", "n", `at most ${this.chan.capacity}, the capacity of the channel`, n);
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
    this.check("reserveOwned");
    return new Reserve<T, OwnedPermit<T>>(this, 1, makeOwnedPermit);
  }

  /**
   * Reserves a slot if one is free now.
   *
   * @throws TrySendError of kind `full` or `closed`
   * @throws DisposedError if this sender was disposed
   */
  tryReserve(): Permit<T> {
    this.check("tryReserve");
    this.takeNow(1, undefined);
    return new Permit(this.chan);
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
    this.check("tryReserveMany");
    integer("Sender.tryReserveMany", "n", n, 0, Number.MAX_SAFE_INTEGER);
    this.takeNow(n, undefined);
    return new PermitIterator(this.chan, n);
  }

  /**
   * Turns this sender into an owned permit if a slot is free now; otherwise the sender stays as it is.
   *
   * @throws TrySendError of kind `full` or `closed`, with this sender as its value
   * @throws DisposedError if this sender was disposed
   */
  tryReserveOwned(): OwnedPermit<T> {
    this.check("tryReserveOwned");
    this.takeNow(1, this);
    this.lend();
    return new OwnedPermit(this);
  }

  /** How many slots are free now: not under a message, not reserved, not promised to somebody who waits. */
  get capacity(): number {
    return this.chan.permits;
  }

  /** How many slots there are. */
  get maxCapacity(): number {
    return this.chan.capacity;
  }

  /** Another sender of the same channel; each has to be disposed. */
  clone(): Sender<T> {
    this.check("clone");
    return new Sender(this.chan);
  }

  /** A reference that does not keep the channel open. */
  downgrade(): WeakSender<T> {
    this.check("downgrade");
    const { chan } = this;
    return new WeakSender<T>(chan, () => new Sender<T>(chan));
  }

  private takeNow(n: number, value: unknown): void {
    const { chan } = this;
    if (chan.closed) throw new TrySendError("closed", value);
    if (chan.permits < n) throw new TrySendError("full", value);
    chan.permits -= n;
  }
}

const makePermit = <T>(sender: Sender<T>) => new Permit(sender.chan);
const makePermits = <T>(sender: Sender<T>, n: number) => new PermitIterator(sender.chan, n);

function makeOwnedPermit<T>(sender: Sender<T>): OwnedPermit<T> {
  if (sender.state !== LIVE) {
    // Disposed, or turned into another permit, while this one waited.
    sender.chan.give(1);
    sender.check("reserveOwned");
  }
  sender.lend();
  return new OwnedPermit(sender);
}
