/*
 * The burial of dead workers (repair.ts says what becomes of what they had). On the thread that made the runtime alone, which hears of every end.
 *
 *   alive --layOut()--> laid out    nothing in shared memory names the dead as one that holds, steals, searches, sleeps or takes mail
 *   laid out --dig()--> GRAVE       `graves` says which of the workers that were left have yet to hear of it: they may still post to the slot
 *   GRAVE --onHeard()--> free       when the last of them has, or has died itself. Its mail is handed out, and another thread can have the slot
 */
import { BLOCKING_THREADS, LIFO, slotBase } from "../../../memory/layout.js";
import type { Mailbox } from "../../../memory/mailbox.js";
import { threadEnded } from "../../../memory/thread.js";
import type { Control } from "./control.js";
import type { LocalQueue } from "./local-queue.js";
import { breakLocks } from "./repair.js";
import type { WorkerHandle } from "./worker-handle.js";

/** @internal */
export class Burial {
  private readonly control: Control;
  private readonly mailbox: Mailbox;
  /** The slots of workers that are no more, and who has yet to hear of it. */
  private readonly graves = new Map<number, Set<WorkerHandle>>();

  constructor(control: Control, mailbox: Mailbox) {
    this.control = control;
    this.mailbox = mailbox;
  }

  /** Takes the dead out of all that is shared. True if it had a lock: it has ended in the middle of something. */
  layOut({ index, slot }: WorkerHandle): boolean {
    const { control, mailbox } = this;
    const { arena } = mailbox;
    const wasLocking = breakLocks(arena, slot);
    for (const queue of control.queues) queue.forget(control.queues[index] as LocalQueue);
    control.idle.bury(index);
    mailbox.silence(slot);
    this.rescue(slot);
    control.returnBlockingThreads(arena.memory.exchange(slotBase(slot) + BLOCKING_THREADS, 0));
    threadEnded(slot);
    return wasLocking;
  }

  /** Queues for others what was in its LIFO slot; its queue is there for everybody. */
  private rescue(slot: number): void {
    const number = this.mailbox.arena.memory.exchange(slotBase(slot) + LIFO, 0);
    if (number !== 0) this.control.inject.push(number);
  }

  /** `left` are about to be told. */
  dig({ slot }: WorkerHandle, left: Iterable<WorkerHandle>): void {
    this.graves.set(slot, new Set(left));
  }

  /** A worker that is no more itself has nothing to hear. */
  strike(worker: WorkerHandle): void {
    for (const slot of [...this.graves.keys()]) this.onHeard(worker, slot);
  }

  /** A worker knows of the death of that of `slot`. When all do, nobody posts to the slot any more. */
  onHeard(worker: WorkerHandle, slot: number): void {
    const waiting = this.graves.get(slot);
    if (waiting === undefined) return;
    waiting.delete(worker);
    if (waiting.size > 0) return;
    this.graves.delete(slot);
    this.close(slot);
  }

  /** No thread is left. */
  closeAll(): void {
    for (const slot of this.graves.keys()) this.close(slot);
    this.graves.clear();
  }

  private close(slot: number): void {
    this.mailbox.bury(slot);
  }
}
