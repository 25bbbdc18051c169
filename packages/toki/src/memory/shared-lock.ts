// A lock in one word of shared memory.
//
//   FREE      nobody holds it
//   HELD      somebody does, and nobody sleeps for it
//   CONTENDED somebody does, and others may sleep for it
//
//   FREE -> HELD            by lock(), a compare-and-exchange
//   any  -> CONTENDED       by lock() after spinning; who found FREE there holds the lock, everybody else sleeps
//   HELD, CONTENDED -> FREE by unlock(), which wakes one sleeper if the word said CONTENDED
//
// No lost wake-up: a thread sleeps only if the word is CONTENDED at that moment (the comparison is part of going to
// sleep), and the unlock that ends this state finds CONTENDED and notifies. The one woken takes the lock as CONTENDED,
// because it cannot know whether more are asleep, so its own unlock notifies again. Somebody who slips in between with
// FREE -> HELD is covered: the woken thread's exchange makes the word CONTENDED before it sleeps again.
//
// The sections it guards are a few dozen instructions, run no user code and cannot throw. It is not fair and not
// re-entrant. A thread that is destroyed in such a section leaves the lock held.
//
// ATOMICS: what a holder read and wrote plainly is ordered before its exchange to FREE, which the next holder's
// successful operation reads from; so plain accesses under the lock cannot race.
import type { Memory } from "./memory.js";

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

export class SharedLock {
  private readonly memory: Memory;
  private readonly word: number;

  constructor(memory: Memory, word: number) {
    this.memory = memory;
    this.word = word;
  }

  lock(): void {
    if (this.memory.compareExchange(this.word, FREE, HELD) !== FREE) this.lockSlow();
  }

  unlock(): void {
    if (this.memory.exchange(this.word, FREE) === CONTENDED) this.memory.notify(this.word, 1);
  }

  private lockSlow(): void {
    const { memory, word } = this;
    for (let spin = memory.spins; spin > 0; spin--) {
      memory.pause();
      if (memory.load(word) === FREE && memory.compareExchange(word, FREE, HELD) === FREE) return;
    }
    while (memory.exchange(word, CONTENDED) !== FREE) memory.wait(word, CONTENDED);
  }
}
