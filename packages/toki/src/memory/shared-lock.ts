// A lock in one word of shared memory.
//
//   FREE                nobody holds it
//   owner << 1          the thread of this number does, and nobody sleeps for it
//   owner << 1 | ASLEEP the same, and others may sleep for it
//
//   FREE -> mine             by lock(), a compare-and-exchange
//   x    -> x | ASLEEP       by lock() after spinning, a compare-and-exchange; then it sleeps
//   FREE -> mine | ASLEEP    by lock() after spinning, a compare-and-exchange
//   mine, mine | ASLEEP -> FREE  by unlock(), which wakes one sleeper if the word said ASLEEP
//   x, x | ASLEEP -> FREE    by breakHeld(), when thread x is no more; it wakes all sleepers
//
// No lost wake-up: a thread sleeps only if the word says ASLEEP at that moment (the comparison is part of going to
// sleep), and the unlock that ends this state finds the bit and notifies. The one woken takes the lock with ASLEEP set,
// because it cannot know whether more are asleep, so its own unlock notifies again. Somebody who slips in between with
// FREE -> mine is covered: the woken thread sets ASLEEP before it sleeps again.
//
// The sections it guards are a few dozen instructions and run no user code. It is not fair and not re-entrant.
//
// A thread that dies. Threads end between any two operations: the engine stops them at calls and loops when they are out
// of memory, or ended from outside. So a thread writes down which lock it is about to take (`Memory.enter`) before it
// tries, and strikes it out after it has let go. Who clears up after it looks at its list, last one first: where the word names the dead, it
// repairs what the lock guards (`repair`, by the kind of the lock), and frees it. It wakes all sleepers in any case: the dead may have been woken
// as one of them, and have told nobody. Every structure under such a lock is written in an order that leaves it repairable after each single store.
//
// ATOMICS: what a holder read and wrote plainly is ordered before its exchange to FREE, which the next holder's
// successful operation reads from; so plain accesses under the lock cannot race.
import type { Memory } from "./memory.js";

const FREE = 0;
const ASLEEP = 1;

/** What a lock guards, for the repair: nothing that needs one. @internal */
export const PLAIN = 0;
/** @internal */
export const IDLE = 1;
/** @internal */
export const INJECT_QUEUE = 2;
/** @internal */
export const FREE_LIST = 3;
const KIND_BITS = 3;

export class SharedLock {
  private readonly memory: Memory;
  private readonly word: number;
  /** What its owner writes down: where the lock is, and of what kind. */
  private readonly entry: number;

  constructor(memory: Memory, word: number, kind = PLAIN) {
    this.memory = memory;
    this.word = word;
    this.entry = (word << KIND_BITS) | kind;
  }

  lock(): void {
    const { memory } = this;
    memory.enter(this.entry);
    if (memory.compareExchange(this.word, FREE, memory.owner << 1) !== FREE) this.lockSlow();
  }

  unlock(): void {
    this.free();
    this.memory.leave();
  }

  /**
   * As `unlock`, then wakes who sleeps on `sleeper`, a word that was changed under the lock: to wake a thread may cost this one its processor, and with the lock
   * in hand it would hold up all the others. The lock stays written down until that is done, so that who clears up after this thread wakes the sleeper, too.
   */
  unlockAndWake(sleeper: number): void {
    const { memory } = this;
    this.free();
    memory.notify(sleeper, Number.POSITIVE_INFINITY);
    memory.leave();
  }

  private free(): void {
    const { memory } = this;
    if ((memory.exchange(this.word, FREE) & ASLEEP) !== 0) memory.notify(this.word, 1);
  }

  private lockSlow(): void {
    const { memory, word } = this;
    const mine = memory.owner << 1;
    for (let spin = memory.spins; spin > 0; spin--) {
      memory.pause();
      if (memory.load(word) === FREE && memory.compareExchange(word, FREE, mine) === FREE) return;
    }
    for (;;) {
      const found = memory.compareExchange(word, FREE, mine | ASLEEP);
      if (found === FREE) return;
      const marked = found | ASLEEP;
      if (marked === found || memory.compareExchange(word, found, marked) === found) memory.wait(word, marked);
    }
  }
}

/**
 * Frees the lock of an `entry` that a thread left behind, if it has it.
 *
 * @param owner - the number of the thread, which is no more
 * @param repair - called while the lock is still taken, with the lock's kind and word
 * @param tell - called with the same in any case, after that: the thread may have unlocked it, and not have woken whom it was to wake
 * @internal
 */
export function breakHeld(
  memory: Memory,
  entry: number,
  owner: number,
  repair: (kind: number, word: number) => void,
  tell: (kind: number, word: number) => void,
): void {
  const word = entry >>> KIND_BITS;
  const kind = entry & ((1 << KIND_BITS) - 1);
  if (memory.load(word) >>> 1 === owner) {
    repair(kind, word);
    memory.store(word, FREE);
  }
  memory.notify(word, Number.POSITIVE_INFINITY);
  tell(kind, word);
}
