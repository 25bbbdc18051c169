/*
 * A future that takes `n` permits of an object and makes something of them: a permit, a guard, a sent message.
 *
 *   waiter === null   not polled, or polled while the task was out of budget
 *   waiter            in the object's queue, or told and not polled since
 *   isOver            delivered, failed or dropped
 *
 * Permits pass to the result in the poll that finds them, so a drop has something to give back in the middle state alone.
 */
import type { Context } from "../future/context.js";
import { Future, pollingContext, resultOf } from "../future/future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { proceed, refund } from "../task/coop.js";
import type { SharedHandle } from "./handle.js";
import { NONE } from "./layout.js";
import { give, IS_CLOSED, PERMIT_QUEUE, PERMITS, take } from "./permits.js";
import { lengthOf, QUEUED } from "./queue.js";
import type { Share } from "./share.js";
import { blockFor, mayBlock, type Waiter } from "./waiter.js";

/** Permits were taken, the object is closed, or the caller has to wait. */
const TAKEN = 0;
const CLOSED = 1;
const TOO_FEW = 2;

/** @internal */
export abstract class AcquireFuture<T> extends Future<T> {
  /** Keeps the handle from being collected while its future lives. */
  readonly handle: SharedHandle;
  readonly share: Share;
  readonly n: number;
  private waiter: Waiter | null = null;
  private isOver = false;

  constructor(handle: SharedHandle, n: number) {
    super();
    this.handle = handle;
    this.share = handle.share;
    this.n = n;
  }

  /** The permits are this thread's: the result, which counts them as held. */
  protected abstract acquired(): T;

  /** At the first poll: what may fail before anything is taken. */
  protected beforeLock(): void {}

  /** At the first poll, under the lock: the permits were there. */
  protected underLock(): void {}

  /** The object is closed: what to throw. */
  protected abstract failed(): Error;

  poll(cx: Context): Poll<T> {
    if (!proceed(cx)) return Pending;
    const { waiter, share } = this;
    if (waiter === null) {
      if (this.isOver) return this.refuse();
      if (!share.isLive) {
        this.isOver = true;
        throw this.handle.refusal("poll");
      }
      const found = this.tryStart(cx);
      if (found === TOO_FEW) {
        refund();
        return Pending;
      }
      this.isOver = true;
      if (found === CLOSED) throw this.failed();
      return this.acquired();
    }
    if (!waiter.hasArrived) {
      waiter.watch(this as Future<unknown>, cx.waker);
      refund();
      return Pending;
    }
    this.isOver = true;
    this.waiter = null;
    const { thread } = share;
    if (share.peek(IS_CLOSED) !== 0) {
      thread.leave(waiter);
      throw this.failed();
    }
    try {
      return this.acquired();
    } finally {
      thread.finish(waiter);
    }
  }

  private tryStart(cx: Context): number {
    try {
      return this.start(cx);
    } catch (error) {
      this.isOver = true;
      throw error;
    }
  }

  private start(cx: Context): number {
    const { share, n } = this;
    const { thread, object, lock } = share;
    thread.prepare();
    this.beforeLock();
    lock.lock();
    const found = look(share, n);
    if (found === TOO_FEW) {
      const free = thread.memory.read(object + PERMITS);
      thread.memory.write(object + PERMITS, 0);
      this.waiter = thread.join(share, object + PERMIT_QUEUE, n - free, n);
    } else if (found === TAKEN) this.underLock();
    thread.unlock(lock);
    if (this.waiter !== null) thread.enter(this.waiter, cx.waker);
    return found;
  }

  private refuse(): never {
    refund();
    throw polledAfterCompletion(this.describe());
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override [Symbol.dispose](): void {
    const { waiter } = this;
    this.isOver = true;
    this.waiter = null;
    if (waiter !== null) this.share.thread.leave(waiter);
  }
}

/** Under the lock. */
function look(share: Share, n: number): number {
  const { thread, object } = share;
  if (thread.memory.read(object + IS_CLOSED) !== 0) return CLOSED;
  return take(thread, object, n) ? TAKEN : TOO_FEW;
}

/**
 * Takes `n` permits if they are free now. Whoever has them counts them as held.
 *
 * @returns true; or why not
 * @internal
 */
export function tryTake(share: Share, n: number): true | "closed" | "full" {
  const { lock } = share;
  lock.lock();
  const found = look(share, n);
  lock.unlock();
  if (found === TAKEN) return true;
  return found === CLOSED ? "closed" : "full";
}

/**
 * Blocks the thread until it has `n` permits. Whoever has them counts them as held.
 *
 * @param deadline - in milliseconds of `performance.now`, or Infinity
 * @returns true; or why not
 * @internal
 */
export function blockingTake(share: Share, n: number, where: string, deadline: number): true | "closed" | "timeout" {
  const { thread, object, lock } = share;
  mayBlock(where, thread);
  thread.prepare();
  lock.lock();
  const found = look(share, n);
  let waiter = NONE;
  if (found === TOO_FEW) {
    const free = thread.memory.read(object + PERMITS);
    thread.memory.write(object + PERMITS, 0);
    waiter = thread.enqueue(share, object + PERMIT_QUEUE, n - free, n, 1);
  }
  lock.unlock();
  if (found === CLOSED) return "closed";
  if (waiter !== NONE) {
    if (blockFor(share, waiter, deadline) === QUEUED) return "timeout";
    if (share.peek(IS_CLOSED) !== 0) {
      // Closed after it had been given its permits, or before: what it had goes on.
      giveBack(share, n - thread.lastMissing);
      return "closed";
    }
  }
  return true;
}

/** Gives back `n` permits that this thread held. @internal */
export function giveBack(share: Share, n: number): void {
  const { thread, object, lock, kind } = share;
  if (n === 0) return;
  lock.lock();
  (kind.give ?? give)(thread, object, n);
  thread.unlock(lock);
}

/** For reports: how many permits are free, and how many wait. @internal */
export function permitsOf(share: Share): { readonly free: number; readonly waiting: number } {
  if (!share.isLive) return { free: 0, waiting: 0 };
  const { thread, object, lock } = share;
  const { memory } = thread;
  lock.lock();
  const found = { free: memory.read(object + PERMITS), waiting: lengthOf(memory, object + PERMIT_QUEUE) };
  lock.unlock();
  return found;
}
