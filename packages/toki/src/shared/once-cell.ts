/*
 * A shared cell. PHASE, and who changes it, under the lock:
 *
 *   EMPTY   no value, and nobody is at it                      -> BUSY (the first request), SET (set)
 *   BUSY    a request has the turn: its initializer runs on its thread (HELD of that thread's share is 1), or it was told so and has not looked since
 *                                                              -> SET (fill), BUSY (the turn passes to the next in line), EMPTY (to nobody)
 *   SET     there is a VALUE                                   -> EMPTY (take)
 *   OVER    taken apart by intoInner
 *
 * In line, in LINE, are requests that found it BUSY; whoever changes the phase tells them. A thread that dies with the turn passes it on.
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { DisposedError } from "../sync/error.js";
import { GetOrInit, type Initializer, type Turn } from "../sync/get-or-init.js";
import { SetError } from "../sync/once-error.js";
import { TryLockError } from "../sync/try-lock-error.js";
import { sharing } from "./crossing.js";
import { SharedHandle } from "./handle.js";
import { defineKind, ONCE_CELL } from "./kinds.js";
import { HELD, NONE, OWN, STATE } from "./layout.js";
import { tellAll } from "./permits.js";
import { lengthOf, oldest, remove } from "./queue.js";
import { Share } from "./share.js";
import type { SharedThread } from "./thread.js";
import { dropAt, dropValue, putFirst, putValue, readAt, takeValue } from "./values.js";
import type { Waiter } from "./waiter.js";

const PHASE = OWN;
const VALUE = OWN + 1;
const LINE = OWN + 2;

const EMPTY = 0;
const BUSY = 1;
const SET = 2;
const OVER = 3;

/** STATE of a request that was told: it is its turn, or the cell has changed. */
const YOUR_TURN = 0;
const LOOK_AGAIN = -1;

const kind = defineKind({
  number: ONCE_CELL,
  blockClass: 0,
  passOn(thread, object, waiter) {
    if (thread.memory.read(waiter + STATE) === YOUR_TURN) passTurn(thread, object);
  },
  abandon(thread, object, share) {
    if (thread.memory.read(share + HELD) > 0) passTurn(thread, object);
  },
  destroy: dropAt(VALUE),
});

/** Under the lock: whoever has the turn gives it up. */
function passTurn(thread: SharedThread, object: number): void {
  const { memory } = thread;
  const next = oldest(memory, object + LINE);
  if (next === NONE) {
    memory.store(object + PHASE, EMPTY);
    return;
  }
  remove(memory, next);
  thread.tell(next, YOUR_TURN);
}

/** Under the lock: there is a value. */
function fill(thread: SharedThread, object: number, value: number): void {
  const { memory } = thread;
  memory.write(object + VALUE, value);
  memory.store(object + PHASE, SET);
  tellAll(thread, object + LINE, LOOK_AGAIN);
}

/**
 * A value that is made when it is first asked for, by whoever asks, on whatever thread: one initializer runs at a time, the others wait for its value, and get
 * a copy of it.
 *
 * An initializer that fails or is cancelled leaves the cell empty: the next in line runs its own. It must not ask the same cell: it would wait for itself.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same cell. An initializer runs on the thread that asked; if that dies, the next in
 * line runs its own.
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep, spawn } from "toki";
 * import { OnceCell } from "toki/shared";
 *
 * const load = fn(function* load() {
 *   yield* sleep(5);
 *   return { loaded: true };
 * });
 *
 * export const settings = fn(import.meta, function* settings(cell: OnceCell<{ loaded: boolean }>) {
 *   return (yield* cell.getOrInit(load)).loaded; // one thread loads them
 * });
 *
 * await main(function* () {
 *   const cell = new OnceCell<{ loaded: boolean }>();
 *   console.log(yield* join(spawn(settings(cell)), spawn(settings(cell)))); // [ true, true ]
 * });
 * ```
 */
export class OnceCell<T> extends SharedHandle {
  /**
   * @param init - a value to start with, copied; undefined, or nothing, makes an empty cell
   * @throws NotSendError if it cannot be sent
   */
  constructor(init?: T);
  /** @internal */
  constructor(init?: T, share?: Share);
  constructor(init?: T, share?: Share) {
    super(share ?? Share.create(kind));
    if (share !== undefined || init === undefined) return;
    putFirst(this, VALUE, init, "new OnceCell");
    this.share.thread.memory.store(this.share.object + PHASE, SET);
  }

  /**
   * The value; if there is none yet, that which `initializer` evaluates to, of which a copy is then in the cell. Waits while the initializer of somebody else
   * runs, on any thread, and runs its own only if that one fails, is cancelled, or its thread dies.
   *
   * **Cancel safety**: loses its place while it waits; later its initializer is cancelled, and after its cleanup the next in line runs its own.
   *
   * @param initializer - a future, a `function*` body, or a function that returns a future
   * @throws what the initializer throws: that is not kept, the cell stays empty
   * @throws NotSendError if the value cannot be sent: the cell stays empty
   * @throws MisuseError if `initializer` is none of these
   * @throws DisposedError if this handle was disposed, or the cell was taken apart
   */
  getOrInit(initializer: Initializer<T>): Future<T> {
    this.open("getOrInit");
    return new GetOrInit<T>(this, "OnceCell.getOrInit", initializer);
  }

  /**
   * As {@link OnceCell.getOrInit}, under Tokio's name for initializers that may fail: here every one may throw.
   *
   * **Cancel safety**: loses its place while it waits; later its initializer is cancelled, and after its cleanup the next in line runs its own.
   *
   * @throws what the initializer throws: that is not kept, the cell stays empty
   * @throws NotSendError if the value cannot be sent: the cell stays empty
   * @throws MisuseError if `initializer` is no future and makes none
   * @throws DisposedError if this handle was disposed, or the cell was taken apart
   */
  getOrTryInit(initializer: Initializer<T>): Future<T> {
    this.open("getOrTryInit");
    return new GetOrInit<T>(this, "OnceCell.getOrTryInit", initializer);
  }

  /**
   * Fills the cell with a copy; whoever waits for an initializer gets the value.
   *
   * @throws SetError with the value: of kind `alreadyInitialized` if there is one, `initializing` while an initializer runs or is about to
   * @throws NotSendError if the value cannot be sent
   * @throws DisposedError if this handle was disposed, or the cell was taken apart
   */
  set(value: T): void {
    const { thread, object, lock } = this.check("set");
    const block = putValue(thread, value, "OnceCell.set", "value", true);
    lock.lock();
    const phase = thread.memory.read(object + PHASE);
    if (phase === EMPTY) fill(thread, object, block);
    thread.unlock(lock);
    if (phase === EMPTY) return;
    dropValue(thread, block);
    if (phase === OVER) throw takenApart("set");
    throw new SetError(phase === SET ? "alreadyInitialized" : "initializing", value);
  }

  /**
   * A copy of the value, undefined if there is none.
   *
   * @throws DisposedError if this handle was disposed, or the cell was taken apart
   */
  get(): T | undefined {
    this.check("get");
    const value = this.read();
    return value === Pending ? undefined : value;
  }

  /** Whether there is a value. */
  get initialized(): boolean {
    return this.share.isLive && this.share.peek(PHASE) === SET;
  }

  /**
   * Takes the value out: the cell is empty, and can be initialized again. Gives undefined, and changes nothing, if there is none.
   *
   * @throws DisposedError if this handle was disposed, or the cell was taken apart
   */
  take(): T | undefined {
    this.check("take");
    return this.takeOut(EMPTY);
  }

  /**
   * Takes the value out, if there is one, and ends the cell, for all threads: it cannot be used any more.
   *
   * @throws TryLockError while an initializer runs or is about to
   * @throws DisposedError if this handle was disposed, or the cell was taken apart
   */
  intoInner(): T | undefined {
    this.check("intoInner");
    return this.takeOut(OVER);
  }

  private takeOut(next: number): T | undefined {
    const { thread, object, lock } = this.share;
    const { memory } = thread;
    lock.lock();
    const phase = memory.read(object + PHASE);
    const value = memory.read(object + VALUE);
    if (phase === SET || (phase === EMPTY && next === OVER)) {
      memory.write(object + VALUE, NONE);
      memory.store(object + PHASE, next);
    }
    lock.unlock();
    if (phase === BUSY && next === OVER) throw new TryLockError();
    return phase === SET ? (takeValue(thread, value) as T) : undefined;
  }

  /** Another handle to this cell. */
  clone(): OnceCell<T> {
    return new OnceCell<T>(undefined, this.open("clone").use());
  }

  private check(method: string): Share {
    const share = this.open(method);
    if (share.peek(PHASE) === OVER) throw takenApart(method);
    return share;
  }

  /** @internal */
  read(): Poll<T> {
    const { share } = this;
    return share.isLive ? readAt<T>(share, VALUE) : Pending;
  }

  /** @internal */
  pollTurn(wait: GetOrInit<T>, cx: Context): Turn {
    const { share } = this;
    const { thread, object, lock } = share;
    const { memory } = thread;
    const waiter = wait.waiter as Waiter | null;
    if (waiter === null) {
      if (!share.isLive) throw this.refusal("getOrInit");
    } else {
      if (!waiter.hasArrived) {
        waiter.watch(wait as Future<unknown>, cx.waker);
        return "waiting";
      }
      wait.waiter = null;
      if (waiter.state === YOUR_TURN) {
        share.use().held(1);
        thread.finish(waiter);
        return "ours";
      }
    }
    thread.prepare();
    lock.lock();
    const phase = memory.read(object + PHASE);
    let next: Waiter | null = null;
    if (phase === EMPTY) memory.store(object + PHASE, BUSY);
    else if (phase === BUSY) next = thread.join(share, object + LINE, 1, 1);
    lock.unlock();
    if (phase === EMPTY) share.use().held(1);
    if (next !== null) thread.enter(next, cx.waker);
    if (waiter !== null) thread.finish(waiter);
    wait.waiter = next;
    if (phase === BUSY) return "waiting";
    if (phase === OVER) return "over";
    return phase === SET ? "initialized" : "ours";
  }

  /** @internal */
  stopWaiting(wait: GetOrInit<T>): void {
    const waiter = wait.waiter as Waiter;
    wait.waiter = null;
    this.share.thread.leave(waiter);
  }

  /** @internal */
  fill(value: T): void {
    const { share } = this;
    const { thread, object, lock } = share;
    let block: number;
    try {
      block = putValue(thread, value, "OnceCell.getOrInit", "the initializer's value", true);
    } catch (error) {
      this.passTurn();
      throw error;
    }
    share.held(-1);
    lock.lock();
    fill(thread, object, block);
    thread.unlock(lock);
    share.unuse();
  }

  /** @internal */
  passTurn(): void {
    const { share } = this;
    const { thread, object, lock } = share;
    share.held(-1);
    lock.lock();
    passTurn(thread, object);
    thread.unlock(lock);
    share.unuse();
  }

  /** @internal */
  get waiting(): number {
    const { thread, object, lock } = this.share;
    if (!this.share.isLive) return 0;
    lock.lock();
    const length = lengthOf(thread.memory, object + LINE);
    lock.unlock();
    return length;
  }
}

function takenApart(method: string): DisposedError {
  return new DisposedError(`OnceCell.${method}`, "taken apart by intoInner()");
}

registerCrossing(
  OnceCell.prototype,
  sharing<OnceCell<unknown>>(kind, (share) => new OnceCell<unknown>(undefined, share)),
  import.meta.url,
);
