/*
 * Which waits another thread may end. They keep the process alive, make this thread listen for mail, and keep `blockOn` from reporting a deadlock.
 *
 *   held       while another thread, or a message under way, has a reference to the object (REFS > 1)
 *   not held   nobody else has it: if nothing else on this thread ends the wait, it is a deadlock, and reported as any other
 *
 *   not held -> held   enter(), if somebody has a reference then; spread(), when this thread sends a handle of the object away
 *   held -> not held   exit(), when the wait ends; review(), every REVIEW_MS, when the last reference elsewhere is gone
 *
 * No mail is missed: a thread posts before it gives its reference up, and review() takes the mail in after it has seen that no reference is left.
 */
import { host } from "#host";
import { current } from "../future/current.js";
import type { HostTimer } from "../runtime/driver/host.js";
import { REFS } from "./layout.js";
import type { SharedThread } from "./thread.js";
import type { Waiter } from "./waiter.js";

const REVIEW_MS = 200;
/** Milliseconds that `blockOn` sleeps before it reviews. */
const SLEEP_MS = 50;

/** @internal */
export class Holds {
  private readonly thread: SharedThread;
  private count = 0;
  private timer: HostTimer | null = null;

  constructor(thread: SharedThread) {
    this.thread = thread;
  }

  /** A wait begins. */
  enter(waiter: Waiter, keepsAlive: boolean): void {
    const { waker, share } = waiter;
    if (waker !== null && keepsAlive) waiter.rt = waker.owner?.rt ?? current.runtime;
    if (!waiter.hasArrived && this.isElsewhere(share.object)) this.hold(waiter);
  }

  /** A wait was told, or given up. */
  exit(waiter: Waiter): void {
    if (!waiter.isHeld) return;
    waiter.isHeld = false;
    this.count--;
    this.thread.mailbox.expected--;
    const { rt } = waiter;
    if (rt === null) return;
    rt.mailWaits--;
    rt.release();
  }

  /** A handle of `object` goes to another thread. */
  spread(object: number): void {
    for (const waiter of this.thread.waiters) {
      if (waiter !== null && waiter.share.object === object && !waiter.hasArrived) this.hold(waiter);
    }
  }

  /** For `blockOn`: blocks until there may be mail. */
  sleep(ms: number): void {
    this.thread.mailbox.sleep(Math.min(ms, SLEEP_MS));
    this.thread.mailbox.drain();
    this.review();
  }

  private isElsewhere(object: number): boolean {
    return this.thread.memory.load(object + REFS) > 1;
  }

  private hold(waiter: Waiter): void {
    if (waiter.isHeld) return;
    const { mailbox } = this.thread;
    waiter.isHeld = true;
    const { rt } = waiter;
    if (rt !== null) {
      rt.mail = this;
      rt.mailWaits++;
      rt.hold();
    }
    if (mailbox.expected++ === 0 && !mailbox.isWorker) this.listen();
    if (this.count++ === 0) this.startReviews();
  }

  private listen(): void {
    const { mailbox } = this.thread;
    if (mailbox.listen()) return;
    host.microtask(() => {
      mailbox.drain();
      while (mailbox.expected > 0 && !mailbox.listen()) mailbox.drain();
    });
  }

  private startReviews(): void {
    if (this.timer !== null) return;
    this.timer = host.setTimer(() => {
      this.timer = null;
      this.review();
      if (this.count > 0) this.startReviews();
    }, REVIEW_MS);
    this.timer.setRef(false);
  }

  private review(): void {
    const { waiters, mailbox } = this.thread;
    const alone = waiters.filter((waiter) => waiter?.isHeld && !this.isElsewhere(waiter.share.object));
    if (alone.length === 0) return;
    mailbox.drain();
    // One that was dropped and has its mail to come is held until then.
    for (const waiter of alone) if (waiter !== null && !waiter.hasArrived && !waiter.isDropped) this.exit(waiter);
  }
}
