/*
 * One wait of a future of this thread; its states are in thread.ts. This side of it:
 *
 *   waiting      its block is in a queue, or has been told and the mail is under way
 *   hasArrived   it was told, and this thread knows: STATE may be read without the lock
 *   isDropped    given up between the two; what it had was passed on, and only the block waits for the mail
 */
import { current } from "../future/current.js";
import type { Future } from "../future/future.js";
import { MisuseError } from "../future/misuse.js";
import { rejectSharing } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import type { RuntimeCore } from "../runtime/core.js";
import { MISSING, SIGNAL, SMALL, STATE } from "./layout.js";
import { QUEUED, remove } from "./queue.js";
import type { Share } from "./share.js";
import { ABANDONED, DELIVERED, type SharedThread, SILENT } from "./thread.js";

/** @internal */
export class Waiter {
  readonly share: Share;
  readonly block: number;
  readonly key: number;
  waker: Waker | null = null;
  hasArrived = false;
  isDropped = false;
  /** Whether another thread may end it: hold.ts. */
  isExpected = false;
  /** The runtime that is kept waiting for it. */
  rt: RuntimeCore | null = null;

  constructor(share: Share, block: number, key: number) {
    this.share = share;
    this.block = block;
    this.key = key;
  }

  /** How it was told. */
  get state(): number {
    return this.share.thread.memory.load(this.block + STATE);
  }

  /** Whom to wake from now on, on behalf of `leaf`. A second task that waits for the same future is refused. */
  watch(leaf: Future<unknown>, waker: Waker): void {
    const held = this.waker;
    if (held === waker) return;
    if (held !== null) rejectSharing(leaf, held);
    this.waker = waker;
  }

  wake(): void {
    const { waker } = this;
    this.waker = null;
    if (waker !== null) waker.wake();
  }
}

/**
 * Refuses to block a thread that has tasks to run.
 *
 * @throws MisuseError
 * @internal
 */
export function mayBlock(where: string, thread: SharedThread): void {
  if (current.cx === null && current.runtime?.executor.active !== true && !thread.mailbox.isWorker) return;
  throw new MisuseError(
    "TOKI_BLOCKING_IN_TASK",
    `${where}: Cannot block the current thread from within a runtime: it drives tasks, which would all stand still. Await the method without \`blocking\` instead, or call this one in a function of spawnBlocking`,
  );
}

/**
 * Blocks the thread until a waiter that `enqueue` has entered was told; the wait is over then.
 *
 * @param deadline - in milliseconds of `performance.now`, or Infinity
 * @returns how it was told; QUEUED if the deadline passed first
 * @internal
 */
export function blockFor(share: Share, block: number, deadline: number): number {
  const { thread, lock, kind, object } = share;
  const { memory } = thread;
  while (memory.load(block + SIGNAL) === SILENT) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    memory.waitFor(block + SIGNAL, SILENT, left);
  }
  if (memory.load(block + SIGNAL) === SILENT) {
    lock.lock();
    if (memory.read(block + STATE) === QUEUED) {
      remove(memory, block);
      kind.passOn(thread, object, block);
      thread.unlock(lock);
      thread.disown(block);
      return QUEUED;
    }
    thread.unlock(lock);
  }
  const state = memory.load(block + STATE);
  thread.lastMissing = memory.read(block + MISSING);
  thread.unlist(block);
  // Told, and perhaps not delivered yet: the second of the two frees the block.
  if (memory.exchange(block + SIGNAL, ABANDONED) === DELIVERED) thread.arena.free(block, SMALL);
  return state;
}
