import { registerCrossing } from "../portable/codec/crossing.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { Notified } from "./notified.js";
import { GENERATION, kind, NOTIFIED_ALL, NOTIFIED_LAST, NOTIFIED_ONE, NOTIFY_QUEUE, notify } from "./notify-kind.js";
import { locked, tellAll } from "./permits.js";
import { Share } from "./share.js";

/**
 * Wakes tasks of any threads, with no value: "look again". The basis of other primitives.
 *
 * As `Notify` of `toki/sync`: `notifyOne` wakes one waiter, or the next to come if there is none: at most one such permit is stored, however often it is
 * called. `notifyWaiters` wakes all there are and stores nothing.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same object.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { Notify } from "toki/shared";
 *
 * export const work = fn(import.meta, function* work(done: Notify) {
 *   done.notifyOne();
 * });
 *
 * await main(function* () {
 *   const done = new Notify();
 *   spawn(work(done));
 *   yield* done.notified();
 *   console.log("done");
 * });
 * ```
 */
export class Notify extends SharedHandle {
  /** A Notify that nobody has notified. */
  constructor();
  /** @internal */
  constructor(share?: Share);
  constructor(share?: Share) {
    super(share ?? Share.create(kind));
  }

  /**
   * A future of one notification. It joins the line at its first poll or at {@link Notified.enable}, but a later `notifyWaiters` reaches it from its
   * creation on. Tokio's `notified_owned` is this method.
   *
   * **Cancel safety**: one that is dropped loses its place in line; a notification it had been given by `notifyOne` or `notifyLast` goes to the next.
   *
   * @throws DisposedError if this handle was disposed
   */
  notified(): Notified {
    this.open("notified");
    return new Notified(this);
  }

  /**
   * Wakes the one that waits longest; with none waiting, the next one to wait goes on at once.
   *
   * @throws DisposedError if this handle was disposed
   */
  notifyOne(): void {
    this.notify("notifyOne", NOTIFIED_ONE);
  }

  /**
   * Wakes the one that came last; with none waiting, the next one to wait goes on at once.
   *
   * @throws DisposedError if this handle was disposed
   */
  notifyLast(): void {
    this.notify("notifyLast", NOTIFIED_LAST);
  }

  /**
   * Wakes every `notified()` there is, on all threads, those that were created and not awaited yet included. One created later does not notice.
   *
   * @throws DisposedError if this handle was disposed
   */
  notifyWaiters(): void {
    const { thread, object, lock } = this.open("notifyWaiters");
    const { memory } = thread;
    locked(thread, lock, () => {
      // ATOMICS: a store, since a wait that is created looks at it without the lock.
      memory.store(object + GENERATION, (memory.read(object + GENERATION) + 1) | 0);
      tellAll(thread, object + NOTIFY_QUEUE, NOTIFIED_ALL);
    });
  }

  /** Another handle to this object. */
  clone(): Notify {
    return new Notify(this.open("clone").use());
  }

  private notify(method: string, how: number): void {
    const { thread, object, lock } = this.open(method);
    locked(thread, lock, () => notify(thread, object, how));
  }
}

registerCrossing(
  Notify.prototype,
  sharing<Notify>(kind, (share) => new Notify(share)),
  import.meta.url,
);
