/*
 * A tree of tokens. A token knows its source, upwards: its parent, or an AbortSignal. Whether it is cancelled is found by asking upwards, so
 * cancelling marks one token and is seen by all its descendants in the same instant.
 *
 * Links downwards exist only for those who must be told. A token is active while somebody waits for it, it has given out an AbortSignal, or a child of
 * its is active; an active token is linked: it is in its parent's `children`, or listens to its source signal. So a child token that was
 * forgotten costs its parent nothing, without help from the garbage collector.
 *
 *   not linked <-> linked   link() when somebody comes, unlinkIfIdle() when somebody leaves; both go on upwards as far as they change anything
 *   cancelled               the end: no source, no links. Set by cancel() of the token or of an ancestor, or by the source signal
 *   disposed                no source any more: hears nothing from above, and goes on by itself
 *
 * Cancelling first marks every linked descendant, then wakes waiters, then fires AbortSignals, whose listeners are user code and find all in order.
 */
import type { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { type Waiter, WaiterQueue } from "../sync/waiter-queue.js";
import { Cancelled } from "./cancelled.js";
import { DropGuard } from "./drop-guard.js";
import { RunUntilCancelled } from "./run-until-cancelled.js";

/**
 * Tells any number of tasks to stop. Cooperative: a task learns of it where it asks, by awaiting `cancelled()`, by `runUntilCancelled`, by
 * `isCancelled`, or through an `AbortSignal`.
 *
 * Pass the token itself to whoever shall listen: all references are the same token. A child token is cancelled with its parent, and can be cancelled by
 * itself without touching parent or siblings. A token that goes out of use cancels nothing; {@link CancellationToken.dropGuard} is for that.
 *
 * @example
 * ```ts
 * import { fn, main, select, sleep, spawn } from "toki";
 * import { CancellationToken } from "toki/util";
 *
 * const worker = fn(function* worker(token: CancellationToken) {
 *   for (let rounds = 0; ; rounds++) {
 *     const { key } = yield* select({ stop: token.cancelled(), tick: sleep(5) });
 *     if (key === "stop") return rounds > 0;
 *   }
 * });
 *
 * await main(function* () {
 *   const token = new CancellationToken();
 *   const task = spawn(worker(token.childToken()));
 *   yield* sleep(30);
 *   token.cancel();
 *   console.log(yield* task); // true
 * });
 * ```
 */
export class CancellationToken implements Disposable {
  #isCancelled = false;
  #reason: unknown = undefined;
  #source: CancellationToken | AbortSignal | null = null;
  #isLinked = false;
  #waiters = new WaiterQueue();
  #children: Set<CancellationToken> | null = null;
  #controller: AbortController | null = null;
  #onAbort: (() => void) | null = null;

  /**
   * A token that is cancelled when `signal` aborts. It can be cancelled by itself too, which does not touch the signal.
   *
   * It listens to the signal only while somebody waits for the token or uses its {@link CancellationToken.signal}; disposing it ends that.
   *
   * @throws InvalidArgumentError if `signal` is not an AbortSignal
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/util";
   *
   * const controller = new AbortController();
   * using token = CancellationToken.fromSignal(controller.signal);
   * controller.abort();
   * console.log(token.isCancelled); // true
   * ```
   */
  static fromSignal(signal: AbortSignal): CancellationToken {
    if (!isAbortSignal(signal)) {
      throw invalidArgument("CancellationToken.fromSignal", "signal", "an AbortSignal", signal);
    }
    const token = new CancellationToken();
    token.#source = signal;
    return token;
  }

  /** Whether the token was cancelled, or an ancestor was. */
  get isCancelled(): boolean {
    return this.#origin() !== null;
  }

  /** What a cancellation of this token started from: a cancelled token or an aborted signal. Null if it is not cancelled. */
  #origin(): CancellationToken | AbortSignal | null {
    let source: CancellationToken | AbortSignal | null = this;
    while (source instanceof CancellationToken) {
      if (source.#isCancelled) return source;
      source = source.#source;
    }
    return source?.aborted ? source : null;
  }

  /** Cancels the token and all its descendants, at once. Does nothing the second time. */
  cancel(): void {
    if (!this.isCancelled) this.#cancel(undefined);
  }

  #cancel(reason: unknown): void {
    const tree: CancellationToken[] = [this];
    for (let i = 0; i < tree.length; i++) {
      const token = tree[i] as CancellationToken;
      token.#isCancelled = true;
      token.#reason = reason;
      for (const child of token.#children ?? []) tree.push(child);
      token.#children = null;
      if (i > 0) {
        token.#isLinked = false;
        token.#source = null;
      }
    }
    this.#detach();
    for (const token of tree) token.#waiters.release(0);
    for (const token of tree) token.#controller?.abort(reason);
  }

  /** Another reference to this same token: as in Tokio, a clone is not another token. */
  clone(): CancellationToken {
    return this;
  }

  /**
   * A token that is cancelled with this one, and can be cancelled without it. Cancelled from the start if this one is.
   *
   * A child needs no disposal, unless its {@link CancellationToken.signal} is used: then disposing it frees its parent of it.
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/util";
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
    const child = new CancellationToken();
    child.#source = this;
    return child;
  }

  /**
   * Waits until the token is cancelled; ready at once if it is. Can be awaited again. Tokio's `cancelled_owned` is this method.
   *
   * **Cancel safety**: safe.
   */
  cancelled(): Future<void> {
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
   *
   * @example
   * ```ts
   * import { main, sleep, spawn } from "toki";
   * import { CancellationToken } from "toki/util";
   *
   * await main(function* () {
   *   const token = new CancellationToken();
   *   const task = spawn(token.runUntilCancelled(function* () {
   *     try {
   *       yield* sleep(60_000);
   *       return "done";
   *     } finally {
   *       yield* sleep(1); // cleanup may await
   *     }
   *   }));
   *   yield* sleep(5);
   *   token.cancel();
   *   console.log(yield* task); // undefined
   * });
   * ```
   */
  runUntilCancelled<T>(future: IntoFuture<T>): Future<T | undefined> {
    return new RunUntilCancelled(this, intoFuture(future, "CancellationToken.runUntilCancelled"));
  }

  /**
   * A guard that cancels the token at the end of a `using` scope, unless it was disarmed.
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/util";
   *
   * const token = new CancellationToken();
   * {
   *   using guard = token.dropGuard();
   * }
   * console.log(token.isCancelled); // true
   * ```
   */
  dropGuard(): DropGuard {
    return new DropGuard(this);
  }

  /**
   * An `AbortSignal` that aborts when the token is cancelled; always the same one. Made when first asked for.
   *
   * A child token whose signal is in use stays linked to its parent until either is cancelled, or the child is disposed.
   *
   * @example
   * ```ts
   * import { CancellationToken } from "toki/util";
   *
   * const token = new CancellationToken();
   * token.signal.addEventListener("abort", () => console.log("aborted"));
   * token.cancel(); // aborted
   * ```
   */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      const origin = this.#origin();
      if (origin === null) this.#link();
      else this.#controller.abort(origin instanceof CancellationToken ? origin.#reason : origin.reason);
    }
    return this.#controller.signal;
  }

  /**
   * Cuts the token off from its parent or source signal: no listener is left there, and a cancellation from above does not reach it, or its
   * descendants, any more. Cancels nothing.
   */
  [Symbol.dispose](): void {
    if (this.isCancelled) return;
    this.#detach();
  }

  /** @internal */
  join(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#link();
  }

  /** A waiter that was not told leaves. @internal */
  leave(waiter: Waiter): void {
    this.#waiters.remove(waiter);
    this.#unlinkIfIdle();
  }

  #link(): void {
    let token: CancellationToken = this;
    while (!token.#isLinked) {
      token.#isLinked = true;
      const source = token.#source;
      if (source === null) return;
      if (!(source instanceof CancellationToken)) {
        token.#listen(source);
        return;
      }
      source.#children ??= new Set();
      source.#children.add(token);
      token = source;
    }
  }

  #listen(signal: AbortSignal): void {
    this.#onAbort = () => {
      if (!this.#isCancelled) this.#cancel(signal.reason);
    };
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  #unlinkIfIdle(): void {
    let token: CancellationToken = this;
    while (token.#isLinked && token.#isIdle) {
      const above = token.#unlink();
      if (above === null) return;
      token = above;
    }
  }

  get #isIdle(): boolean {
    return this.#waiters.isEmpty && this.#controller === null && (this.#children === null || this.#children.size === 0);
  }

  /** Leaves the source, and says which token may have become idle by that. */
  #unlink(): CancellationToken | null {
    const source = this.#source;
    this.#isLinked = false;
    if (source instanceof CancellationToken) {
      source.#children?.delete(this);
      return source;
    }
    if (this.#onAbort !== null) source?.removeEventListener("abort", this.#onAbort);
    this.#onAbort = null;
    return null;
  }

  /** Leaves the source for good. */
  #detach(): void {
    const above = this.#isLinked ? this.#unlink() : null;
    this.#source = null;
    if (above !== null) above.#unlinkIfIdle();
  }
}

function isAbortSignal(value: unknown): boolean {
  const signal = value as Partial<AbortSignal> | null | undefined;
  return typeof signal?.aborted === "boolean" && typeof signal.addEventListener === "function";
}
