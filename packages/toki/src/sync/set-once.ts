/*
 * EMPTY -> SET, by `set`; either -> OVER, by `intoInner`. Who waits is told of both, and looks again.
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { DisposedError } from "./error.js";
import { SetOnceError } from "./once-error.js";
import { SetOnceWait } from "./set-once-wait.js";
import { Waiter, WaiterQueue } from "./waiter-queue.js";

const EMPTY = 0;
const SET = 1;
const OVER = 2;

/**
 * A value that is set once, by anybody, and that any number of others wait for, before and after.
 *
 * For a value that is made when it is first asked for there is {@link OnceCell}; for exactly one receiver, who gets the value to keep, {@link oneshot}.
 *
 * @example
 * ```ts
 * import { join, main, spawn } from "toki";
 * import { SetOnce } from "toki/sync";
 *
 * await main(function* () {
 *   const port = new SetOnce<number>();
 *   spawn(function* () {
 *     port.set(8080);
 *   });
 *   console.log(yield* join(port.wait(), port.wait())); // [ 8080, 8080 ]
 *   console.log(yield* port.wait()); // 8080
 * });
 * ```
 */
export class SetOnce<T> {
  private phase: number;
  private value: T | undefined;
  private readonly waiters: WaiterQueue;

  /** @param init - a value to start with; undefined, or nothing, makes one that is not set */
  constructor(init?: T) {
    this.phase = init === undefined ? EMPTY : SET;
    this.value = init;
    this.waiters = new WaiterQueue();
  }

  /**
   * Sets the value; whoever waits gets it.
   *
   * @throws SetOnceError with the value if there is one
   * @throws DisposedError if it was taken apart
   */
  set(value: T): void {
    this.check("set");
    if (this.phase === SET) throw new SetOnceError(value);
    this.value = value;
    this.phase = SET;
    this.waiters.release(0);
  }

  /**
   * Waits for the value. Ready at once if it is there.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if it was taken apart, before or while waiting
   */
  wait(): Future<T> {
    this.check("wait");
    return new SetOnceWait<T>(this);
  }

  /**
   * The value, undefined if it was not set yet.
   *
   * @throws DisposedError if it was taken apart
   */
  get(): T | undefined {
    this.check("get");
    return this.value;
  }

  /** Whether the value was set. */
  get initialized(): boolean {
    return this.phase === SET;
  }

  /**
   * Takes the value out, if it was set, and ends this: it cannot be used any more, and who waits for it fails.
   *
   * @throws DisposedError if it was taken apart before
   */
  intoInner(): T | undefined {
    this.check("intoInner");
    const { value } = this;
    this.value = undefined;
    this.phase = OVER;
    this.waiters.release(0);
    return value;
  }

  /** @internal */
  pollValue(wait: SetOnceWait<T>, cx: Context): Poll<T> {
    if (this.phase !== EMPTY) {
      wait.waiter = null;
      this.check("wait");
      return this.value as T;
    }
    const waiter = wait.waiter as Waiter | null;
    if (waiter !== null) waiter.watch(wait as Future<unknown>, cx.waker);
    else {
      const next = new Waiter(1, cx.waker);
      wait.waiter = next;
      this.waiters.push(next);
    }
    return Pending;
  }

  /** @internal */
  stopWaiting(wait: SetOnceWait<T>): void {
    const waiter = wait.waiter as Waiter;
    wait.waiter = null;
    waiter.waker = null;
    if (waiter.state > 0) {
      this.waiters.remove(waiter);
      waiter.state = 0;
    }
  }

  private check(method: string): void {
    if (this.phase === OVER) throw new DisposedError(`SetOnce.${method}`, "taken apart by intoInner()");
  }
}
