/*
 * A thread's part in a shared object, over the simulated memory of a model: the production code of thread.ts and waiter.ts, with blocks of the model. For
 * waits that block.
 */
import assert from "node:assert/strict";
import type { Memory } from "../../dist/memory/memory.js";
import { SharedLock } from "../../dist/memory/shared-lock.js";
import * as threads from "../../dist/shared/thread.js";
import "toki/shared"; // the kinds of objects
import * as kinds from "../../dist/shared/kinds.js";

export const OBJECT = 16;
/** A block, a list and a count of frees for each thread; a thread that waits again has more blocks, at the end. */
export const BLOCK = (thread: number) => 32 + 16 * thread;
export const LIST = (thread: number) => 1 + thread;
export const FREES = (thread: number) => 6 + thread;
const MORE = 96;
const MORE_EACH = 3;
export const WORDS = MORE + 16 * MORE_EACH * 4;

export interface Thread {
  prepare(): void;
  unlock(lock: SharedLock): void;
  enqueue(share: Share, queue: number, amount: number, asked: number, blocks: number): number;
  clearWaiter(block: number, object: number, number: number): void;
}

export interface Share {
  readonly thread: Thread;
  readonly lock: SharedLock;
}

const { SharedThread } = threads as unknown as { SharedThread: { prototype: object } };
const { kindOf } = kinds as unknown as { kindOf(number: number): object };

/** The part of a model's thread: the real one, with memory and blocks of the model. */
export function shareOf(model: Memory, index: number, kind: number): Share {
  const memory = Object.create(model, {
    // A deadline of the model is never or at once.
    waitFor: { value: (at: number, expected: number) => model.wait(at, expected) },
    reaching: { value: () => assert.fail("no views") },
  });
  let allocated = 0;
  const thread = Object.assign(Object.create(SharedThread.prototype), {
    memory,
    arena: {
      alloc: () => (allocated++ === 0 ? BLOCK(index) : MORE + 16 * (MORE_EACH * index + allocated - 2)),
      free: (block: number) => void model.add(FREES(ownerOf(block)), 1),
    },
    mailbox: { isWorker: false },
    slot: index,
    list: LIST(index),
    told: 0,
    toldLast: 0,
    spare: 0,
    lastMissing: 0,
  }) as Thread;
  const lock = new SharedLock(memory, OBJECT);
  const peek = (word: number) => model.load(OBJECT + word);
  return { thread, lock, object: OBJECT, kind: kindOf(kind), peek } as Share;
}

function ownerOf(block: number): number {
  return block < MORE ? (block - 32) / 16 : Math.floor((block - MORE) / 16 / MORE_EACH);
}
