/*
 * One request for the value of a OnceCell, of this thread or shared.
 *
 *   FRESH      not polled, or polled while the task was out of budget
 *   QUEUED     in line for the turn to initialize, or told and not polled since: it is its turn, or there is a value
 *   RUNNING    it is its turn: its initializer is polled
 *   CLEANING   it was its turn, and it was dropped: the initializer unwinds
 *   OVER
 *
 * The turn is given back, to the next in line, when the initializer has failed or its cleanup has ended: never do two of them run at once. It ends for good
 * when the cell is filled. A future given as the initializer that is not needed is dropped as it is.
 */
import { type BodyOf, bindBody } from "../future/bound-body.js";
import type { Context } from "../future/context.js";
import { dropStarted } from "../future/drop.js";
import { type AwaitEdge, Future, pollingContext, resultOf } from "../future/future.js";
import { type IntoFuture, intoFuture, isAwaitable } from "../future/into-future.js";
import { notAFuture, polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { adoptWaker } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { proceed, refund } from "../task/coop.js";
import { DisposedError } from "./error.js";

const FRESH = 0;
const QUEUED = 1;
const RUNNING = 2;
const CLEANING = 3;
const OVER = 4;

/** What makes the value of a {@link OnceCell}: a future, a `function*` body, or a function that returns a future, which is called only if it is needed. */
export type Initializer<T> = IntoFuture<T> | (() => IntoFuture<T>);

/** What a cell says. @internal */
export type Turn = "waiting" | "ours" | "initialized" | "over";

/** A cell, as its requests see it. */
export interface Initializing<T> {
  /** The value, Pending if there is none. */
  read(): Poll<T>;
  /** Takes the turn to initialize, or a place in line for it: `wait` is woken when it may go on. @internal */
  pollTurn(wait: GetOrInit<T>, cx: Context): Turn;
  /** `wait` is given up. Only while it has a waiter. @internal */
  stopWaiting(wait: GetOrInit<T>): void;
  /** Whoever has the turn fills the cell; if that fails, the turn is given back. */
  fill(value: T): void;
  /** Whoever has the turn gives it back. */
  passTurn(): void;
  /** For await trees: how many are in line. */
  readonly waiting: number;
}

/** @internal */
export class GetOrInit<T> extends Future<T> {
  private readonly cell: Initializing<T>;
  private readonly what: string;
  private readonly source: Initializer<T>;
  /** The cell's: its place in line. */
  waiter: object | null;
  private state: number;
  private initializer: Future<T> | null;
  private waker: Waker | undefined;

  constructor(cell: Initializing<T>, what: string, source: Initializer<T>) {
    super();
    if (typeof source !== "function" && !isAwaitable(source)) throw notAFuture(what, source);
    this.cell = cell;
    this.what = what;
    this.source = source;
    this.waiter = null;
    this.state = FRESH;
    this.initializer = null;
    this.waker = undefined;
  }

  poll(cx: Context): Poll<T> {
    const { cell, state } = this;
    if (state === RUNNING) return this.run(cx);
    if (state > RUNNING) throw polledAfterCompletion(this.what);
    if (state === FRESH) {
      const value = cell.read();
      if (value !== Pending) return this.deliver(value);
    }
    if (!proceed(cx)) return Pending;
    for (;;) {
      const turn = cell.pollTurn(this, cx);
      if (turn === "ours") {
        this.state = RUNNING;
        return this.run(cx);
      }
      this.state = QUEUED;
      if (turn === "waiting") {
        refund();
        return Pending;
      }
      if (turn === "over") {
        this.giveUp();
        throw new DisposedError(this.what, "taken apart by intoInner()");
      }
      const value = cell.read();
      if (value !== Pending) return this.deliver(value);
    }
  }

  private deliver(value: T): T {
    this.state = OVER;
    this.dropSource();
    return value;
  }

  private run(cx: Context): Poll<T> {
    this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
    let value: Poll<T>;
    try {
      this.initializer ??= this.start();
      value = this.initializer.poll(cx);
    } catch (error) {
      this.endTurn();
      throw error;
    }
    if (value === Pending) return Pending;
    // The initializer may have dropped this very future.
    if (this.state !== RUNNING) throw polledAfterCompletion(this.what);
    this.state = OVER;
    this.initializer = null;
    this.cell.fill(value);
    return value;
  }

  private start(): Future<T> {
    const { source, what } = this;
    if (typeof source !== "function") return intoFuture(source, what);
    const initializer = bindBody(source as BodyOf<undefined, T>, undefined, what);
    if (this.state === RUNNING) return initializer;
    // The function has dropped this very future.
    initializer[Symbol.dispose]();
    throw polledAfterCompletion(what);
  }

  /** Once: an initializer may fail after it has dropped this very future. */
  private endTurn(): void {
    if (this.state === OVER) return;
    this.state = OVER;
    this.initializer = null;
    this.cell.passTurn();
  }

  /** The initializer is not needed. */
  private dropSource(): void {
    const { source } = this;
    if (typeof source !== "function") intoFuture(source, this.what)[Symbol.dispose]();
  }

  /** There is no initializer yet. */
  private giveUp(): void {
    if (this.state === OVER) return;
    if (this.state === RUNNING) {
      this.endTurn();
      return;
    }
    this.state = OVER;
    if (this.waiter !== null) this.cell.stopWaiting(this);
    this.dropSource();
  }

  override next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override pollCancel(cx: Context): Poll<void> {
    const { initializer } = this;
    if (initializer === null) {
      this.giveUp();
      return undefined;
    }
    this.state = CLEANING;
    try {
      if (initializer.pollCancel(cx) === Pending) return Pending;
    } catch (error) {
      this.endTurn();
      throw error;
    }
    this.endTurn();
    return undefined;
  }

  override forceCancel(): void {
    const { initializer } = this;
    if (initializer === null) {
      this.giveUp();
      return;
    }
    try {
      initializer.forceCancel();
    } finally {
      this.endTurn();
    }
  }

  override [Symbol.dispose](): void {
    if (this.initializer !== null) dropStarted(this as Future<unknown>);
    else this.giveUp();
  }

  override describe(): string {
    const name = this.what.replace(".", " ");
    if (this.state === RUNNING) return `${name} (initializing, ${this.cell.waiting} waiting)`;
    return this.state === CLEANING ? `${name} (cancelled, cleaning up)` : `${name} (waits for its turn)`;
  }

  override awaits(): Iterable<AwaitEdge> {
    const { initializer } = this;
    return initializer === null ? [] : [{ label: undefined, future: initializer as Future<unknown> }];
  }
}
