/**
 * What {@link Future.poll} returns when there is no value yet. One unique symbol, so that a poll allocates nothing.
 *
 * @example
 * ```ts
 * import { Context, Pending, Waker, sleep, Runtime } from "toki";
 *
 * const rt = new Runtime();
 * {
 *   using guard = rt.enter();
 *   const future = sleep(60_000);
 *   console.log(future.poll(Context.fromWaker(Waker.noop)) === Pending); // true
 *   future[Symbol.dispose]();
 * }
 * ```
 */
export const Pending: unique symbol = Symbol("toki.Pending");

/** The type of {@link Pending}. */
export type Pending = typeof Pending;

/** A poll's outcome: the value itself, or {@link Pending}. */
export type Poll<T> = T | Pending;

declare const suspend: unique symbol;

/**
 * What the iterator of a future yields to the driver while it waits. User code never makes one: it marks, for the type checker,
 * that a `yield` came from `yield* future`, so that `yield future` and `yield promise` do not compile.
 */
export interface Suspend {
  readonly [suspend]: true;
}

/** The iterator result of a future without a value: one for all of them. @internal */
export const NOTHING: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/**
 * The one iterator result that means "suspended". The driver compares by identity: anything else that is not `done` was a bare `yield`.
 *
 * @internal
 */
export const SUSPENDED: IteratorYieldResult<Suspend> = Object.freeze({
  done: false,
  value: Object.freeze({}) as Suspend,
});
