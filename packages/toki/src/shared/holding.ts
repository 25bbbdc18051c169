/*
 * Permits of a Mutex or RwLock, and a copy of its value. The value is copied out of shared memory when it is first asked for, and back by who writes, if it was
 * asked for at all.
 *
 *   HELD      -> LOOKED (the value is here, and may have been changed) -> OVER
 *
 * If the thread dies meanwhile, shared memory has the value from before, and the lock is free.
 */
import type { Hold } from "../sync/rwlock/hold.js";
import { giveBack } from "./acquire-future.js";
import { loadProtected, saveProtected } from "./protected.js";
import type { Share } from "./share.js";

/** @internal */
export class Holding<T> implements Hold<T> {
  private readonly share: Share;
  private permits: number;
  private readonly where: string;
  private isLoaded = false;
  private copy: T | undefined;

  /**
   * @param permits - how many this thread has taken
   * @param where - what writes the value back, for error messages
   */
  constructor(share: Share, permits: number, where: string) {
    this.share = share;
    this.permits = permits;
    this.where = where;
    share.use();
    share.held(permits);
  }

  get data(): T {
    if (!this.isLoaded) {
      this.copy = loadProtected(this.share) as T;
      this.isLoaded = true;
    }
    return this.copy as T;
  }

  set data(value: T) {
    this.copy = value;
    this.isLoaded = true;
  }

  save(): void {
    if (this.isLoaded) saveProtected(this.share, this.copy, this.where);
  }

  unlock(): void {
    try {
      this.save();
    } finally {
      this.unlockRead();
    }
  }

  unlockRead(): void {
    this.give(this.permits);
    this.share.unuse();
  }

  downgrade(): void {
    this.give(this.permits - 1);
  }

  private give(n: number): void {
    this.permits -= n;
    this.share.held(-n);
    giveBack(this.share, n);
  }
}
