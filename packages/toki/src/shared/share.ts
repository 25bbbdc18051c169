/*
 * What this thread has of one object: a counted reference, a lock on it, and a block with the words that others need if the thread ends (layout.ts).
 *
 *   `uses`   handles, permits, guards and waits of this thread. With the last one the share is given up, and its reference with it
 *
 * A getter of a value that is being sent may dispose the last one of the very object that the value is for: then the share stays until the turn ends.
 */
import { host } from "#host";
import { SharedLock } from "../memory/shared-lock.js";
import type { SharedMemory } from "../memory/shared-memory.js";
import { lockOf, type ObjectKind } from "./kinds.js";
import { HALVES, HELD, NONE, REFS } from "./layout.js";
import { type SharedThread, sharedThread } from "./thread.js";

/** @internal */
export class Share {
  readonly thread: SharedThread;
  readonly kind: ObjectKind;
  readonly object: number;
  readonly lock: SharedLock;
  /** Its block; NONE once it was given up. */
  block: number;
  private uses = 0;

  private constructor(thread: SharedThread, kind: ObjectKind, object: number) {
    this.thread = thread;
    this.kind = kind;
    this.object = object;
    this.lock = new SharedLock(thread.memory, lockOf(kind, thread.memory, object));
    this.block = thread.own(kind.number, object);
    thread.shares.set(object, this);
  }

  /**
   * A new object, all zero. The caller's use is counted.
   *
   * @param init - writes what has to be there from the start
   */
  static create(kind: ObjectKind, init?: (memory: SharedMemory, object: number) => void): Share {
    const thread = sharedThread();
    const { memory, arena } = thread;
    const object = arena.alloc(kind.blockClass);
    for (let i = (16 << kind.blockClass) - 1; i >= 0; i--) memory.write(object + i, 0);
    memory.store(object + REFS, 1);
    init?.(memory, object);
    try {
      return new Share(thread, kind, object).use();
    } catch (error) {
      arena.free(object, kind.blockClass);
      throw error;
    }
  }

  /** This thread's share of an object to which it has been given a reference. */
  static adopt(kind: ObjectKind, object: number): Share {
    const thread = sharedThread();
    const known = thread.shares.get(object);
    if (known === undefined) return new Share(thread, kind, object).use();
    thread.memory.sub(object + REFS, 1);
    return known.use();
  }

  get isLive(): boolean {
    return this.block !== NONE;
  }

  use(): this {
    this.uses++;
    return this;
  }

  unuse(): void {
    if (--this.uses > 0 || !this.isLive) return;
    const { thread, object, block } = this;
    if (thread.encoder.isActive) {
      this.use();
      host.microtask(() => this.unuse());
      return;
    }
    thread.shares.delete(object);
    this.block = NONE;
    thread.disown(block);
    thread.unref(object, this.kind.number);
  }

  /** A reference for a message. */
  send(): void {
    const { thread, object } = this;
    thread.memory.add(object + REFS, 1);
    thread.holds.spread(object);
  }

  /** This thread has taken `n` permits, or given them back. */
  held(n: number): void {
    this.count(HELD, n);
  }

  count(word: number, n: number): void {
    const { memory } = this.thread;
    if (!this.isLive) return;
    memory.write(this.block + word, memory.read(this.block + word) + n);
  }

  /** This thread has, or has no more, one of the unique halves. */
  half(bit: number, has: boolean): void {
    const { memory } = this.thread;
    if (!this.isLive) return;
    const halves = memory.read(this.block + HALVES);
    memory.write(this.block + HALVES, has ? halves | bit : halves & ~bit);
  }

  /** A word of the object, as it is now. */
  peek(word: number): number {
    return this.thread.memory.load(this.object + word);
  }
}
