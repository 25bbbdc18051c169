/*
 * One wait for a shared Notify.
 *
 *   INIT      created. A notifyWaiters since then, or else a stored permit, makes it READY at the first poll
 *   WAITING   in the queue, or told by the Notify and not polled since: the waiter's STATE says which, and how
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
import { GENERATION, HAS_PERMIT, NOTIFY_QUEUE } from "./notify-kind.js";
import { lengthOf } from "./queue.js";
import type { Waiter } from "./waiter.js";

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
 * import { Notify } from "toki/shared";
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
  private waiter: Waiter | null = null;

  /** @internal */
  constructor(notify: Notify) {
    super();
    this.notify = notify;
    this.generation = notify.share.peek(GENERATION);
    this.state = INIT;
  }

  /**
   * Joins the line without awaiting, so that a notification between now and the await is not missed.
   *
   * @returns whether it has been notified already: the await will not wait
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
    const { waiter } = this;
    if (this.state === INIT) this.start(waker);
    else if (waiter !== null) {
      if (waiter.hasArrived) {
        this.state = READY;
        this.waiter = null;
        this.notify.share.thread.finish(waiter);
      } else if (waker !== null) waiter.watch(this, waker);
    }
    return this.state === READY;
  }

  private start(waker: Waker | null): void {
    const { share } = this.notify;
    const { thread, object, lock } = share;
    if (!share.isLive) throw this.notify.refusal("notified");
    const { memory } = thread;
    thread.prepare();
    lock.lock();
    if (memory.read(object + GENERATION) !== this.generation) this.state = READY;
    else if (memory.read(object + HAS_PERMIT) !== 0) {
      memory.write(object + HAS_PERMIT, 0);
      this.state = READY;
    } else {
      this.state = WAITING;
      this.waiter = thread.join(share, object + NOTIFY_QUEUE, 1, 1);
    }
    lock.unlock();
    if (this.waiter !== null) thread.enter(this.waiter, waker);
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.state = OVER;
    this.waiter = null;
    if (waiter !== null) this.notify.share.thread.leave(waiter);
  }

  override describe(): string {
    const { share } = this.notify;
    if (!share.isLive) return "Notify notified";
    const { thread, object, lock } = share;
    lock.lock();
    const length = lengthOf(thread.memory, object + NOTIFY_QUEUE);
    lock.unlock();
    return `Notify notified (${length} waiting)`;
  }
}
