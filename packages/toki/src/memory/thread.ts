/*
 * This thread's part of the shared memory: made at the first use, once for each thread and copy of the package.
 *
 *   the thread that begins   makes the arena
 *   a thread of a runtime    is given the buffer, and its slot, before anything uses them (`join`)
 */
import { Arena } from "./arena.js";
import { Mailbox } from "./mailbox.js";

let mailbox: Mailbox | null = null;

/** This thread's mailbox, if shared memory is in use. @internal */
export function mailboxIfAny(): Mailbox | null {
  return mailbox;
}

/** This thread's mailbox, with its arena. @internal */
export function threadMailbox(): Mailbox {
  mailbox ??= new Mailbox(new Arena(Arena.createBuffer()));
  return mailbox;
}

/** A new thread begins to use the memory of the one that started it. @internal */
export function joinMemory(buffer: SharedArrayBuffer, slot?: number): Mailbox {
  mailbox ??= new Mailbox(new Arena(buffer, slot));
  return mailbox;
}
