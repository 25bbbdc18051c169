import type { Body } from "./frame.js";
import { Future } from "./future.js";
import { isFuture } from "./into-future.js";
import { isPromiseLike, notAFuture } from "./misuse.js";

/** What a callback may give that need not wait. */
export type MaybeFuture<T> = Future<T> | Body<T> | T;

/**
 * The value a callback has given: of the future or the generator it returned, or what it returned itself.
 *
 * @throws MisuseError for a promise, which would go on by itself
 * @internal
 */
export function* settled(result: unknown, where: string): Body<unknown> {
  if (isFuture(result)) return yield* result;
  if (Object.prototype.toString.call(result) === "[object Generator]")
    return yield* Future.from(result as Body<unknown>);
  if (isPromiseLike(result)) throw notAFuture(where, result);
  return result;
}
