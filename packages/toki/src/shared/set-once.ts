/*
 * A shared SetOnce. PHASE: EMPTY -> SET, by `set`, which has written VALUE before; either -> OVER, by `intoInner`. Under the lock. Who waits, in WAITING, is told
 * of both, and looks again.
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { DisposedError } from "../sync/error.js";
import { SetOnceError } from "../sync/once-error.js";
import { SetOnceWait } from "../sync/set-once-wait.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { defineKind, SET_ONCE } from "./kinds.js";
import { NONE, OWN } from "./layout.js";
import { locked, tellAll } from "./permits.js";
import { Share } from "./share.js";
import { dropAt, dropValue, putFirst, putValue, readAt, takeValue } from "./values.js";
import { blockFor, mayBlock, type Waiter } from "./waiter.js";

const PHASE = OWN;
const VALUE = OWN + 1;
const WAITING = OWN + 2;

const EMPTY = 0;
const SET = 1;
const OVER = 2;

const kind = defineKind({
  number: SET_ONCE,
  blockClass: 0,
  passOn() {},
  abandon() {},
  destroy: dropAt(VALUE),
});

/**
 * A value that is set once, by any thread, and that any number of tasks and threads wait for, before and after. Each gets a copy.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same object.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { SetOnce } from "toki/shared";
 *
 * export const serve = fn(import.meta, function* serve(port: SetOnce<number>) {
 *   port.set(8080);
 * });
 *
 * await main(function* () {
 *   const port = new SetOnce<number>();
 *   spawn(serve(port));
 *   console.log(yield* port.wait()); // 8080
 * });
 * ```
 */
export class SetOnce<T> extends SharedHandle {
  /**
   * @param init - a value to start with, copied; undefined, or nothing, makes one that is not set
   * @throws NotSendError if it cannot be sent
   */
  constructor(init?: T);
  /** @internal */
  constructor(init?: T, share?: Share);
  constructor(init?: T, share?: Share) {
    super(share ?? Share.create(kind));
    if (share !== undefined || init === undefined) return;
    putFirst(this, VALUE, init, "new SetOnce");
    this.share.thread.memory.store(this.share.object + PHASE, SET);
  }

  /**
   * Sets the value, to a copy of this one; whoever waits gets it.
   *
   * @throws SetOnceError with the value if there is one
   * @throws NotSendError if the value cannot be sent
   * @throws DisposedError if this handle was disposed, or this was taken apart
   */
  set(value: T): void {
    const { thread, object, lock } = this.check("set");
    const { memory } = thread;
    const block = putValue(thread, value, "SetOnce.set", "value", true);
    lock.lock();
    const phase = memory.read(object + PHASE);
    if (phase === EMPTY) {
      memory.write(object + VALUE, block);
      memory.store(object + PHASE, SET);
      tellAll(thread, object + WAITING, 0);
    }
    thread.unlock(lock);
    if (phase === EMPTY) return;
    dropValue(thread, block);
    throw phase === OVER ? takenApart("set") : new SetOnceError(value);
  }

  /**
   * Waits for the value. Ready at once if it is there.
   *
   * **Cancel safety**: safe.
   *
   * @returns a copy of it
   * @throws DisposedError if this handle was disposed before, or this was taken apart, before or while waiting
   */
  wait(): Future<T> {
    this.check("wait");
    return new SetOnceWait<T>(this);
  }

  /**
   * Waits for the value, blocking the thread: for threads that may block, as those of `spawnBlocking`.
   *
   * @returns a copy of it
   * @throws MisuseError on a thread that runs tasks
   * @throws DisposedError if this handle was disposed before, or this was taken apart, before or while waiting
   *
   * @example
   * ```ts
   * import { SetOnce } from "toki/shared";
   *
   * const once = new SetOnce<number>();
   * once.set(1);
   * console.log(once.blockingWait()); // 1: fine outside of tasks
   * ```
   */
  blockingWait(): T {
    const share = this.check("blockingWait");
    const { thread, object } = share;
    mayBlock("SetOnce.blockingWait", thread);
    for (;;) {
      let waiter = NONE;
      const isEmpty = this.ifEmpty(share, () => {
        waiter = thread.enqueue(share, object + WAITING, 1, 1, 1);
      });
      if (!isEmpty) return this.read(share, "blockingWait");
      blockFor(share, waiter, Number.POSITIVE_INFINITY);
    }
  }

  /**
   * A copy of the value, undefined if it was not set yet.
   *
   * @throws DisposedError if this handle was disposed, or this was taken apart
   */
  get(): T | undefined {
    const value = readAt<T>(this.check("get"), VALUE);
    return value === Pending ? undefined : value;
  }

  /** Whether the value was set. */
  get initialized(): boolean {
    return this.share.isLive && this.share.peek(PHASE) === SET;
  }

  /**
   * Takes the value out, if it was set, and ends this, for all threads: it cannot be used any more, and who waits for it fails.
   *
   * @throws DisposedError if this handle was disposed, or this was taken apart before
   */
  intoInner(): T | undefined {
    const { thread, object, lock } = this.check("intoInner");
    const { memory } = thread;
    lock.lock();
    const phase = memory.read(object + PHASE);
    const value = memory.read(object + VALUE);
    memory.write(object + VALUE, NONE);
    memory.store(object + PHASE, OVER);
    tellAll(thread, object + WAITING, 0);
    thread.unlock(lock);
    return phase === SET ? (takeValue(thread, value) as T) : undefined;
  }

  /** Another handle to this object. */
  clone(): SetOnce<T> {
    return new SetOnce<T>(undefined, this.open("clone").use());
  }

  /** @internal */
  pollValue(wait: SetOnceWait<T>, cx: Context): Poll<T> {
    const { share } = this;
    const { thread, object } = share;
    const waiter = wait.waiter as Waiter | null;
    if (waiter === null) {
      if (!share.isLive) throw this.refusal("wait");
    } else if (!waiter.hasArrived) {
      waiter.watch(wait as Future<unknown>, cx.waker);
      return Pending;
    }
    wait.waiter = null;
    try {
      const isEmpty = this.ifEmpty(share, () => {
        wait.waiter = thread.join(share, object + WAITING, 1, 1);
      });
      if (!isEmpty) return this.read(share, "wait");
      thread.enter(wait.waiter as unknown as Waiter, cx.waker);
      return Pending;
    } finally {
      if (waiter !== null) thread.finish(waiter);
    }
  }

  /** @internal */
  stopWaiting(wait: SetOnceWait<T>): void {
    const waiter = wait.waiter as Waiter;
    wait.waiter = null;
    this.share.thread.leave(waiter);
  }

  /** Joins the queue if there is no value, and may be one. */
  private ifEmpty({ thread, object, lock }: Share, join: () => void): boolean {
    thread.prepare();
    return locked(thread, lock, () => {
      const isEmpty = thread.memory.read(object + PHASE) === EMPTY;
      if (isEmpty) join();
      return isEmpty;
    });
  }

  /** The value, for who does not wait any more. */
  private read(share: Share, method: string): T {
    const value = readAt<T>(share, VALUE);
    if (value === Pending) throw takenApart(method);
    return value;
  }

  private check(method: string): Share {
    const share = this.open(method);
    if (share.peek(PHASE) === OVER) throw takenApart(method);
    return share;
  }
}

function takenApart(method: string): DisposedError {
  return new DisposedError(`SetOnce.${method}`, "taken apart by intoInner()");
}

registerCrossing(
  SetOnce.prototype,
  sharing<SetOnce<unknown>>(kind, (share) => new SetOnce<unknown>(undefined, share)),
  import.meta.url,
);
