/*
 * A thread's part in shared objects. Every operation has the same course:
 *
 *   1. under the object's lock: looks, changes, takes waiters out of queues and tells them (`tell`: their STATE says what they got)
 *   2. unlocks, and then delivers to each waiter that was told: a waiter of this thread is woken at once, one of another by mail (memory/mailbox.ts), a
 *      thread that blocks by its SIGNAL
 *
 * No code of the program runs under a lock, and nothing there allocates: what may fail comes first (`prepare`).
 *
 * A waiter of a future, STATE and who changes it, under the lock:
 *
 *   QUEUED -> told    whoever gives it what it waits for, or ends the wait
 *   QUEUED -> gone    its own thread, when the future is dropped; or who clears up after that thread. Its block is free at once
 *   told   -> gone    likewise: then what it was given is passed on to the next (`ObjectKind.passOn`). Its block is free when the mail has arrived, since a
 *                     block that is in a mailbox, or about to be, must stay (`isDropped`)
 *
 * Nothing is lost. A permit, a message's slot or a notification is in one place at each moment: free in the object, with a waiter (MISSING and STATE say how
 * much), or held. The moves between these are made under the lock, whichever of the two threads is first: a waiter that is dropped
 * while it is being told finds under the lock either that it is still QUEUED, and leaves, or that it was told, and passes on. A wake-up is not lost either: who
 * told it has taken it onto its own list of things to deliver, delivers right after the unlock, and no block goes away before that.
 *
 * A thread that blocks (`blockOn` in waiter.ts) waits for SIGNAL instead, and the second of the two, who delivers and who gives up, frees the block.
 *
 * A thread that ends has its shares and waiters on the list of its slot. Who learns of the end (onThreadEnd) takes the list and gives up everything on it:
 * waiters leave as if they had been dropped, permits come back, its senders and receivers are disposed. If it was terminated inside of a locked
 * section, which takes well under a microsecond, the lock is broken (shared-lock.ts) and what was half done stays so.
 *
 * If it ended between the unlock and a delivery, the waiter is told and no mail comes. Its thread makes up for that when it learns of the end (`hearFrom`): the dead
 * posts no more, so what it has posted is in the mailbox and is taken out first; a waiter that was told by the dead (TELLER) and has not arrived then never would.
 * One that was told by a thread that lives is left alone: its mail is under way. No living thread has the slot of the dead, since that is not free before all that
 * hear of the end have. Not made up for: waits of threads that block, or that do not hear of that end, as of a blocking thread that another one has started.
 *
 * Which waits make a thread listen: see hold.ts.
 */
import type { Waker } from "../future/waker.js";
import type { Arena } from "../memory/arena.js";
import { OWNED, slotBase } from "../memory/layout.js";
import type { Mailbox } from "../memory/mailbox.js";
import { SharedLock } from "../memory/shared-lock.js";
import type { SharedMemory } from "../memory/shared-memory.js";
import { onThreadEnd, threadMailbox } from "../memory/thread.js";
import { Decoder } from "../portable/codec/decoder.js";
import { Encoder } from "../portable/codec/encoder.js";
import { Holds } from "./hold.js";
import { kindOf, lockOf, type ObjectKind } from "./kinds.js";
import {
  ASKED,
  BLOCKS,
  HALVES,
  HELD,
  IS_WAITER,
  KEY,
  KIND,
  LINK,
  MISSING,
  NEXT,
  NONE,
  OBJECT,
  OWNER,
  PREV,
  REFS,
  SIGNAL,
  SMALL,
  STATE,
  STRONG,
  TELLER,
  TOLD_NEXT,
  WEAK,
} from "./layout.js";
import { push, QUEUED, remove } from "./queue.js";
import type { Share } from "./share.js";
import { Waiter } from "./waiter.js";

/** SIGNAL of a waiter: nothing yet, delivered, nobody waits for it any more. @internal */
export const SILENT = 0;
/** @internal */
export const DELIVERED = 1;
/** @internal */
export const ABANDONED = 2;

/** @internal */
export class SharedThread {
  readonly mailbox: Mailbox;
  readonly arena: Arena;
  readonly memory: SharedMemory;
  readonly slot: number;
  readonly encoder = new Encoder(false);
  readonly decoder = new Decoder();
  readonly holds: Holds;
  /** What this thread has of each object, by its block. */
  readonly shares = new Map<number, Share>();
  readonly waiters: (Waiter | null)[] = [];
  private readonly freeKeys: number[] = [];
  private readonly list: number;
  /** Of the wait of a blocked thread that ended last: how much it had not been given. */
  lastMissing = 0;
  private told = NONE;
  private toldLast = NONE;
  private spare = NONE;

  constructor(mailbox: Mailbox) {
    this.mailbox = mailbox;
    this.arena = mailbox.arena;
    this.memory = mailbox.arena.memory;
    this.slot = mailbox.slot;
    this.list = slotBase(mailbox.slot) + OWNED;
    this.holds = new Holds(this);
    this.memory.store(this.list, NONE);
    mailbox.handlers[LINK] = (node) => this.arrive(node - LINK);
    onThreadEnd((slot) => this.clearUp(slot));
  }

  // The list of what this thread has

  /** A block for a share or a waiter, on the list. */
  own(kind: number, object: number): number {
    const { memory, list } = this;
    const block = this.arena.alloc(SMALL);
    const first = memory.load(list);
    memory.write(block + KIND, kind);
    memory.write(block + OBJECT, object);
    memory.write(block + NEXT, first);
    memory.write(block + PREV, NONE);
    for (const word of [HELD, STRONG, WEAK, HALVES]) memory.write(block + word, 0);
    if (first !== NONE) memory.write(first + PREV, block);
    memory.store(list, block);
    return block;
  }

  unlist(block: number): void {
    const { memory, list } = this;
    const next = memory.read(block + NEXT);
    const prev = memory.read(block + PREV);
    if (next !== NONE) memory.write(next + PREV, prev);
    if (prev === NONE) memory.store(list, next);
    else memory.write(prev + NEXT, next);
  }

  disown(block: number): void {
    this.unlist(block);
    this.arena.free(block, SMALL);
  }

  // Waiting

  /** Before the lock: sees to it that `join` needs no memory. */
  prepare(): void {
    if (this.spare === NONE) this.spare = this.own(IS_WAITER, NONE);
  }

  /** Under the lock: enters a wait for `amount` into a queue, of which `asked - amount` it has already. */
  join(share: Share, queue: number, amount: number, asked: number): Waiter {
    const key = this.freeKeys.pop() ?? this.waiters.length;
    const waiter = new Waiter(share, this.enqueue(share, queue, amount, asked, 0), key);
    this.memory.write(waiter.block + KEY, key);
    this.waiters[key] = waiter;
    return waiter;
  }

  /** Under the lock: as `join`, for a thread that blocks. */
  enqueue(share: Share, queue: number, amount: number, asked: number, blocks: number): number {
    const { memory } = this;
    const block = this.spare;
    this.spare = NONE;
    memory.write(block + KIND, share.kind.number | IS_WAITER);
    memory.write(block + OBJECT, share.object);
    memory.store(block + SIGNAL, SILENT);
    memory.write(block + OWNER, this.slot);
    memory.write(block + MISSING, amount);
    memory.write(block + ASKED, asked);
    memory.write(block + BLOCKS, blocks);
    push(memory, queue, block);
    return block;
  }

  /** After the unlock: from now on the wait wakes `waker`. One that only looks on keeps no runtime waiting. */
  enter(waiter: Waiter, waker: Waker | null, keepsWaiting = true): void {
    waiter.waker = waker;
    waiter.share.use();
    this.holds.enter(waiter, keepsWaiting);
  }

  /** The wait was told and has been looked at: it is over. */
  finish(waiter: Waiter): void {
    this.release(waiter);
    waiter.share.unuse();
  }

  /** The wait is given up. Not for one that is finished. */
  leave(waiter: Waiter): void {
    const { share, block } = waiter;
    waiter.waker = null;
    const isQueued = this.giveUp(share.lock, share.kind, share.object, block);
    if (isQueued || waiter.hasArrived) this.release(waiter);
    else waiter.isDropped = true;
    share.unuse();
  }

  /** A wait ends that nobody will look at: what it was given is passed on. True if it was still in the queue, and so was given nothing more. */
  private giveUp(lock: SharedLock, kind: ObjectKind, object: number, block: number): boolean {
    const { memory } = this;
    lock.lock();
    const isQueued = memory.read(block + STATE) === QUEUED;
    if (isQueued) remove(memory, block);
    kind.passOn(this, object, block);
    this.unlock(lock);
    return isQueued;
  }

  private release(waiter: Waiter): void {
    this.holds.exit(waiter);
    this.waiters[waiter.key] = null;
    this.freeKeys.push(waiter.key);
    this.disown(waiter.block);
  }

  // Telling

  /** Under the lock: a waiter, which is in no queue any more, has got something, or will get nothing. */
  tell(waiter: number, state: number): void {
    const { memory } = this;
    if (memory.read(waiter + BLOCKS) === 0) memory.write(waiter + TELLER, this.slot);
    memory.store(waiter + STATE, state);
    memory.write(waiter + TOLD_NEXT, NONE);
    if (this.told === NONE) this.told = waiter;
    else memory.write(this.toldLast + TOLD_NEXT, waiter);
    this.toldLast = waiter;
  }

  /** Unlocks, and delivers to those that were told. */
  unlock(lock: SharedLock): void {
    let waiter = this.told;
    if (waiter === NONE) {
      lock.unlock();
      return;
    }
    this.told = NONE;
    lock.unlock();
    while (waiter !== NONE) {
      // Read first: after the delivery the block may be gone.
      const next = this.memory.read(waiter + TOLD_NEXT);
      this.deliver(waiter);
      waiter = next;
    }
  }

  private deliver(waiter: number): void {
    const { memory } = this;
    if (memory.read(waiter + BLOCKS) !== 0) {
      if (memory.exchange(waiter + SIGNAL, DELIVERED) === ABANDONED) this.arena.free(waiter, SMALL);
      else memory.notify(waiter + SIGNAL, 1);
      return;
    }
    const slot = memory.read(waiter + OWNER);
    if (slot === this.slot) this.arrive(waiter);
    else this.mailbox.post(slot, waiter + LINK);
  }

  /** A waiter of this thread was told, here or elsewhere. */
  private arrive(block: number): void {
    const waiter = this.waiters[this.memory.read(block + KEY)];
    if (waiter?.block !== block) {
      // Of a thread that is no more: it has been cleared up, but for the block that was under way.
      this.arena.free(block, SMALL);
      return;
    }
    waiter.hasArrived = true;
    if (waiter.isDropped) this.release(waiter);
    else {
      this.holds.exit(waiter);
      waiter.wake();
    }
  }

  // The end of threads

  private clearUp(slot: number): void {
    const { memory, arena } = this;
    this.hearFrom(slot);
    const shares: number[] = [];
    // Waiters first: with its last share an object is gone.
    for (let block = memory.exchange(slotBase(slot) + OWNED, NONE); block !== NONE; ) {
      const next = memory.read(block + NEXT);
      const number = memory.read(block + KIND);
      const object = memory.read(block + OBJECT);
      if (object === NONE) arena.free(block, SMALL);
      else if ((number & IS_WAITER) === 0) shares.push(block);
      else this.clearWaiter(block, object, number & ~IS_WAITER);
      block = next;
    }
    for (const block of shares) this.clearShare(block);
  }

  /** Delivers to this thread's waiters what the dead had told them and not delivered. */
  private hearFrom(slot: number): void {
    const { memory, mailbox, waiters } = this;
    if (mailbox.handingOut > 0) return; // what is on its way cannot be told from what is lost
    mailbox.drain();
    for (let key = 0; key < waiters.length; key++) {
      const waiter = waiters[key];
      if (waiter === null || waiter === undefined || waiter.hasArrived || waiter.state === QUEUED) continue;
      // ATOMICS: plain; written before the STATE that was just read.
      if (memory.read(waiter.block + TELLER) === slot) this.arrive(waiter.block);
    }
  }

  private clearShare(block: number): void {
    const { memory, arena } = this;
    const object = memory.read(block + OBJECT);
    const number = memory.read(block + KIND);
    const kind = kindOf(number);
    if (kind === undefined) return;
    const lock = new SharedLock(memory, lockOf(kind, memory, object));
    lock.lock();
    kind.abandon(this, object, block);
    this.unlock(lock);
    this.unref(object, number);
    arena.free(block, SMALL);
  }

  private clearWaiter(block: number, object: number, number: number): void {
    const { memory, arena } = this;
    const kind = kindOf(number);
    if (kind === undefined) return;
    const lock = new SharedLock(memory, lockOf(kind, memory, object));
    const isQueued = this.giveUp(lock, kind, object, block);
    if (isQueued) arena.free(block, SMALL);
    else if (memory.read(block + BLOCKS) !== 0 && memory.exchange(block + SIGNAL, ABANDONED) === DELIVERED) {
      arena.free(block, SMALL);
    }
  }

  /** Gives a reference up; with the last one the object goes. */
  unref(object: number, number: number): void {
    const kind = kindOf(number);
    let last: number | undefined = object;
    while (last !== undefined && this.memory.sub(last + REFS, 1) === 1 && kind !== undefined) {
      const next = kind.destroy(this, last);
      this.arena.free(last, kind.blockClass);
      last = typeof next === "number" ? next : undefined;
    }
  }
}

let thread: SharedThread | null = null;

/** This thread's part. @internal */
export function sharedThread(): SharedThread {
  thread ??= new SharedThread(threadMailbox());
  return thread;
}
