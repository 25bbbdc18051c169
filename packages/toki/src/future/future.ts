// For programs whose `lib` is the default of their target.
/// <reference lib="esnext.disposable" preserve="true" />
import { audit } from "./audit.js";
import type { Context } from "./context.js";
import { current } from "./current.js";
import type { FnFuture } from "./frame.js";
import type { IntoFuture } from "./into-future.js";
import { isFutureMark } from "./mark.js";
import { outsideRuntime } from "./misuse.js";
import { NOTHING, Pending, type Poll, SUSPENDED, type Suspend } from "./poll.js";

/**
 * A lazy value: creating one does nothing, something has to drive it.
 *
 * Inside an {@link fn} body, `yield* future` awaits it and evaluates to its value. Elsewhere a future is driven by a task
 * ({@link spawn}), by a combinator ({@link join}, {@link select}), by a runtime ({@link Runtime.run}), or by hand with {@link Future.poll}.
 *
 * To write one by hand, extend the class and implement `poll`: return the value, or keep `cx.waker`, return {@link Pending}, and call
 * `waker.wake()` once it is worth asking again. Override `[Symbol.dispose]` to release what `poll` registered (a timer, a listener, a place
 * in a queue): it is called when the future is dropped before it is done, that is when its task is aborted or it loses a `select`.
 *
 * **Cancel safety**: a future that is dropped stops at the await it is suspended on; what it had registered is released.
 *
 * @typeParam T - what the future evaluates to
 *
 * @example
 * ```ts
 * import { Future, Pending, main, type Context, type Poll, type Waker } from "toki";
 *
 * // A value that another party supplies later.
 * class DelayedValue<T> extends Future<T> {
 *   #value: T | undefined;
 *   #waker: Waker | undefined;
 *
 *   set(value: T): void {
 *     this.#value = value;
 *     this.#waker?.wake();
 *   }
 *
 *   poll(cx: Context): Poll<T> {
 *     if (this.#value !== undefined) return this.#value;
 *     this.#waker = cx.waker;
 *     return Pending;
 *   }
 * }
 *
 * await main(function* () {
 *   const delayed = new DelayedValue<number>();
 *   setTimeout(() => delayed.set(42), 10);
 *   console.log("Got:", yield* delayed);
 * });
 * ```
 */
export abstract class Future<T> {
  /**
   * Wraps what can be awaited: a future (given back as it is), a `function*` body, or a generator object that was just made, which is the
   * way to a private generator method.
   *
   * **Cancel safety**: that of what is wrapped.
   *
   * @throws MisuseError for anything else; a promise enters through `fromPromise`
   *
   * @example
   * ```ts
   * import { Future, main, sleep } from "toki";
   *
   * class Client {
   *   *#call(x: number) {
   *     yield* sleep(1);
   *     return x * 2;
   *   }
   *   call(x: number): Future<number> {
   *     return Future.from(this.#call(x));
   *   }
   * }
   *
   * await main(function* () {
   *   console.log(yield* new Client().call(21)); // 42
   * });
   * ```
   */
  static from: <T>(source: IntoFuture<T>) => Future<T>; // set by into-future.ts, which needs this class first

  /**
   * Asks for the value once.
   *
   * @param cx - carries the waker to keep when the answer is {@link Pending}; only the waker of the latest poll has to be woken
   * @returns the value, or {@link Pending}
   */
  abstract poll(cx: Context): Poll<T>;

  /**
   * Cancels the future and awaits its cleanup: returns {@link Pending} while a `finally` block that awaits is still at it.
   * Called again after each wake until it returns `undefined`. The default releases synchronously, through `[Symbol.dispose]`.
   *
   * Combinators that own futures override this; a hand-written leaf overrides `[Symbol.dispose]`.
   *
   * @throws what the cleanup threw
   */
  pollCancel(_cx: Context): Poll<void> {
    this[Symbol.dispose]();
  }

  /** Releases what the future registered. Does nothing for a future that was never polled or is done. */
  [Symbol.dispose](): void {}

  /**
   * The task of this future is aborted, and will cancel it when it is next polled: for what must not wait until then.
   *
   * @internal
   */
  onAbort(): void {}

  /**
   * Cancels at once: cleanup that would wait is cut short. For a cleanup deadline that has passed.
   *
   * @internal
   */
  forceCancel(): void {
    this[Symbol.dispose]();
  }

  /** Makes `yield* future` the await. */
  [Symbol.iterator](): Iterator<Suspend, T, unknown> {
    return this as unknown as Iterator<Suspend, T, unknown>;
  }

  /**
   * One line for await trees and reports: what this future waits for. Override it in hand-written futures.
   *
   * @returns for example `sleep 200 ms` or `mpsc recv (0/32 queued)`
   */
  describe(): string {
    return this.constructor.name;
  }

  /**
   * Gives the future to a task. Matters to those that only one driver can have.
   *
   * @throws MisuseError if a task has it already, or it is done
   * @internal
   */
  claim(): void {}

  /** What another thread can run in its place: a call of a portable fn, with what it is wrapped in; null if none can. @internal */
  asPortable(): FnFuture<T> | null {
    return null;
  }

  /** Another thread runs what `asPortable` gave: this future is over here. @internal */
  sentAway(): void {}

  /** Takes a claim back: the task never was. @internal */
  unclaim(): void {}

  /** Whether a cancellation has to wait for this future. @internal */
  get isShielded(): boolean {
    return false;
  }

  /** The futures this one is waiting for, for await trees. @internal */
  awaits(): Iterable<AwaitEdge> {
    return [];
  }

  /**
   * The iterator protocol: a future is its own iterator, so that an await allocates none. Each resumption of the generator polls again;
   * a leaf that is ready never reaches the driver.
   *
   * @internal
   */
  next(): IteratorResult<Suspend, T> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  /** The driver has already cancelled this future when it unwinds the generator: nothing is left to do. @internal */
  return(): IteratorResult<Suspend, T> {
    return { done: true, value: undefined as T };
  }

  /** Never reached by the driver, which lets errors rise through `next`; required by `yield*` when a bare `yield` is rejected. @internal */
  throw(error: unknown): IteratorResult<Suspend, T> {
    throw error;
  }
}

/** Tells the driver that the frame that is running now waits for `leaf`. @internal */
export function suspendOn(leaf: Future<unknown>): IteratorResult<Suspend, never> {
  current.leaf = leaf;
  current.inner = null;
  if (--current.untilAudit === 0) audit();
  return SUSPENDED;
}

/** The context of the poll in progress. @internal */
export function pollingContext(leaf: { describe(): string }): Context {
  const cx = current.cx;
  if (cx === null) throw outsideRuntime(leaf);
  return cx;
}

/**
 * What `next` answers to the driver. A hot leaf has a `next` of its own, `return resultOf(this, this.poll(pollingContext(this)))`, which spares it the
 * megamorphic call of `poll` in `Future.next`.
 *
 * @internal
 */
export function resultOf<T>(leaf: Future<T>, value: Poll<T>): IteratorResult<Suspend, T> {
  if (value === Pending) return suspendOn(leaf as Future<unknown>);
  return value === undefined ? (NOTHING as IteratorReturnResult<T>) : { done: true, value: value as T };
}

Object.defineProperty(Future.prototype, isFutureMark, { value: true });

/** One child in an await tree: the future and, in a keyed combinator, its key. */
export interface AwaitEdge {
  readonly label: string | undefined;
  readonly future: Future<unknown>;
}

/** The value type of a future. */
export type Output<F> = F extends Future<infer T> ? T : never;
