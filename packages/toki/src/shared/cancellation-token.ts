import type { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { registerCrossing } from "../portable/codec/crossing.js";
import { RunUntilCancelled } from "../util/run-until-cancelled.js";
import { Cancelled, watchToken } from "./cancelled.js";
import { sharing } from "./crossing.js";
import { DropGuard } from "./drop-guard.js";
import { SharedHandle } from "./handle.js";
import { locked } from "./permits.js";
import { Share } from "./share.js";
import { cancel, IS_CANCELLED, initChild, initRoot, kind, SIGNAL_QUEUE } from "./token-kind.js";
import type { Waiter } from "./waiter.js";

/**
 * Tells any number of tasks, on any threads, to stop. Cooperative: a task learns of it where it asks, by awaiting `cancelled()`, by `runUntilCancelled`, by
 * `isCancelled`, or through an `AbortSignal`.
 *
 * A child token is cancelled with its parent, and can be cancelled by itself without touching parent or siblings, wherever each of them is.
 *
 * Threads: can be sent to other threads, which then have a handle each to the same token. A cancellation is seen by `isCancelled` on all threads at once.
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 * import { CancellationToken } from "toki/shared";
 *
 * export const spin = fn(import.meta, function* spin(stop: CancellationToken) {
 *   let rounds = 0;
 *   while (!stop.isCancelled) rounds++; // another thread ends it, in the middle of a computation
 *   return rounds > 0;
 * });
 *
 * await main(function* () {
 *   const stop = new CancellationToken();
 *   const task = spawn(spin(stop));
 *   setTimeout(() => stop.cancel(), 20);
 *   console.log(yield* task); // true
 * });
 * ```
 */
export class CancellationToken extends SharedHandle {
  private controller: AbortController | null = null;
  private watching: Waiter | null = null;
  private source: AbortSignal | null = null;
  private onAbort: (() => void) | null = null;
  private reason: unknown = undefined;
  private wasCancelled = false;

  /** A token that is not cancelled. */
  constructor();
  /** @internal */
  constructor(share?: Share);
  constructor(share?: Share) {
    super(share ?? Share.create(kind, initRoot));
  }

  /**
   * A token that is cancelled when `signal` aborts. It can be cancelled by itself too, which does not touch the signal. It listens to the signal until it is
   * cancelled, or this handle disposed.
   *
   * @throws InvalidArgumentError if `signal` is not an AbortSignal
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/shared";
   *
   * const controller = new AbortController();
   * using token = CancellationToken.fromSignal(controller.signal);
   * controller.abort();
   * console.log(token.isCancelled); // true
   * ```
   */
  static fromSignal(signal: AbortSignal): CancellationToken {
    if (typeof signal?.aborted !== "boolean" || typeof signal.addEventListener !== "function") {
      throw invalidArgument("CancellationToken.fromSignal", "signal", "an AbortSignal", signal);
    }
    const token = new CancellationToken();
    token.listen(signal);
    return token;
  }

  private listen(signal: AbortSignal): void {
    const onAbort = () => {
      this.reason = signal.reason;
      this.cancel();
    };
    if (signal.aborted) onAbort();
    else {
      this.source = signal;
      this.onAbort = onAbort;
      signal.addEventListener("abort", onAbort, { once: true });
    }
  }

  private stopListening(): void {
    if (this.onAbort !== null) this.source?.removeEventListener("abort", this.onAbort);
    this.onAbort = null;
    this.source = null;
  }

  /** Whether the token was cancelled, or an ancestor was, on any thread. */
  get isCancelled(): boolean {
    if (this.share.isLive) this.wasCancelled = this.share.peek(IS_CANCELLED) !== 0;
    return this.wasCancelled;
  }

  /**
   * Cancels the token and all its descendants, on all threads, at once. Does nothing the second time.
   *
   * @throws DisposedError if this handle was disposed
   */
  cancel(): void {
    this.open("cancel");
    this.cancelShared();
  }

  /** @internal */
  cancelShared(): void {
    const { thread, object, lock } = this.share;
    this.stopListening();
    locked(thread, lock, () => cancel(thread, object));
  }

  /** Another handle to this same token. */
  clone(): CancellationToken {
    return new CancellationToken(this.open("clone").use());
  }

  /**
   * A token that is cancelled with this one, and can be cancelled without it. Cancelled from the start if this one is.
   *
   * @throws DisposedError if this handle was disposed
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/shared";
   *
   * const parent = new CancellationToken();
   * const [a, b] = [parent.childToken(), parent.childToken()];
   * a.cancel();
   * console.log(a.isCancelled, b.isCancelled, parent.isCancelled); // true false false
   * parent.cancel();
   * console.log(b.isCancelled); // true
   * ```
   */
  childToken(): CancellationToken {
    return new CancellationToken(Share.create(kind, initChild(this.open("childToken"))));
  }

  /**
   * Waits until the token is cancelled; ready at once if it is. Can be awaited again. Tokio's `cancelled_owned` is this method.
   *
   * **Cancel safety**: safe.
   *
   * @throws DisposedError if this handle was disposed
   */
  cancelled(): Future<void> {
    this.open("cancelled");
    return new Cancelled(this);
  }

  /**
   * Drives `future` until it is done or the token is cancelled. In a tie the finished work wins. A future that is cut short is cancelled, and its
   * cleanup is awaited. With a token that is cancelled already, the future is never polled.
   *
   * **Cancel safety**: that of `future`; dropping this drops it.
   *
   * @returns what `future` gives; undefined if the token was cancelled first
   * @throws MisuseError if `future` is not a future
   * @throws DisposedError if this handle was disposed
   */
  runUntilCancelled<T>(future: IntoFuture<T>): Future<T | undefined> {
    return new RunUntilCancelled(this, intoFuture(future, "CancellationToken.runUntilCancelled"));
  }

  /**
   * A guard that cancels the token at the end of a `using` scope, unless it was disarmed.
   *
   * @throws DisposedError if this handle was disposed
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/shared";
   *
   * const token = new CancellationToken();
   * {
   *   using guard = token.dropGuard();
   * }
   * console.log(token.isCancelled); // true
   * ```
   */
  dropGuard(): DropGuard {
    this.open("dropGuard");
    return new DropGuard(this);
  }

  /**
   * An `AbortSignal` that aborts when the token is cancelled; always the same one for this handle. On another thread than the one that cancels it aborts
   * when that thread's event loop comes to it.
   *
   * @throws DisposedError if this handle was disposed before the signal was first asked for
   */
  get signal(): AbortSignal {
    if (this.controller !== null) return this.controller.signal;
    const share = this.open("signal");
    const controller = new AbortController();
    const waker = Waker.from(() => {
      this.stopWatching();
      controller.abort(this.reason);
    });
    this.watching = watchToken(share, SIGNAL_QUEUE, waker, false);
    this.controller = controller;
    if (this.watching === null) controller.abort(this.reason);
    return controller.signal;
  }

  private stopWatching(): void {
    const { watching } = this;
    this.watching = null;
    if (watching === null) return;
    const { thread } = this.share;
    if (watching.hasArrived) thread.finish(watching);
    else thread.leave(watching);
  }

  /** @internal */
  override giveUp(): void {
    this.wasCancelled = this.isCancelled;
    this.stopListening();
    this.stopWatching();
  }

  /**
   * Gives this handle up: it hears nothing any more, and its {@link CancellationToken.signal} does not abort. Cancels nothing, and other handles to the token
   * are as they were.
   */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
  }
}

registerCrossing(
  CancellationToken.prototype,
  sharing<CancellationToken>(kind, (share) => new CancellationToken(share)),
  import.meta.url,
);
