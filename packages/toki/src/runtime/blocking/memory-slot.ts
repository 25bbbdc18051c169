import { MEMORY_COPY, threadEnded, threadMailbox } from "../../memory/thread.js";
import { breakLocks } from "../scheduler/multi-thread/repair.js";

/** The part that a thread of the blocking pool has in shared memory, seen from the thread that starts it. @internal */
export class MemorySlot {
  /** What the thread is told. */
  readonly setup: { readonly buffer: SharedArrayBuffer; readonly slot: number; readonly copy: string };

  private constructor(buffer: SharedArrayBuffer, slot: number) {
    this.setup = { buffer, slot, copy: MEMORY_COPY };
  }

  /** A slot for a new thread; undefined if all are taken: it can run what needs no shared objects. */
  static reserve(): MemorySlot | undefined {
    const { arena } = threadMailbox();
    try {
      return new MemorySlot(arena.buffer, arena.reserveSlot());
    } catch {
      return undefined;
    }
  }

  /** The thread has ended: what it had of shared objects is given up, and its slot is free. */
  giveUp(): void {
    const { slot } = this.setup;
    const mailbox = threadMailbox();
    breakLocks(mailbox.arena, slot);
    mailbox.silence(slot);
    threadEnded(slot);
    mailbox.bury(slot);
  }
}
