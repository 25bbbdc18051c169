// The queue all workers share: a FIFO of task indices without a limit. Any thread pushes and pops. It holds what comes
// from outside the workers and what overflows a worker's own ring.
//
// It is a list linked through the task records, so it never allocates: the word `links.base + task * links.stride` of a
// task's record is its link. The link belongs to whoever owns the task: the pusher until the task is in the list, then
// the list, then the popper.
//
// Layout, in words from `base`:
//
//   offset  name   writer             reader           ordering
//   0       LOCK   any                any              atomic, see shared-lock.ts
//   1       HEAD   holder of LOCK     holder of LOCK   plain, ordered by LOCK; first task or NO_TASK
//   2       TAIL   holder of LOCK     holder of LOCK   plain, ordered by LOCK; last task, meaningless when empty
//   3       STATE  holder of LOCK     any              atomic; number of tasks * 2 + closed
//   link of a queued task: holder of LOCK; plain
//
// STATE changes inside the lock but is read outside it: `length`, `isEmpty` and `isClosed` cost one load. A push stores
// STATE after the list is linked. So whoever pushes and afterwards looks for sleepers, and whoever goes to sleep and
// afterwards looks at `isEmpty`, cannot both miss each other (idle.ts).
//
// A thread that dies under LOCK: the stores are ordered so that from HEAD to TAIL there is a list after each of them, and only the number in STATE can be
// wrong. `repair` counts. Tasks that the dead was about to queue, or had taken out, are in no queue then: their homes queue them again (repair.ts).
//
// open -> closed by close(), once. A closed queue takes no tasks and still hands out those it has.

import type { Memory } from "../../../memory/memory.js";
import { INJECT_QUEUE, SharedLock } from "../../../memory/shared-lock.js";
import type { LocalQueue } from "./local-queue.js";
import { NO_TASK } from "./local-queue.js";

const LOCK = 0;
const HEAD = 1;
const TAIL = 2;
const STATE = 3;

const CLOSED = 1;
const ONE = 2;

/** Where the link words of the task records are. */
export interface Links {
  readonly base: number;
  readonly stride: number;
}

export class InjectQueue {
  private readonly memory: Memory;
  private readonly base: number;
  private readonly linkBase: number;
  private readonly linkStride: number;
  private readonly lock: SharedLock;

  constructor(memory: Memory, base: number, links: Links) {
    this.memory = memory;
    this.base = base;
    this.linkBase = links.base;
    this.linkStride = links.stride;
    this.lock = new SharedLock(memory, base + LOCK, INJECT_QUEUE);
  }

  /** How many words the queue takes, without the links. */
  static words(): number {
    return 4;
  }

  /** Prepares the words, before any thread uses them. */
  static init(memory: Memory, base: number): void {
    memory.store(base + LOCK, 0);
    memory.store(base + HEAD, NO_TASK);
    memory.store(base + TAIL, NO_TASK);
    memory.store(base + STATE, 0);
  }

  /** Counts the tasks, after the death of who had the lock: `lock` is its word. */
  static repair(memory: Memory, lock: number, links: Links): void {
    const base = lock - LOCK;
    const state = memory.load(base + STATE);
    if (state >>> 1 === 0) return;
    const last = memory.read(base + TAIL);
    let count = 1;
    for (let task = memory.read(base + HEAD); task !== last; task = memory.read(links.base + task * links.stride))
      count++;
    memory.store(base + STATE, count * ONE + (state & CLOSED));
  }

  get length(): number {
    return this.memory.load(this.base + STATE) >>> 1;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  get isClosed(): boolean {
    return (this.memory.load(this.base + STATE) & CLOSED) !== 0;
  }

  /** Queues one task. Returns false, and leaves the task to the caller, when the queue is closed. */
  push(task: number): boolean {
    return this.pushChain(task, task, 1);
  }

  /** Queues tasks in their order, in one step. Returns false, and takes none, when the queue is closed. */
  pushBatch(tasks: ArrayLike<number>): boolean {
    const count = tasks.length;
    if (count === 0) return !this.isClosed;
    for (let i = 1; i < count; i++) this.link(tasks[i - 1] as number, tasks[i] as number);
    return this.pushChain(tasks[0] as number, tasks[count - 1] as number, count);
  }

  /** Makes `next` follow `task` in a chain that the caller is building from tasks it owns. */
  link(task: number, next: number): void {
    // ATOMICS: plain; the link belongs to the owner of the task.
    this.memory.write(this.linkBase + task * this.linkStride, next);
  }

  /** Queues a chain of `count` linked tasks in one step. Returns false, and takes none, when the queue is closed. */
  pushChain(first: number, last: number, count: number): boolean {
    const { memory, base } = this;
    this.lock.lock();
    const state = memory.load(base + STATE);
    const open = (state & CLOSED) === 0;
    if (open) {
      if (state >>> 1 === 0) memory.write(base + HEAD, first);
      else this.link(memory.read(base + TAIL), first);
      memory.write(base + TAIL, last);
      memory.store(base + STATE, state + count * ONE);
    }
    this.lock.unlock();
    return open;
  }

  /** Takes the oldest task, or `NO_TASK`. */
  pop(): number {
    const { memory, base } = this;
    if (this.isEmpty) return NO_TASK;
    this.lock.lock();
    const state = memory.load(base + STATE);
    let task = NO_TASK;
    if (state >>> 1 !== 0) {
      task = memory.read(base + HEAD);
      this.advance(task, state, 1);
    }
    this.lock.unlock();
    return task;
  }

  /**
   * Takes up to `max` of the oldest tasks (at least one): returns the first, to be run now, and queues the others in
   * `queue`, which belongs to the calling thread. It takes no more than half of that ring, so that an overflow, which
   * moves the newer half, never brings them back here.
   */
  popInto(queue: LocalQueue, max: number): number {
    const { memory, base } = this;
    if (this.isEmpty) return NO_TASK;
    const cap = Math.max(1, Math.min(max, queue.room(), queue.capacity >> 1));
    this.lock.lock();
    const state = memory.load(base + STATE);
    const count = Math.min(cap, state >>> 1);
    let first = NO_TASK;
    if (count !== 0) {
      first = memory.read(base + HEAD);
      let last = first;
      for (let i = 1; i < count; i++) {
        last = memory.read(this.linkBase + last * this.linkStride);
        queue.stage(i - 1, last);
      }
      this.advance(last, state, count);
    }
    this.lock.unlock();
    if (count > 1) queue.publish(count - 1);
    return first;
  }

  /** Refuses further tasks. Returns false when it was closed already. */
  close(): boolean {
    const { memory, base } = this;
    this.lock.lock();
    const state = memory.load(base + STATE);
    memory.store(base + STATE, state | CLOSED);
    this.lock.unlock();
    return (state & CLOSED) === 0;
  }

  /** Under the lock: the first `count` tasks, the last of which is `last`, leave the list. */
  private advance(last: number, state: number, count: number): void {
    const { memory, base } = this;
    if (state >>> 1 > count) memory.write(base + HEAD, memory.read(this.linkBase + last * this.linkStride));
    memory.store(base + STATE, state - count * ONE);
  }
}
