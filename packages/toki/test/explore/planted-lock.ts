/*
 * A small copy of the Mutex, without a value, and three copies of that with one mistake each. A waiter is queued, told (it has the lock and does not know yet),
 * or over.
 */
import { type Context, Future, Pending, type Poll, type Waker } from "toki";

export interface Place {
  waker: Waker;
  told: boolean;
}

export class Lock {
  held = false;
  protected queue: Place[] = [];

  /** Ready once the caller has the lock. */
  acquire(): Future<void> {
    return new Acquire(this);
  }

  release(): void {
    const next = this.queue.shift();
    if (next === undefined) this.held = false;
    else this.tell(next);
  }

  protected tell(place: Place): void {
    place.told = true;
    place.waker.wake();
  }

  /** A first poll: undefined if the lock was free. */
  join(waker: Waker): Place | undefined {
    if (!this.held) {
      this.held = true;
      return undefined;
    }
    const place = { waker, told: false };
    this.queue.push(place);
    return place;
  }

  /** A later poll: whether the lock is the waiter's. */
  look(place: Place, waker: Waker): boolean {
    place.waker = waker;
    return place.told;
  }

  /** A waiter is dropped. */
  leave(place: Place): void {
    if (place.told) this.release();
    else this.queue.splice(this.queue.indexOf(place), 1);
  }
}

class Acquire extends Future<void> {
  private place: Place | undefined = undefined;
  private isOver = false;
  private readonly lock: Lock;

  constructor(lock: Lock) {
    super();
    this.lock = lock;
  }

  poll(cx: Context): Poll<void> {
    if (this.place === undefined) {
      this.place = this.lock.join(cx.waker);
      if (this.place !== undefined) return Pending;
    } else if (!this.lock.look(this.place, cx.waker)) return Pending;
    this.isOver = true;
    return undefined;
  }

  override [Symbol.dispose](): void {
    if (!this.isOver && this.place !== undefined) this.lock.leave(this.place);
    this.isOver = true;
  }

  override describe(): string {
    return `lock (${this.lock.held ? "held" : "free"})`;
  }
}

/** Remembers that somebody waits in one flag, which the first release takes down for all. */
export class LosesWakeUps extends Lock {
  private contended = false;

  override join(waker: Waker): Place | undefined {
    if (this.held) this.contended = true;
    return super.join(waker);
  }

  override release(): void {
    if (this.contended) {
      this.contended = false;
      super.release();
    } else this.held = false;
  }
}

/** Frees the lock and wakes the first in line, who has to be quicker than whoever comes along. */
export class LetsBargeIn extends Lock {
  override release(): void {
    this.held = false;
    this.queue[0]?.waker.wake();
  }

  override look(place: Place, waker: Waker): boolean {
    place.waker = waker;
    if (this.held) return false;
    this.held = true;
    this.queue.splice(this.queue.indexOf(place), 1);
    return true;
  }

  override leave(place: Place): void {
    this.queue.splice(this.queue.indexOf(place), 1);
    if (!this.held) this.queue[0]?.waker.wake();
  }
}

/** Forgets that a waiter may have been told already when it is dropped. */
export class LosesPermits extends Lock {
  override leave(place: Place): void {
    if (!place.told) super.leave(place);
  }
}
