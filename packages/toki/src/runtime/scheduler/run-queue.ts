import type { Task } from "../task/task.js";

type Slot = Task<unknown> | undefined;

/**
 * A FIFO of runnable tasks: a ring that doubles when full. `head` and `tail` count for ever and are masked on use; taken slots are cleared, so
 * that a finished task is not kept alive by the ring.
 *
 * @internal
 */
export class RunQueue {
  private ring: Slot[];
  private mask: number;
  private head = 0;
  private tail = 0;

  constructor(capacity = 256) {
    this.ring = new Array<Slot>(capacity).fill(undefined);
    this.mask = capacity - 1;
  }

  get length(): number {
    return (this.tail - this.head) | 0;
  }

  push(task: Task<unknown>): void {
    if (((this.tail - this.head) | 0) > this.mask) this.grow();
    this.ring[this.tail & this.mask] = task;
    this.tail = (this.tail + 1) | 0;
  }

  shift(): Task<unknown> | null {
    if (this.head === this.tail) return null;
    const index = this.head & this.mask;
    const task = this.ring[index] as Task<unknown>;
    this.ring[index] = undefined;
    this.head = (this.head + 1) | 0;
    return task;
  }

  get isEmpty(): boolean {
    return this.head === this.tail;
  }

  /** Whether `task` is in the queue, and nothing else is. */
  holdsOnly(task: Task<unknown>): boolean {
    return ((this.head + 1) | 0) === this.tail && this.ring[this.head & this.mask] === task;
  }

  forEach(visit: (task: Task<unknown>) => void): void {
    const length = this.length;
    for (let i = 0; i < length; i++) visit(this.ring[(this.head + i) & this.mask] as Task<unknown>);
  }

  private grow(): void {
    const length = this.length;
    const ring = new Array<Slot>((this.mask + 1) * 2).fill(undefined);
    for (let i = 0; i < length; i++) ring[i] = this.ring[(this.head + i) & this.mask];
    this.ring = ring;
    this.mask = ring.length - 1;
    this.head = 0;
    this.tail = length;
  }
}
