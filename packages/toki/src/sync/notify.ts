import { NOTIFIED_ALL, NOTIFIED_LAST, NOTIFIED_ONE, Notified } from "./notified.js";
import { WaiterQueue } from "./waiter-queue.js";

/**
 * Wakes tasks, with no value: "look again". The basis of other primitives.
 *
 * `notifyOne` wakes one waiter, or the next to come if there is none: at most one such permit is stored, however often it is called.
 * `notifyWaiters` wakes all there are and stores nothing.
 *
 * @example
 * ```ts
 * import { main, spawn } from "toki";
 * import { Notify } from "toki/sync";
 *
 * const queue: string[] = [];
 * const filled = new Notify();
 *
 * await main(function* () {
 *   const consumer = spawn(function* () {
 *     while (queue.length === 0) yield* filled.notified();
 *     return queue.shift();
 *   });
 *   queue.push("job");
 *   filled.notifyOne();
 *   console.log(yield* consumer); // job
 * });
 * ```
 */
export class Notify {
  /** @internal Whether a call of notifyOne waits for somebody to come. */
  hasPermit = false;
  /** @internal How often notifyWaiters was called. */
  generation = 0;
  /** @internal */
  readonly waiters = new WaiterQueue();

  /**
   * A future of one notification. It joins the line at its first poll or at {@link Notified.enable}, but a later `notifyWaiters` reaches it from its
   * creation on. Tokio's `notified_owned` is this method.
   *
   * **Cancel safety**: one that is dropped loses its place in line; a notification it had been given by `notifyOne` or `notifyLast` goes to the next.
   */
  notified(): Notified {
    return new Notified(this);
  }

  /** Wakes the one that waits longest; with none waiting, the next one to wait goes on at once. */
  notifyOne(): void {
    this.notify(NOTIFIED_ONE);
  }

  /** Wakes the one that came last; with none waiting, the next one to wait goes on at once. */
  notifyLast(): void {
    this.notify(NOTIFIED_LAST);
  }

  /** Wakes every `notified()` there is, those that were created and not awaited yet included. One created later does not notice. */
  notifyWaiters(): void {
    this.generation++;
    this.waiters.release(NOTIFIED_ALL);
  }

  /** @internal */
  notify(how: number): void {
    const waiter = how === NOTIFIED_ONE ? this.waiters.oldest : this.waiters.newest;
    if (waiter === null) {
      this.hasPermit = true;
      return;
    }
    this.waiters.remove(waiter);
    waiter.state = how;
    waiter.wake();
  }
}
