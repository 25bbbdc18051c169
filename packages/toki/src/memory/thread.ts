/*
 * This thread's part of the shared memory: made at the first use, once for each thread and copy of the package.
 *
 *   the thread that begins   makes the arena
 *   a thread of a runtime    is given the buffer, and its slot, before anything uses them (`portable().memory`)
 */
import { portable } from "../portable/registry.js";
import { Arena } from "./arena.js";
import { Mailbox } from "./mailbox.js";

let mailbox: Mailbox | null = null;
const endings: ((slot: number) => void)[] = [];

/** This thread's mailbox, if shared memory is in use. @internal */
export function mailboxIfAny(): Mailbox | null {
  return mailbox;
}

/** Which copy of this module this is: a program may have several copies of the package, each with a memory of its own. The same on every thread. @internal */
export const MEMORY_COPY: string = (() => {
  const { url } = import.meta;
  const { memoryCopies } = portable();
  const number = memoryCopies.get(url) ?? 0;
  memoryCopies.set(url, number + 1);
  return `${url}#${number}`;
})();

/** This thread's mailbox, with its arena. @internal */
export function threadMailbox(): Mailbox {
  if (mailbox === null) {
    const { memory, onWorker } = portable();
    if (onWorker && memory === undefined) throw new Error("This thread has no part in the memory that threads share");
    // A thread that was started for others has been told what it shares before its first module was imported; other copies of the package begin anew.
    const arena =
      memory?.copy === MEMORY_COPY ? new Arena(memory.buffer, memory.slot) : new Arena(Arena.createBuffer());
    mailbox = new Mailbox(arena);
  }
  return mailbox;
}

/** Calls back when a thread has ended, with its slot: what it had is there for others. @internal */
export function onThreadEnd(callback: (slot: number) => void): void {
  endings.push(callback);
}

/** The thread of a slot has ended, with those it had started, and its slot has not been released. @internal */
export function threadEnded(slot: number): void {
  for (const each of threadMailbox().arena.family(slot)) for (const callback of endings) callback(each);
}
