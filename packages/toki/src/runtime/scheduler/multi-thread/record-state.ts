/*
 * The changes of a record's STATE (record.ts says who makes which, and when), apart from what goes with them, so that the loom can run them.
 */
import type { Memory } from "../../../memory/memory.js";
import * as record from "./record.js";

/** Home: takes back a record that nobody has begun, as `as`. True if so. @internal */
export function takeBack(memory: Memory, block: number, as: number): boolean {
  return memory.compareExchange(block + record.STATE, record.QUEUED, as) === record.QUEUED;
}

/** Who took it from a queue: begins. Returns what STATE was; it runs if that is QUEUED. @internal */
export function begin(memory: Memory, block: number, slot: number): number {
  // ATOMICS: plain; who reads it has seen RUNNING first.
  memory.write(block + record.WORKER, slot);
  return memory.compareExchange(block + record.STATE, record.QUEUED, record.RUNNING);
}

/** Home: says what is wanted of the worker. True if the worker must be told by mail; otherwise it is over, or has mail that it has yet to read. @internal */
export function command(memory: Memory, block: number, bits: number): boolean {
  const before = memory.or(block + record.STATE, bits | record.CALLED) & (record.CALLED | record.DONE);
  // Over, and nothing under way: nothing will be.
  if (before === record.DONE) memory.and(block + record.STATE, ~record.CALLED);
  return before === 0;
}

/** Worker: the mail has come. Returns what STATE was; with ZOMBIE, the record is the worker's to free. @internal */
export function onCommand(memory: Memory, block: number): number {
  return memory.and(block + record.STATE, ~record.CALLED);
}

/** Worker: the outcome is in the record, which is to be mailed home. @internal */
export function complete(memory: Memory, block: number, bits: number): void {
  memory.or(block + record.STATE, record.DONE | bits);
}

/** Home: has taken the outcome. True if the record is home's to free. @internal */
export function release(memory: Memory, block: number): boolean {
  return (memory.or(block + record.STATE, record.ZOMBIE) & record.CALLED) === 0;
}
