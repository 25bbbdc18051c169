/*
 * AbortSignals, in both directions. What a future has at a signal is there from its first poll until it is done, dropped or cancelling: a signal that
 * lives for long collects nothing.
 *
 * CancelOn:   RACING -> CANCELLING -> DONE, or RACING -> DONE. CANCELLING: the signal has fired, the future's cleanup is running.
 * WithSignal: IDLE -> RUNNING -> DONE. A cancellation aborts the signal first, then cancels the future that was made with it.
 */
import { invalidArgument } from "../internal/invalid-argument.js";
import { type BodyOf, bindBody, checkBody } from "./bound-body.js";
import type { Context } from "./context.js";
import { type AwaitEdge, Future } from "./future.js";
import { type IntoFuture, intoFuture } from "./into-future.js";
import { polledAfterCompletion } from "./misuse.js";
import { Pending, type Poll } from "./poll.js";
import { adoptWaker } from "./sharing.js";
import { SignalWaiter } from "./signal-hub.js";
import { CANCELLING, RACING, Watched } from "./watched.js";

function checkSignal(signal: AbortSignal, where: string): void {
  if (typeof signal?.addEventListener !== "function" || typeof signal.aborted !== "boolean") {
    throw invalidArgument(where, "signal", "an AbortSignal", signal);
  }
}

class Aborted extends Future<unknown> {
  private readonly signal: AbortSignal;
  private readonly waiter = new SignalWaiter();

  constructor(signal: AbortSignal) {
    super();
    this.signal = signal;
  }

  poll(cx: Context): Poll<unknown> {
    if (!this.signal.aborted) {
      const { waiter } = this;
      waiter.wait(this.signal, adoptWaker(this, waiter.waker ?? undefined, cx.waker));
      return Pending;
    }
    this.waiter.stop();
    return this.signal.reason;
  }

  override [Symbol.dispose](): void {
    this.waiter.stop();
  }

  override describe(): string {
    return "AbortSignal (not aborted)";
  }
}

/**
 * Waits until an `AbortSignal` is aborted, and gives its reason. Nothing is thrown. As a branch of a `select` it lets a task react to a signal.
 *
 * Waiting on a signal does not keep the process alive, and neither does the timer of `AbortSignal.timeout`: use `sleep` or `timeout` for time.
 *
 * **Cancel safety**: safe; its listener is removed.
 *
 * @param signal - what to wait for; one that is aborted already is ready at once
 * @throws InvalidArgumentError if `signal` is no AbortSignal
 *
 * @example
 * ```ts
 * import { aborted, main, select, sleep } from "toki";
 *
 * await main(function* () {
 *   const controller = new AbortController();
 *   setTimeout(() => controller.abort("enough"), 5);
 *   const end = yield* select({ work: sleep(60_000), aborted: aborted(controller.signal) });
 *   console.log(end); // { key: "aborted", value: "enough" }
 * });
 * ```
 */
export function aborted(signal: AbortSignal): Future<unknown> {
  checkSignal(signal, "aborted");
  return new Aborted(signal);
}

class CancelOn<T> extends Watched<T> {
  private polled = false;
  private readonly signal: AbortSignal;
  private readonly waiter = new SignalWaiter();

  constructor(signal: AbortSignal, future: Future<T>) {
    super(future);
    this.signal = signal;
  }

  poll(cx: Context): Poll<T> {
    const { future, signal } = this;
    if (future === undefined) throw polledAfterCompletion("a cancelOn");
    if (this.state === RACING) {
      if (this.polled || !signal.aborted) {
        this.polled = true;
        const value = this.pollFuture(future, cx);
        if (value !== Pending) return value;
        this.waiter.wait(signal, cx.waker);
        if (!signal.aborted) return Pending;
      }
    }
    if (this.cancelFuture(future, cx) === Pending) return Pending;
    throw signal.reason;
  }

  protected stopWatching(): void {
    this.waiter.stop();
  }

  override describe(): string {
    return this.state === CANCELLING ? "cancelOn (aborted, cleaning up)" : "cancelOn";
  }
}

/**
 * Waits for a future, but cancels it when an `AbortSignal` is aborted: its cleanup is awaited, then the signal's reason is thrown.
 *
 * A value that is ready wins over a signal that was aborted meanwhile. With a signal that is aborted from the start the future is never polled.
 *
 * **Cancel safety**: that of the future; dropping it drops the future, and its listener is removed.
 *
 * @param signal - what ends the wait
 * @param future - what to wait for
 * @throws `signal.reason` when the signal is aborted; InvalidArgumentError if `signal` is no AbortSignal
 *
 * @example
 * ```ts
 * import { cancelOn, main, sleep } from "toki";
 *
 * await main(function* () {
 *   const controller = new AbortController();
 *   setTimeout(() => controller.abort(new Error("client went away")), 5);
 *   try {
 *     yield* cancelOn(controller.signal, sleep(60_000));
 *   } catch (error) {
 *     console.log((error as Error).message); // client went away
 *   }
 * });
 * ```
 */
export function cancelOn<T>(signal: AbortSignal, future: IntoFuture<T>): Future<T> {
  checkSignal(signal, "cancelOn");
  return new CancelOn(signal, intoFuture(future, "cancelOn"));
}

class WithSignal<T> extends Future<T> {
  private body: BodyOf<AbortSignal, T> | undefined;
  private future: Future<T> | undefined = undefined;
  private controller: AbortController | undefined = undefined;

  constructor(body: BodyOf<AbortSignal, T>) {
    super();
    this.body = body;
  }

  poll(cx: Context): Poll<T> {
    try {
      const value = this.running().poll(cx);
      if (value !== Pending) this.finish();
      return value;
    } catch (error) {
      this.finish();
      throw error;
    }
  }

  private running(): Future<T> {
    if (this.future !== undefined) return this.future;
    const { body } = this;
    if (body === undefined) throw polledAfterCompletion("a withAbortSignal");
    this.body = undefined;
    this.controller = new AbortController();
    this.future = bindBody(body, this.controller.signal, "withAbortSignal");
    return this.future;
  }

  private finish(): void {
    this.body = undefined;
    this.future = undefined;
    this.controller = undefined;
  }

  private abortSignal(): void {
    const { controller } = this;
    this.controller = undefined;
    controller?.abort();
  }

  override pollCancel(cx: Context): Poll<void> {
    this.abortSignal();
    try {
      if (this.future?.pollCancel(cx) === Pending) return Pending;
    } catch (error) {
      this.finish();
      throw error;
    }
    this.finish();
    return undefined;
  }

  override forceCancel(): void {
    const { future } = this;
    this.abortSignal();
    this.finish();
    future?.forceCancel();
  }

  override [Symbol.dispose](): void {
    const { future } = this;
    this.abortSignal();
    this.finish();
    future?.[Symbol.dispose]();
  }

  override describe(): string {
    return "withAbortSignal";
  }

  override awaits(): Iterable<AwaitEdge> {
    const { future } = this;
    return future === undefined ? [] : [{ label: undefined, future: future as Future<unknown> }];
  }
}

/**
 * Runs a body with an `AbortSignal` that is aborted when the body is cancelled: for callback APIs that take a signal. For those that return a
 * promise, `fromPromise` has a signal of its own.
 *
 * The signal is aborted before the body's cleanup begins. It is not aborted when the body returns or throws.
 *
 * **Cancel safety**: dropping it aborts the signal and drops the body, whose cleanup is awaited.
 *
 * @param body - a `function*` that takes the signal, or a function that makes a future of it; called at the first poll
 * @throws MisuseError if `body` is not a function
 *
 * @example
 * ```ts
 * import { main, pending, timeout, withAbortSignal } from "toki";
 *
 * await main(function* () {
 *   const request = withAbortSignal(function* (signal) {
 *     signal.addEventListener("abort", () => console.log("request stopped"));
 *     yield* pending();
 *   });
 *   yield* timeout(5, request);
 * }).catch((error) => console.log(error.name)); // request stopped, then ElapsedError
 * ```
 */
export function withAbortSignal<T>(body: BodyOf<AbortSignal, T>): Future<T> {
  checkBody(body, "withAbortSignal");
  return new WithSignal(body);
}
