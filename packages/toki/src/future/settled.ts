import type { Body } from "./frame.js";
import { Future } from "./future.js";
import { isFuture } from "./into-future.js";
import { isPromiseLike, notAFuture } from "./misuse.js";
import { ready } from "./ready.js";

/** What a callback may give that need not wait. */
export type MaybeFuture<T> = Future<T> | Body<T> | T;

/**
 * The future of what a callback has given: a future, a generator, or the value itself.
 *
 * @throws MisuseError for a promise, which would go on by itself
 * @internal
 */
export function settled(result: unknown, where: string): Future<unknown> {
  if (isFuture(result)) return result;
  if (Object.prototype.toString.call(result) === "[object Generator]") return Future.from(result as Body<unknown>);
  if (isPromiseLike(result)) throw notAFuture(where, result);
  return ready(result);
}
