/*
 * A promise as a future.
 *
 *   IDLE       nothing has been started                                        creation
 *   WAITING    the function was called, its promise is outstanding             first poll
 *   FULFILLED  `slot` is the value, not delivered yet                          the promise's reaction
 *   REJECTED   `slot` is the error, not delivered yet                          the promise's reaction
 *   DONE       delivered, or dropped: a settlement that comes now is ignored   poll, dispose
 *
 * `rt.foreign` counts the future exactly while it is WAITING. The reaction runs in a microtask and only wakes; both of its callbacks are always
 * attached, so that a rejection after a cancellation is not an unhandled one.
 */

import { invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore } from "../runtime/core.js";
import type { Context } from "./context.js";
import { current } from "./current.js";
import { isGeneratorFunction } from "./fn.js";
import { Future } from "./future.js";
import { isFuture } from "./into-future.js";
import { isPromiseLike, MisuseError, notAFuture, polledAfterCompletion } from "./misuse.js";
import { Pending, type Poll } from "./poll.js";
import { adoptWaker } from "./sharing.js";
import type { Waker } from "./waker.js";

const IDLE = 0;
const WAITING = 1;
const FULFILLED = 2;
const REJECTED = 3;
const DONE = 4;

type Start<T> = (signal: AbortSignal) => T | PromiseLike<T>;

class PromiseFuture<T> extends Future<T> {
  private state = IDLE;
  private readonly start: Start<T>;
  private controller: AbortController | undefined = undefined;
  private rt: RuntimeCore | null = null;
  private waker: Waker | undefined = undefined;
  private slot: unknown = undefined;

  constructor(start: Start<T>) {
    super();
    this.start = start;
  }

  poll(cx: Context): Poll<T> {
    switch (this.state) {
      case IDLE:
        return this.begin(cx);
      case WAITING:
        this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
        return Pending;
      case FULFILLED: {
        const value = this.slot as T;
        this.finish();
        return value;
      }
      case REJECTED: {
        const error = this.slot;
        this.finish();
        throw error;
      }
      default:
        throw polledAfterCompletion("a fromPromise future");
    }
  }

  private begin(cx: Context): Poll<T> {
    const controller = new AbortController();
    this.state = DONE; // in case it throws
    const started = (0, this.start)(controller.signal);
    if (!isPromiseLike(started)) {
      if (isFuture(started)) {
        throw new MisuseError(
          "TOKI_NOT_A_FUTURE",
          "fromPromise: the function returned a future, not a promise; await the future itself with `yield*`",
        );
      }
      return started as T;
    }
    this.state = WAITING;
    this.controller = controller;
    this.waker = cx.waker;
    this.rt = current.runtime;
    if (this.rt !== null) this.rt.foreign++;
    Promise.resolve(started).then(
      (value) => this.settle(FULFILLED, value),
      (error) => this.settle(REJECTED, error),
    );
    return Pending;
  }

  private settle(state: number, slot: unknown): void {
    if (this.state !== WAITING) return;
    const { waker } = this;
    this.leave(state);
    this.slot = slot;
    waker?.wake();
  }

  /** Ends WAITING. */
  private leave(state: number): void {
    this.state = state;
    if (this.rt !== null) this.rt.foreign--;
    this.rt = null;
    this.waker = undefined;
    this.controller = undefined;
  }

  private finish(): void {
    this.state = DONE;
    this.slot = undefined;
  }

  override [Symbol.dispose](): void {
    const { controller } = this;
    if (this.state === WAITING) this.leave(DONE);
    this.finish();
    controller?.abort();
  }

  override describe(): string {
    const { name } = this.start;
    const what = name === "" ? "promise" : `promise of ${name}`;
    return this.state === IDLE ? `${what} (not started)` : what;
  }
}

/**
 * Makes a lazy future of a function that starts a promise: the way into Toki for everything that is written with promises.
 *
 * The function is called at the first poll. When the future is dropped before the promise has settled, because its task is aborted or it loses a
 * `select` or a `timeout`, `signal` is aborted; how the promise settles after that is ignored.
 *
 * **Cancel safety**: dropping it aborts the signal and does not wait; what the promise would have come to is lost. Whether its work stops is up to
 * what was given the signal.
 *
 * @param start - starts the work and returns its promise; pass `signal` on to whatever takes one. What it throws is thrown by the await
 * @throws MisuseError if `start` is a promise, which is already running, or a `function*`
 *
 * @example
 * ```ts
 * import { setTimeout as delay } from "node:timers/promises";
 * import { ElapsedError, fromPromise, main, timeout } from "toki";
 *
 * await main(function* () {
 *   console.log(yield* fromPromise((signal) => delay(5, "value", { signal }))); // value
 *   try {
 *     yield* timeout(5, fromPromise((signal) => delay(60_000, undefined, { signal })));
 *   } catch (error) {
 *     console.log(error instanceof ElapsedError); // true, and the delay's timer is gone
 *   }
 * });
 * ```
 */
export function fromPromise<T>(start: (signal: AbortSignal) => T | PromiseLike<T>): Future<T> {
  if (isPromiseLike(start)) throw notAFuture("fromPromise", start);
  if (typeof start !== "function") {
    throw invalidArgument("fromPromise", "start", "a function that returns a promise", start);
  }
  if (isGeneratorFunction(start)) {
    throw new MisuseError(
      "TOKI_NOT_A_FUTURE",
      "fromPromise: start must be a function that returns a promise, got a `function*`; await its future with `yield*` instead",
    );
  }
  return new PromiseFuture(start);
}
