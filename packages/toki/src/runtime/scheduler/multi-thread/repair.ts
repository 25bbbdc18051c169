/*
 * After the death of a thread, which may have ended between any two operations (shared-lock.ts): what it held is let go, what it was changing is
 * made whole, what it had in its hands goes back.
 *
 *   locks         those it had are freed, after a repair of what they guard; those who wait for locks are woken
 *   queues        those it was stealing from can be stolen from again (LocalQueue.forget); its own is whole after each store, and its successor has it
 *   idle          it counts as one that runs and does not search (Idle.bury)
 *   its tasks     RemoteTasks.failTasksOf, on every thread that has spawned some: those it ran fail. Those it had taken from a queue and not begun are in
 *                 none; nobody can tell them from others that are queued, so each home replaces the records of all that are (MOVED in record.ts)
 *   its mail      handed out by the thread that clears up (Mailbox.bury), once all others know of its death and post no more; then its slot is free
 *   its threads   those that it has started have ended before it (blocking threads, workers of runtimes of its own): their locks, mail, shared objects and
 *                 slots are seen to with its own (Arena.family). How many blocking threads it had is in its slot: its runtime may have as many again
 *
 * Lost for good, each time that a thread dies suddenly: a block it was about to hand out or take back, a batch of blocks that it was moving (64, or 8 KiB),
 * the mail it had taken from its box and not looked at, and the records of tasks that it had spawned and taken from a queue or begun to run itself (64 bytes each).
 * A thread that blocks on a shared object which the dead had given to it and not said so (shared/thread.ts) blocks for ever, as does a task of a thread that
 * does not hear of the end.
 * With a runtime of its own: the control block of that, and the records of its tasks.
 */
import { type Arena, repairFreeList } from "../../../memory/arena.js";
import { HELD, MAX_HELD, slotBase } from "../../../memory/layout.js";
import { breakHeld, FREE_LIST, IDLE, INJECT_QUEUE } from "../../../memory/shared-lock.js";
import type { SharedMemory } from "../../../memory/shared-memory.js";
import { Idle } from "./idle.js";
import { InjectQueue } from "./inject-queue.js";
import { RECORD_LINKS } from "./record.js";

/** Frees the locks of a thread that is no more, and of those it had started. True if there were any. May be called again. @internal */
export function breakLocks(arena: Arena, slot: number): boolean {
  let had = false;
  for (const each of arena.family(slot)) if (breakLocksOf(arena.memory, each)) had = true;
  return had;
}

function breakLocksOf(memory: SharedMemory, slot: number): boolean {
  let had = false;
  for (let i = MAX_HELD - 1; i >= 0; i--) {
    const at = slotBase(slot) + HELD + i;
    const entry = memory.load(at);
    if (entry === 0) continue;
    had = true;
    breakHeld(
      memory,
      entry,
      slot + 1,
      (kind, word) => repair(memory, kind, word),
      (kind, word) => kind === IDLE && Idle.notifyWoken(memory, word),
    );
    memory.store(at, 0);
  }
  return had;
}

function repair(memory: SharedMemory, kind: number, word: number): void {
  if (kind === IDLE) Idle.recount(memory, word);
  else if (kind === INJECT_QUEUE) InjectQueue.repair(memory, word, RECORD_LINKS);
  else if (kind === FREE_LIST) repairFreeList(memory, word);
}
