// The run queue of one worker: a ring of task indices in shared memory. Its owner pushes at the tail and pops at the
// head; other workers take half of it from the head.
//
// Layout, in words from `base`:
//
//   offset  width     name   writer                      reader         ordering
//   0       1         HEAD   owner, one thief (CAS)      any            atomic; the next position to be taken
//   1       1         STEAL  one thief                   any            atomic; NO_THIEF, or the thief: the base of its own queue
//   2       1         MARK   the thief                   owner          atomic; while there is a thief, its lower bound
//   16      1         TAIL   owner                       any            atomic; the position after the last task
//   32      capacity  slots  owner                       owner, thief   plain; ordered by HEAD, STEAL and TAIL
//
// HEAD and TAIL have a cache line each, since different threads write them. Positions count modulo 2^31 and are masked
// to find their slot, so a full ring and an empty one differ. Tokio packs the two head positions in one word; with 16
// bits each, a thief that is suspended between its read and its exchange for just 65,536 pops would take the old word
// for the new one. Two words keep 31 bits for each.
//
// States of STEAL, and who may change them:
//   NO_THIEF -> thief   by a thief, with a compare-and-exchange; so there is one thief at a time
//   thief -> NO_THIEF   by that thief, when it has copied what it took (or found nothing); or by whoever clears up after it
//                       (`forget`). What it had taken and not shown in its own queue is in none then: its home queues it again (repair.ts)
//
// Invariants
//  1. HEAD <= TAIL <= HEAD + capacity; both only grow. HEAD moves only by compare-and-exchange, and whoever moves it
//     owns the positions it passed over: so each task is taken once.
//  2. Positions from `floor` to TAIL may still be read; the owner writes only below floor + capacity.
//     floor is MARK while there is a thief, else HEAD.
//
// ATOMICS, invariant 1: a taker reads HEAD first and TAIL second, so that TAIL - HEAD is never negative; if HEAD moved
// in between, its exchange fails. If HEAD did not move, TAIL can only have grown, and all that was counted is there.
// A slot below TAIL was written before the owner's store to TAIL, which the thief's load of TAIL reads (or a later one
// by the same thread), so the plain read of the slot is ordered after the plain write.
//
// ATOMICS, invariant 2: the owner computes `floor` by reading HEAD first and STEAL second. Any thief whose claim is
// contained in the HEAD read had set STEAL, and then MARK, before that claim. Either the owner still sees it in STEAL, and MARK, read
// after that, is a position that this thief (or a later one, when this one was done) read from HEAD before it claimed anything, hence not above the first slot it
// reads; or it is gone, and then the owner's read of STEAL (of this thief's reset or of a later one's) comes after the copying. A thief
// that appears after the read of HEAD claims positions from there on, which are above the floor. A stale mark (that of the thief before, while this
// one has set STEAL and not yet MARK) is too low, never too high: the ring then looks fuller.
// A slot once below the floor is never read again for its old task, so a limit computed from the floor stays valid, and
// `push` works from a cached one.

import type { Memory } from "../../../memory/memory.js";
import type { InjectQueue } from "./inject-queue.js";

/** What `pop` and the steal return when there is no task. */
export const NO_TASK = -1;

const HEAD = 0;
const STEAL = 1;
const MARK = 2;
const TAIL = 16;
const SLOTS = 32;

const NO_THIEF = -1;
const POSITION = 0x7fffffff;

/**
 * One worker's queue. The owner's thread has one object for it and may call everything; other threads have objects of
 * their own over the same words, and use only `length`, `isEmpty`, `isStealable` and, as a victim, `stealFrom` and `takeFrom`.
 */
export class LocalQueue {
  /** A power of two. */
  readonly capacity: number;
  private readonly memory: Memory;
  private readonly base: number;
  private readonly mask: number;
  // The owner's copies: only the owner writes TAIL, and the limit of invariant 2 stays valid.
  private tail: number;
  private limit: number;

  constructor(memory: Memory, base: number, capacity = 256) {
    this.memory = memory;
    this.base = base;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.tail = memory.load(base + TAIL);
    this.limit = this.tail;
  }

  /** How many words a queue takes. */
  static words(capacity = 256): number {
    return SLOTS + capacity;
  }

  /** Prepares the words, before any thread uses them. `position` is where counting starts. */
  static init(memory: Memory, base: number, position = 0): void {
    memory.store(base + HEAD, position & POSITION);
    memory.store(base + STEAL, NO_THIEF);
    memory.store(base + MARK, position & POSITION);
    memory.store(base + TAIL, position & POSITION);
  }

  /** How many tasks are queued. Exact for the owner while there is no thief, a snapshot otherwise. */
  get length(): number {
    const head = this.memory.load(this.base + HEAD);
    // Read apart from HEAD: a stalled reader may find more than ever was there.
    return Math.min((this.memory.load(this.base + TAIL) - head) & POSITION, this.capacity);
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Whether a thief that came now would find a task: there is one, and no other thief is at work. */
  get isStealable(): boolean {
    return this.memory.load(this.base + STEAL) === NO_THIEF && !this.isEmpty;
  }

  /** Owner: how many tasks can be queued before the ring overflows. */
  room(): number {
    const floor = this.floor();
    const used = (this.tail - floor) & POSITION;
    if (used >= this.capacity) return 0;
    this.limit = (floor + this.capacity) & POSITION;
    return this.capacity - used;
  }

  /**
   * Owner: queues a task. When the ring is full, the newer half of it and the task go to `overflow` in one batch; while
   * a thief is at work (and will make room) the task alone does. Returns how many tasks went to `overflow`: if any, tell
   * another worker. A closed `overflow` drops them, as the end of the runtime reaches every task through its record.
   */
  push(task: number, overflow: InjectQueue): number {
    while (this.tail === this.limit && this.room() === 0) {
      if (this.memory.load(this.base + STEAL) !== NO_THIEF) {
        overflow.push(task);
        return 1;
      }
      const moved = this.spill(task, overflow);
      if (moved > 0) return moved;
    }
    this.stage(0, task);
    this.publish(1);
    return 0;
  }

  /** Owner: takes the oldest task, or `NO_TASK`. */
  pop(): number {
    const { memory, base } = this;
    let head = memory.load(base + HEAD);
    while (head !== this.tail) {
      const found = memory.compareExchange(base + HEAD, head, (head + 1) & POSITION);
      // ATOMICS: plain, the owner wrote this slot itself, and nobody else ever writes it.
      if (found === head) return memory.read(base + SLOTS + (head & this.mask));
      head = found;
    }
    return NO_TASK;
  }

  /**
   * Owner of this queue: takes half of `victim`'s tasks, rounded up, from its head. One of them is returned to be run now,
   * the others are queued here. `NO_TASK` when there is nothing to take, when another thief is at work there, or when
   * this queue has no room for `max`, the most it takes.
   */
  stealFrom(victim: LocalQueue, max = this.capacity >> 1): number {
    this.lastStolen = 0;
    if (this.room() < max) return NO_TASK;
    const count = this.copyFrom(victim, max);
    if (count === 0) return NO_TASK;
    this.lastStolen = count;
    // ATOMICS: plain, this thread wrote the slot just now and has not published it.
    const task = this.memory.read(this.base + SLOTS + ((this.tail + count - 1) & this.mask));
    if (count > 1) this.publish(count - 1);
    return task;
  }

  /** Owner of this queue: as `stealFrom`, at most `max`, but the oldest is returned and the others follow in their order. For what is nobody's own. */
  takeFrom(victim: LocalQueue, max: number): number {
    const count = this.copyFrom(victim, Math.min(max, this.room()));
    if (count === 0) return NO_TASK;
    // ATOMICS: plain, as in `stealFrom`.
    const { memory, base, tail, mask } = this;
    const task = memory.read(base + SLOTS + (tail & mask));
    for (let i = 1; i < count; i++) this.stage(i - 1, memory.read(base + SLOTS + ((tail + i) & mask)));
    if (count > 1) this.publish(count - 1);
    return task;
  }

  /** How many tasks the last `stealFrom` took, the returned one included. */
  lastStolen = 0;

  /**
   * Owner: writes a task `offset` places behind the tail, where no other thread looks yet; `publish` shows it. The caller
   * has asked `room()` first.
   */
  stage(offset: number, task: number): void {
    // ATOMICS: plain; invariant 2 says that no other thread reads this slot before the next store to TAIL.
    this.memory.write(this.base + SLOTS + ((this.tail + offset) & this.mask), task);
  }

  /** Owner: makes `count` staged tasks visible. */
  publish(count: number): void {
    this.tail = (this.tail + count) & POSITION;
    this.memory.store(this.base + TAIL, this.tail);
  }

  /** Owner: the lowest position that may still be read. The order of the loads matters (invariant 2). */
  private floor(): number {
    const head = this.memory.load(this.base + HEAD);
    if (this.memory.load(this.base + STEAL) === NO_THIEF) return head;
    return this.memory.load(this.base + MARK);
  }

  /** Any thread: `thief` is no more. If it was stealing from this queue, others can again. */
  forget(thief: LocalQueue): void {
    this.memory.compareExchange(this.base + STEAL, thief.base, NO_THIEF);
  }

  /**
   * Moves the newer half of a full ring and `task` to `overflow`. The owner claims everything by moving HEAD up to TAIL,
   * and then moves TAIL half a ring further: the slots there are those of the older half, which so stays where it is,
   * in order. What was taken from the inject queue lies in the older half, so it does not go back there.
   *
   * Between the two steps the queue looks empty. A worker that goes to sleep for that reason is woken by the notification
   * that follows the push to the inject queue.
   *
   * Returns 0 when HEAD moved meanwhile: the ring is not full any more.
   */
  private spill(task: number, overflow: InjectQueue): number {
    const { memory, base, tail, capacity, mask } = this;
    const head = (tail - capacity) & POSITION;
    if (memory.compareExchange(base + HEAD, head, tail) !== head) return 0;
    const half = capacity >> 1;
    this.publish(half);
    // The next push computes it anew.
    this.limit = this.tail;
    // ATOMICS: plain; the owner wrote these slots, and they lie beyond TAIL again, so only the owner touches them.
    const first = memory.read(base + SLOTS + ((head + half) & mask));
    let last = first;
    for (let i = half + 1; i < capacity; i++) {
      const next = memory.read(base + SLOTS + ((head + i) & mask));
      overflow.link(last, next);
      last = next;
    }
    overflow.link(last, task);
    overflow.pushChain(first, task, half + 1);
    return half + 1;
  }

  private copyFrom(victim: LocalQueue, max: number): number {
    const { memory } = this;
    const { base, mask } = victim;
    // Cheaper than taking STEAL for nothing; a task that arrives now is announced by its owner.
    if (memory.load(base + HEAD) === memory.load(base + TAIL)) return 0;
    if (memory.compareExchange(base + STEAL, NO_THIEF, this.base) !== NO_THIEF) return 0;

    let count = 0;
    let head = memory.load(base + HEAD);
    memory.store(base + MARK, head);
    while (true) {
      const available = (memory.load(base + TAIL) - head) & POSITION;
      count = Math.min(available - (available >> 1), max);
      if (count === 0) break;
      const found = memory.compareExchange(base + HEAD, head, (head + count) & POSITION);
      if (found === head) break;
      head = found;
    }
    // ATOMICS: plain; see both notes at the top. The copies are in this worker's ring, beyond its tail.
    for (let i = 0; i < count; i++) this.stage(i, memory.read(base + SLOTS + ((head + i) & mask)));
    // ATOMICS: after the copying, and what the owner reads before it writes one of these slots again.
    memory.store(base + STEAL, NO_THIEF);
    return count;
  }
}
