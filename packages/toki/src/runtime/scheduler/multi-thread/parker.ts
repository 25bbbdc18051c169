// Sleeping in the event loop: a worker's thread that waits for work still serves its sockets and timers.
//
//   await parker.sleep()   after idle.enlist() and a last look at the worker's own inbox
//
// There is never more than one pending wait per worker. A worker that finds work while it is enlisted leaves without
// being notified, and its wait stays registered with the engine; making another one for each such park would leave one
// behind each time. So the next sleep uses the wait that is still pending.
//
// Nothing is lost: the pending wait is registered before `sleep` looks at the word. If a waker changes the word after
// that look, its notification comes later still and settles the wait. If the wait was settled but its reaction has not
// run yet, it runs soon, and the caller looks at the word again (`sleep` may end early by its contract).

import type { Memory } from "../../../memory/memory.js";
import { Idle } from "./idle.js";

export class Parker {
  private readonly memory: Memory;
  private readonly word: number;
  private pending: Promise<void> | null = null;

  constructor(memory: Memory, idle: Idle, worker: number) {
    this.memory = memory;
    this.word = idle.parkWord(worker);
  }

  /**
   * A promise for being woken, or `null` if that has happened. It may settle early: ask `idle.isParked`. It does not keep
   * the process alive.
   */
  sleep(): Promise<void> | null {
    const { memory, word } = this;
    if (this.pending === null) {
      const wait = memory.waitAsync(word, Idle.PARKED);
      if (wait === null) return null;
      this.pending = wait.then(() => {
        this.pending = null;
      });
    }
    return memory.load(word) === Idle.PARKED ? this.pending : null;
  }
}
