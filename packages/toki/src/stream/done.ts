/**
 * What {@link Stream.pollNext} returns at the end. One unique symbol, so that an item may be anything else, `undefined` included.
 *
 * @example
 * ```ts
 * import { Context, Waker } from "toki";
 * import { Done, empty } from "toki/stream";
 *
 * console.log(empty().pollNext(Context.fromWaker(Waker.noop)) === Done); // true
 * ```
 */
export const Done: unique symbol = Symbol("toki.Done");

/** The type of {@link Done}. */
export type Done = typeof Done;
