/*
 * One wait for a Notify.
 *
 *   INIT      created. A notifyWaiters since then, or else a stored permit, makes it READY at the first poll
 *   WAITING   in the queue, or told by the Notify and not polled since: `waiter.state` says which, and how
 *   READY     notified, and not awaited yet (enable() found out)
 *   OVER      delivered, or dropped
 *
 * A notification of notifyOne or notifyLast that reaches a waiter belongs to it until its next poll; dropped before that, it passes it on in the
 * same way. That of notifyWaiters was for all and is not passed on. READY holds nothing any more: as in Tokio, what enable() has taken is spent.
 */
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import type { Waker } from "../future/waker.js";
import type { Notify } from "./notify.js";
import { Waiter } from "./waiter-queue.js";

/** `Waiter.state` of one that was told, by which call. @internal */
export const NOTIFIED_ALL = 0;
export const NOTIFIED_ONE = -1;
export const NOTIFIED_LAST = -2;

const INIT = 0;
const WAITING = 1;
const READY = 2;
const OVER = 3;

/**
 * A future of one notification. Made by {@link Notify.notified}.
 *
 * **Cancel safety**: one that is dropped loses its place in line; a notification it had been given by `notifyOne` or `notifyLast` goes to the next.
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { Notify } from "toki/sync";
 *
 * await main(function* () {
 *   const changed = new Notify();
 *   const notified = changed.notified();
 *   changed.notifyWaiters(); // reaches what was created before
 *   yield* notified;
 *   console.log("notified");
 * });
 * ```
 */
export class Notified extends Future<void> {
  private readonly notify: Notify;
  private readonly generation: number;
  private state: number;
  private waiter: Waiter | null;

  /** @internal */
  constructor(notify: Notify) {
    super();
    this.notify = notify;
    this.generation = notify.generation;
    this.state = INIT;
    this.waiter = null;
  }

  /**
   * Joins the line without awaiting, so that a notification between now and the await is not missed.
   *
   * @returns whether it has been notified already: the await will not wait
   *
   * @example
   * ```ts
   * import { main } from "toki";
   * import { Notify } from "toki/sync";
   *
   * let done = false;
   * const changed = new Notify();
   *
   * await main(function* () {
   *   const notified = changed.notified();
   *   notified.enable();
   *   // Checked after joining the line: a change from here on wakes us.
   *   setTimeout(() => { done = true; changed.notifyOne(); }, 5);
   *   if (!done) yield* notified;
   *   console.log(done); // true
   * });
   * ```
   */
  enable(): boolean {
    if (this.state === OVER) return true;
    return this.look(null);
  }

  poll(cx: Context): Poll<void> {
    if (this.state === OVER) throw polledAfterCompletion("Notify notified");
    if (!this.look(cx.waker)) return Pending;
    this.state = OVER;
    return undefined;
  }

  private look(waker: Waker | null): boolean {
    const { notify, waiter } = this;
    if (this.state === INIT) {
      if (this.generation !== notify.generation) this.state = READY;
      else if (notify.hasPermit) {
        notify.hasPermit = false;
        this.state = READY;
      } else {
        this.state = WAITING;
        this.waiter = new Waiter(1, waker);
        notify.waiters.push(this.waiter);
      }
    } else if (waiter !== null) {
      if (waiter.state <= 0) {
        this.state = READY;
        this.waiter = null;
      } else if (waker !== null) waiter.watch(this, waker);
    }
    return this.state === READY;
  }

  override [Symbol.dispose](): void {
    const { notify, waiter } = this;
    this.state = OVER;
    this.waiter = null;
    if (waiter === null) return;
    waiter.waker = null;
    const told = waiter.state;
    if (told > 0) {
      notify.waiters.remove(waiter);
      waiter.state = NOTIFIED_ALL;
    } else if (told !== NOTIFIED_ALL) notify.notify(told);
  }

  override describe(): string {
    return `Notify notified (${this.notify.waiters.length} waiting)`;
  }
}
