/*
 * The memory that a thread tree shares: one growable buffer, cut into blocks of 64 bytes to 1 MiB.
 *
 * A block:   never used --alloc--> in use --free--> in a slot's cache --alloc--> in use
 *                                                   in a slot's cache <--by whole batches--> in the free list of its class
 *
 * Who has a block may write it plainly. It gets to another thread through something atomic (a queue, a mailbox), which orders those writes before the
 * other's reads. Any thread may free any block.
 *
 * A slot's cache belongs to the thread that has the slot: a list through the first word of each free block, touched plainly. Only when it is empty, or
 * has grown to two batches (one, of blocks from 8 KiB on), a batch moves from or to the free list of its class, under that list's lock. So the usual allocation is a few plain accesses.
 * A thread that dies leaves its cache in its slot, and who takes the slot over has it. Each list is well-formed after each single store, so it may die at any
 * of them: what it loses is the block it was about to hand out or take back, or the batch that it was moving, and the counts are off by as much.
 *
 * The frontier moves by one atomic addition; what was passed over belongs to who moved it. If it lies beyond the buffer's end, the buffer grows,
 * under GROWTH. Blocks are not given back to the system: the buffer is as long as there ever was use for at once.
 */
import {
  BLOCK_WORDS,
  BLOCKING_THREADS,
  BLOCKS,
  CACHE_COUNT,
  CACHE_HEAD,
  CACHE_IN_USE,
  CLASSES,
  FREE_LIST_WORDS,
  FREE_LISTS,
  FRONTIER,
  GROWTH,
  HELD,
  IN_USE,
  MAX_SLOTS,
  PARKER,
  QUIET,
  SLOT_STATE,
  slotBase,
} from "./layout.js";
import { OutOfMemoryError } from "./out-of-memory-error.js";
import { FREE_LIST, SharedLock } from "./shared-lock.js";
import { SharedMemory } from "./shared-memory.js";

const INITIAL_BYTES = 1 << 20;
const MAX_BYTES = 2 ** 30;
/** Growth beyond doubling: not more than this at once. */
const MAX_STEP_BYTES = 64 << 20;
/** What a thread takes from the frontier or a free list at once: about this many words, at most this many blocks. */
const BATCH_WORDS = 2048;
const MAX_BATCH = 64;

const LOCK = 0;
const HEAD = 1;
const COUNT = 2;
/** Of SLOT_STATE. */
const FREE = 0;
const BY_ITSELF = 1;
const STARTED_BY = 2;

/** The end of a list: no block is at word 0. */
const END = 0;

/** The longest block, in words. @internal */
export const MAX_BLOCK_WORDS = BLOCK_WORDS << (CLASSES - 1);

/** The class of the smallest block of at least `words` words. @internal */
export function classFor(words: number): number {
  return words <= BLOCK_WORDS ? 0 : 32 - Math.clz32((words - 1) >>> 4);
}

/** @internal */
export class Arena {
  readonly memory: SharedMemory;
  readonly buffer: SharedArrayBuffer;
  /** The slot of this thread. */
  readonly slot: number;
  private readonly cache: number;
  private readonly lists: SharedLock[] = [];

  /** @param slot - the slot of a thread whose place this one takes; a free one is taken without */
  constructor(
    buffer: SharedArrayBuffer,
    slot?: number,
    memory = new SharedMemory(new Int32Array(buffer, 0, buffer.byteLength >>> 2)),
  ) {
    this.buffer = buffer;
    this.memory = memory;
    for (let k = 0; k < CLASSES; k++) this.lists.push(new SharedLock(this.memory, listOf(k) + LOCK, FREE_LIST));
    this.slot = slot ?? this.takeSlot(BY_ITSELF);
    this.cache = slotBase(this.slot);
    this.memory.sign(this.slot + 1, this.cache + HELD);
  }

  /** A new buffer, with nothing in it. */
  static createBuffer(maxBytes = MAX_BYTES): SharedArrayBuffer {
    for (let max = maxBytes; ; max >>>= 1) {
      try {
        const options = { maxByteLength: max };
        // Reserves addresses; memory is used as it is written to.
        const buffer = new (SharedArrayBuffer as new (bytes: number, options: object) => SharedArrayBuffer)(
          Math.min(INITIAL_BYTES, max),
          options,
        );
        new Int32Array(buffer, 0, 1)[FRONTIER] = BLOCKS;
        return buffer;
      } catch (error) {
        if (max <= INITIAL_BYTES) throw error;
      }
    }
  }

  // Blocks

  /** A block of `16 << k` words. What is in it is whatever was there. */
  alloc(k: number): number {
    const { memory, cache } = this;
    let block = memory.read(cache + CACHE_HEAD + k);
    if (block === END) block = this.refill(k);
    memory.write(cache + CACHE_HEAD + k, memory.read(block));
    memory.write(cache + CACHE_COUNT + k, memory.read(cache + CACHE_COUNT + k) - 1);
    memory.write(cache + CACHE_IN_USE, memory.read(cache + CACHE_IN_USE) + 1);
    return block;
  }

  /** Gives back a block of class `k`, which any thread may have allocated. */
  free(block: number, k: number): void {
    const { memory, cache } = this;
    memory.write(block, memory.read(cache + CACHE_HEAD + k));
    memory.write(cache + CACHE_HEAD + k, block);
    const count = memory.read(cache + CACHE_COUNT + k) + 1;
    memory.write(cache + CACHE_COUNT + k, count);
    memory.write(cache + CACHE_IN_USE, memory.read(cache + CACHE_IN_USE) - 1);
    const batch = batchOf(k);
    // Long blocks are not kept: another thread may need the memory, and what is put into them takes longer than the way to the list.
    if (count >= (batch === 1 ? 1 : 2 * batch)) this.giveBack(k, batch);
  }

  /** How many blocks are in use, on all threads. Exact while no thread is at work. */
  get inUse(): number {
    const { memory } = this;
    let sum = memory.load(IN_USE);
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      if (memory.load(slotBase(slot) + SLOT_STATE) !== FREE) sum += memory.load(slotBase(slot) + CACHE_IN_USE);
    }
    return sum;
  }

  /** How many bytes the buffer has grown to. */
  get byteLength(): number {
    return this.buffer.byteLength;
  }

  /** Fills the empty cache of a class and returns its first block. */
  private refill(k: number): number {
    const { memory, cache } = this;
    const list = listOf(k);
    const batch = batchOf(k);
    let head = END;
    let count = 0;
    if (memory.load(list + COUNT) !== 0) {
      const lock = this.lists[k] as SharedLock;
      lock.lock();
      head = memory.read(list + HEAD);
      let last = END;
      for (let block = head; block !== END && count < batch; block = memory.read(block)) {
        last = block;
        count++;
      }
      if (count > 0) {
        memory.write(list + HEAD, memory.read(last));
        memory.store(list + COUNT, memory.load(list + COUNT) - count);
        memory.write(last, END);
      }
      lock.unlock();
    }
    if (count === 0) {
      head = this.advance(k, batch);
      count = batch;
    }
    memory.write(cache + CACHE_HEAD + k, head);
    memory.write(cache + CACHE_COUNT + k, count);
    return head;
  }

  /** Makes a list of `count` blocks that never were in use. */
  private advance(k: number, count: number): number {
    const { memory } = this;
    const words = BLOCK_WORDS << k;
    const first = memory.add(FRONTIER, words * count);
    try {
      this.growTo((first + words * count) * 4);
    } catch (error) {
      // If nobody has moved the frontier further meanwhile, what this thread took is there again.
      memory.compareExchange(FRONTIER, first + words * count, first);
      throw error;
    }
    for (let i = 0; i < count; i++) memory.write(first + words * i, i + 1 < count ? first + words * (i + 1) : END);
    return first;
  }

  private growTo(bytes: number): void {
    if (bytes <= this.buffer.byteLength) return;
    const lock = new SharedLock(this.memory, GROWTH);
    const buffer = this.buffer as unknown as {
      byteLength: number;
      maxByteLength: number;
      grow(bytes: number): void;
    };
    lock.lock();
    try {
      const { byteLength, maxByteLength } = buffer;
      if (bytes <= byteLength) return;
      if (bytes > maxByteLength) throw new OutOfMemoryError(maxByteLength);
      const next = Math.max(bytes, byteLength + Math.min(byteLength, MAX_STEP_BYTES));
      buffer.grow(Math.min(next, maxByteLength));
    } catch (error) {
      throw error instanceof OutOfMemoryError ? error : new OutOfMemoryError(buffer.byteLength);
    } finally {
      lock.unlock();
    }
  }

  /** Moves `count` blocks of the cache to the free list of their class. */
  private giveBack(k: number, count: number): void {
    const { memory, cache } = this;
    const first = memory.read(cache + CACHE_HEAD + k);
    let last = first;
    for (let i = 1; i < count; i++) last = memory.read(last);
    memory.write(cache + CACHE_HEAD + k, memory.read(last));
    memory.write(cache + CACHE_COUNT + k, memory.read(cache + CACHE_COUNT + k) - count);
    const list = listOf(k);
    const lock = this.lists[k] as SharedLock;
    lock.lock();
    memory.write(last, memory.read(list + HEAD));
    memory.write(list + HEAD, first);
    memory.store(list + COUNT, memory.load(list + COUNT) + count);
    lock.unlock();
  }

  // Slots

  private takeSlot(state: number): number {
    for (let slot = 0; slot < MAX_SLOTS; slot++) if (this.claimSlot(slot, state)) return slot;
    throw new Error(`more than ${MAX_SLOTS} threads share memory`);
  }

  private claimSlot(slot: number, state: number): boolean {
    return this.memory.compareExchange(slotBase(slot) + SLOT_STATE, FREE, state) === FREE;
  }

  /** A slot for a thread that this one will start. */
  reserveSlot(): number {
    return this.takeSlot(STARTED_BY + this.slot);
  }

  /**
   * The slots of a thread and of all that it has started, directly or not, which end with it: the platform ends them before it says that their parent has.
   * The thread's own comes last.
   */
  family(slot: number): number[] {
    const slots: number[] = [];
    for (let other = 0; other < MAX_SLOTS; other++) {
      if (this.memory.load(slotBase(other) + SLOT_STATE) === STARTED_BY + slot) slots.push(...this.family(other));
    }
    slots.push(slot);
    return slots;
  }

  /** Makes the slot of a thread that is no more free, with the blocks of its cache. */
  releaseSlot(slot: number): void {
    const { memory } = this;
    const from = slotBase(slot);
    for (let k = 0; k < CLASSES; k++) {
      let block = memory.load(from + CACHE_HEAD + k);
      memory.store(from + CACHE_HEAD + k, END);
      memory.store(from + CACHE_COUNT + k, 0);
      while (block !== END) {
        const next = memory.read(block);
        this.free(block, k);
        memory.add(IN_USE, 1); // it was not in use
        block = next;
      }
    }
    memory.add(IN_USE, memory.exchange(from + CACHE_IN_USE, 0));
    memory.store(from + PARKER, 0);
    memory.store(from + QUIET, 0);
    memory.store(from + BLOCKING_THREADS, 0);
    memory.store(from + SLOT_STATE, FREE);
  }
}

/** Sets the count of a free list whose lock the dead had, `lock` being the lock's word. @internal */
export function repairFreeList(memory: SharedMemory, lock: number): void {
  let count = 0;
  for (let block = memory.read(lock + HEAD); block !== END; block = memory.read(block)) count++;
  memory.store(lock + COUNT, count);
}

function listOf(k: number): number {
  return FREE_LISTS + FREE_LIST_WORDS * k;
}

/** How many blocks of a class move at once. */
function batchOf(k: number): number {
  return Math.max(1, Math.min(MAX_BATCH, (BATCH_WORDS >>> k) >>> 4));
}
