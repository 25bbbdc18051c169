/*
 * Phases of a cell:
 *
 *   EMPTY   no value, and nobody is at it                      -> BUSY (the first request), SET (set)
 *   BUSY    a request has the turn: its initializer runs, or it was told so and has not been polled since
 *                                                              -> SET (fill), BUSY (the turn passes to the next in line), EMPTY (to nobody)
 *   SET     there is a value                                   -> EMPTY (take)
 *   OVER    taken apart by intoInner
 *
 * In line, in `waiters`, are requests that found it BUSY; whoever changes the phase tells them first.
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { DisposedError } from "./error.js";
import { GetOrInit, type Initializer, type Initializing, type Turn } from "./get-or-init.js";
import { SetError } from "./once-error.js";
import { TryLockError } from "./try-lock-error.js";
import { Waiter, WaiterQueue } from "./waiter-queue.js";

const EMPTY = 0;
const BUSY = 1;
const SET = 2;
const OVER = 3;

/** `Waiter.state` of a request that was told: it is its turn, or the cell has changed. */
const YOUR_TURN = 0;
const LOOK_AGAIN = -1;

class Cell<T> implements Initializing<T> {
  phase: number;
  value: T | undefined;
  private readonly waiters: WaiterQueue;

  constructor() {
    this.phase = EMPTY;
    this.value = undefined;
    this.waiters = new WaiterQueue();
  }

  get waiting(): number {
    return this.waiters.length;
  }

  read(): Poll<T> {
    return this.phase === SET ? (this.value as T) : Pending;
  }

  pollTurn(wait: GetOrInit<T>, cx: Context): Turn {
    const waiter = wait.waiter as Waiter | null;
    if (waiter !== null) {
      if (waiter.state > 0) {
        waiter.watch(wait as Future<unknown>, cx.waker);
        return "waiting";
      }
      wait.waiter = null;
      if (waiter.state === YOUR_TURN) return "ours";
    }
    switch (this.phase) {
      case EMPTY:
        this.phase = BUSY;
        return "ours";
      case SET:
        return "initialized";
      case OVER:
        return "over";
    }
    const next = new Waiter(1, cx.waker);
    wait.waiter = next;
    this.waiters.push(next);
    return "waiting";
  }

  stopWaiting(wait: GetOrInit<T>): void {
    const waiter = wait.waiter as Waiter;
    wait.waiter = null;
    waiter.waker = null;
    const told = waiter.state;
    if (told > 0) {
      this.waiters.remove(waiter);
      waiter.state = LOOK_AGAIN;
    } else if (told === YOUR_TURN) this.passTurn();
  }

  fill(value: T): void {
    this.value = value;
    this.phase = SET;
    this.waiters.release(LOOK_AGAIN);
  }

  passTurn(): void {
    const next = this.waiters.oldest;
    if (next === null) {
      this.phase = EMPTY;
      return;
    }
    this.waiters.remove(next);
    next.state = YOUR_TURN;
    next.wake();
  }
}

/**
 * A value that is made when it is first asked for, by whoever asks: one initializer runs at a time, the others wait for its value.
 *
 * An initializer that fails or is cancelled leaves the cell empty: the next in line runs its own. It must not ask the same cell: it would wait for itself.
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep } from "toki";
 * import { OnceCell } from "toki/sync";
 *
 * const connection = new OnceCell<{ id: number }>();
 * let made = 0;
 *
 * const connect = fn(function* connect() {
 *   yield* sleep(10);
 *   return { id: ++made };
 * });
 *
 * const query = fn(function* query() {
 *   const { id } = yield* connection.getOrInit(connect);
 *   return id;
 * });
 *
 * await main(function* () {
 *   console.log(yield* join(query(), query(), query())); // [ 1, 1, 1 ]
 * });
 * ```
 */
export class OnceCell<T> {
  private readonly cell = new Cell<T>();

  /** @param init - a value to start with; undefined, or nothing, makes an empty cell */
  constructor(init?: T) {
    if (init !== undefined) this.cell.fill(init);
  }

  /**
   * The value; if there is none yet, that which `initializer` evaluates to, which is then in the cell. Waits while the initializer of somebody else runs, and
   * runs its own only if that one fails or is cancelled.
   *
   * **Cancel safety**: loses its place while it waits; later its initializer is cancelled, and after its cleanup the next in line runs its own.
   *
   * @param initializer - a future, a `function*` body, or a function that returns a future
   * @throws what the initializer throws: that is not kept, the cell stays empty
   * @throws MisuseError if `initializer` is none of these
   * @throws DisposedError if the cell was taken apart
   *
   * @example
   * ```ts
   * import { main, sleep } from "toki";
   * import { OnceCell } from "toki/sync";
   *
   * const settings = new OnceCell<Map<string, string>>();
   * await main(function* () {
   *   const map = yield* settings.getOrInit(function* () {
   *     yield* sleep(1); // read a file, say
   *     return new Map([["color", "blue"]]);
   *   });
   *   console.log(map.get("color"), settings.initialized); // blue true
   * });
   * ```
   */
  getOrInit(initializer: Initializer<T>): Future<T> {
    return new GetOrInit(this.cell, "OnceCell.getOrInit", initializer);
  }

  /**
   * As {@link OnceCell.getOrInit}, under Tokio's name for initializers that may fail: here every one may throw.
   *
   * **Cancel safety**: loses its place while it waits; later its initializer is cancelled, and after its cleanup the next in line runs its own.
   *
   * @throws what the initializer throws: that is not kept, the cell stays empty
   * @throws MisuseError if `initializer` is no future and makes none
   * @throws DisposedError if the cell was taken apart
   */
  getOrTryInit(initializer: Initializer<T>): Future<T> {
    return new GetOrInit(this.cell, "OnceCell.getOrTryInit", initializer);
  }

  /**
   * Fills the cell; whoever waits for an initializer gets the value.
   *
   * @throws SetError with the value: of kind `alreadyInitialized` if there is one, `initializing` while an initializer runs or is about to
   * @throws DisposedError if the cell was taken apart
   */
  set(value: T): void {
    const { cell } = this;
    this.check("set");
    if (cell.phase !== EMPTY) throw new SetError(cell.phase === SET ? "alreadyInitialized" : "initializing", value);
    cell.fill(value);
  }

  /**
   * The value, undefined if there is none.
   *
   * @throws DisposedError if the cell was taken apart
   */
  get(): T | undefined {
    this.check("get");
    return this.cell.value;
  }

  /** Whether there is a value. */
  get initialized(): boolean {
    return this.cell.phase === SET;
  }

  /**
   * Takes the value out: the cell is empty, and can be initialized again. Gives undefined, and changes nothing, if there is none.
   *
   * @throws DisposedError if the cell was taken apart
   */
  take(): T | undefined {
    const { cell } = this;
    this.check("take");
    if (cell.phase !== SET) return undefined;
    const { value } = cell;
    cell.value = undefined;
    cell.phase = EMPTY;
    return value;
  }

  /**
   * Takes the value out, if there is one, and ends the cell: it cannot be used any more.
   *
   * @throws TryLockError while an initializer runs or is about to
   * @throws DisposedError if the cell was taken apart
   */
  intoInner(): T | undefined {
    const { cell } = this;
    this.check("intoInner");
    if (cell.phase === BUSY) throw new TryLockError();
    const { value } = cell;
    cell.value = undefined;
    cell.phase = OVER;
    return value;
  }

  private check(method: string): void {
    if (this.cell.phase === OVER) throw new DisposedError(`OnceCell.${method}`, "taken apart by intoInner()");
  }
}
