/*
 * Which waits another thread may end: those for objects that another thread, or a message under way, has a reference to (REFS > 1). While there are any, this
 * thread listens for mail, and `blockOn` waits for it.
 *
 *   not expected -> expected   enter(), if somebody has a reference then; spread(), when this thread sends a handle of the object away
 *   expected -> not expected   exit(), when the wait was told, or is over
 *
 * No mail is missed: before somebody else has a reference, nobody else can post; `spread` comes before the message leaves.
 *
 * A wait does not keep the process alive by itself. What does is what may end it: jobs of the blocking pool, and workers that are not quiet
 * (multi-thread/quiet.ts). When the event loop is empty and they are, it is a deadlock, and reported as any other.
 */
import { host } from "#host";
import { current } from "../future/current.js";
import { REFS } from "./layout.js";
import type { SharedThread } from "./thread.js";
import type { Waiter } from "./waiter.js";

/** Milliseconds that `blockOn` sleeps before it looks whether there is a deadlock. */
const SLEEP_MS = 50;

/** @internal */
export class Holds {
  private readonly thread: SharedThread;

  constructor(thread: SharedThread) {
    this.thread = thread;
  }

  /** A wait begins. One that only looks on keeps no runtime waiting. */
  enter(waiter: Waiter, keepsWaiting: boolean): void {
    const { waker, share } = waiter;
    if (waker !== null && keepsWaiting) waiter.rt = waker.owner?.rt ?? current.runtime;
    if (waiter.hasArrived) return;
    if (share.kind.isReachable === true || this.thread.memory.load(share.object + REFS) > 1) this.expect(waiter);
  }

  /** A wait was told, or given up. */
  exit(waiter: Waiter): void {
    if (!waiter.isExpected) return;
    waiter.isExpected = false;
    this.thread.mailbox.expected--;
    if (waiter.rt !== null) waiter.rt.mailWaits--;
  }

  /** A handle of `object` goes to another thread. */
  spread(object: number): void {
    for (const waiter of this.thread.waiters) {
      if (waiter !== null && waiter.share.object === object && !waiter.hasArrived) this.expect(waiter);
    }
  }

  /** For `blockOn`: blocks until there may be mail. */
  sleep(ms: number): void {
    this.thread.mailbox.sleep(Math.min(ms, SLEEP_MS));
  }

  drain(): void {
    this.thread.mailbox.drain();
  }

  private expect(waiter: Waiter): void {
    if (waiter.isExpected) return;
    const { mailbox } = this.thread;
    waiter.isExpected = true;
    const { rt } = waiter;
    if (rt !== null) {
      rt.mail = this;
      rt.mailWaits++;
    }
    if (mailbox.expected++ > 0 || mailbox.isWorker || mailbox.listen()) return;
    host.microtask(() => mailbox.attend());
  }
}
