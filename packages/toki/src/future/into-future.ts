import { isGeneratorFunction } from "./fn.js";
import type { FnInfo } from "./fn-info.js";
import { type Body, FnFuture } from "./frame.js";
import { Future } from "./future.js";
import { isFutureMark } from "./mark.js";
import { notAFuture } from "./misuse.js";
import type { Suspend } from "./poll.js";
import { warnOnce } from "./warn.js";

/**
 * What can be awaited, spawned, joined and raced: a {@link Future} (a `JoinHandle` is one) or a `function*` body. A raw generator object is
 * taken too, with a warning: nothing but its first driver can use it.
 */
export type IntoFuture<T> = Future<T> | (() => Generator<Suspend, T, unknown>) | Generator<Suspend, T, unknown>;

/**
 * Whether `value` is a {@link Future}, also one of another copy of this package.
 *
 * @example
 * ```ts
 * import { isFuture, ready } from "toki";
 *
 * console.log(isFuture(ready(1)), isFuture(Promise.resolve(1))); // true false
 * ```
 */
export function isFuture(value: unknown): value is Future<unknown> {
  return typeof value === "object" && value !== null && isFutureMark in value;
}

const RAW: FnInfo = { name: "raw generator" };

/**
 * Makes a future of whatever can be awaited.
 *
 * @param where - names the caller in the error
 * @internal
 */
export function intoFuture<T>(value: IntoFuture<T>, where: string): Future<T> {
  if (value instanceof Future) return value;
  if (isGeneratorFunction(value)) return new FnFuture<T>((value as () => Body<T>)(), value);
  if (isFuture(value)) return value as Future<T>;
  if (isRawGenerator(value)) {
    warnOnce(
      "TOKI_RAW_GENERATOR",
      `${where}: got a raw generator object. Pass the \`function*\` itself, or define it with fn(function* () {...}) and call that`,
    );
    return new FnFuture<T>(value as Body<T>, RAW);
  }
  throw notAFuture(where, value);
}

/** Whether `value` is a future or a generator object. @internal */
export function isAwaitable(value: unknown): boolean {
  return isFuture(value) || isRawGenerator(value);
}

function isRawGenerator(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object Generator]";
}

const METHOD: FnInfo = { name: "" };

Future.from = function from<T>(source: IntoFuture<T>): Future<T> {
  if (isRawGenerator(source)) return new FnFuture<T>(source as Body<T>, METHOD);
  return intoFuture(source, "Future.from");
};
