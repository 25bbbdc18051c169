import { Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";

/**
 * The future of what a callback has given, or of an item: a future, a body, or the generator of a method, which nobody else can have.
 *
 * @throws MisuseError for anything else
 * @internal
 */
export function futureOf<T>(value: IntoFuture<T>, where: string): Future<T> {
  if (value instanceof Future) return value;
  return Object.prototype.toString.call(value) === "[object Generator]" ? Future.from(value) : intoFuture(value, where);
}
