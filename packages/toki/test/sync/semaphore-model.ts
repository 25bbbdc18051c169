/** A fair semaphore, as plainly as it can be written: arrays, no links. What the real ones are compared with. */
export interface ModelWaiter {
  readonly n: number;
  missing: number;
  /** Told since its last poll. */
  woken: boolean;
}

export class ModelSemaphore {
  free: number;
  closed = false;
  queue: ModelWaiter[] = [];

  constructor(free: number) {
    this.free = free;
  }

  /** Undefined: granted at once. */
  acquire(n: number): ModelWaiter | undefined {
    if (this.free >= n) {
      this.free -= n;
      return undefined;
    }
    const waiter = { n, missing: n - this.free, woken: false };
    this.free = 0;
    this.queue.push(waiter);
    return waiter;
  }

  give(n: number): void {
    let left = n;
    while (left > 0 && this.queue.length > 0) {
      const first = this.queue[0] as ModelWaiter;
      const part = Math.min(left, first.missing);
      first.missing -= part;
      left -= part;
      if (first.missing > 0) break;
      first.woken = true;
      this.queue.shift();
    }
    this.free += left;
  }

  /** Gives up, or fails: what it had goes back. */
  leave(waiter: ModelWaiter): void {
    this.queue = this.queue.filter((other) => other !== waiter);
    this.give(waiter.n - waiter.missing);
  }

  close(): void {
    this.closed = true;
    for (const waiter of this.queue) waiter.woken = true;
    this.queue = [];
  }
}
