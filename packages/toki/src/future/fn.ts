import { captureSite, type FnInfo } from "./fn-info.js";
import { type Body, FnFuture } from "./frame.js";
import type { Future } from "./future.js";
import { describeValue, MisuseError } from "./misuse.js";

/** @internal */
export function isGeneratorFunction(value: unknown): value is (...args: never) => Generator {
  return (
    typeof value === "function" &&
    (value as unknown as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === "GeneratorFunction"
  );
}

/**
 * Rust's `async fn`: makes, of a generator function, a function that returns a lazy {@link Future}.
 *
 * Calling the result runs nothing of the body. Inside the body, `yield* future` awaits. Errors, `return`, `try`/`finally` and `using` work as
 * in any function; a `finally` block may await, also while the task is being cancelled.
 *
 * Define an `fn` once, at module level or as a class field. The engine prepares a new generator function at its first call, which costs about
 * a microsecond: nothing once, a lot in every call of a hot path.
 *
 * Name the generator function (`fn(function* fetchUser() {...})`) and the name shows in await trees and stack traces.
 *
 * **Cancel safety**: when the task is aborted or the future loses a `select`, the body stops at the await it is suspended on, its `finally`
 * blocks run, and nothing else of it does. No `catch` sees that.
 *
 * @param body - a generator function whose every `yield` is a `yield*` of a future
 * @returns a function with the same parameters and the same `this`
 * @throws MisuseError if `body` is not a generator function
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 *
 * const fetchUser = fn(function* fetchUser(id: number) {
 *   yield* sleep(20);
 *   return { id, name: "alice" };
 * });
 *
 * class Client {
 *   requests = 0;
 *   call = fn(function* call(this: Client, id: number) {
 *     this.requests++;
 *     return yield* fetchUser(id);
 *   });
 * }
 *
 * await main(function* () {
 *   const user = yield* new Client().call(1);
 *   console.log(user.name); // alice
 * });
 * ```
 */
export function fn<A extends unknown[], T, This = void>(
  body: (this: This, ...args: A) => Body<T>,
): (this: This, ...args: A) => Future<T> {
  if (!isGeneratorFunction(body)) {
    throw new MisuseError(
      "TOKI_NOT_A_FUTURE",
      `fn: body must be a generator function (function* (...) {...}), got ${describeValue(body)}`,
    );
  }
  const info: FnInfo = { name: body.name, site: captureSite(fn) };
  const call = function (this: This, ...args: A): Future<T> {
    return new FnFuture<T>(Reflect.apply(body, this, args), info);
  };
  Object.defineProperty(call, "name", { value: body.name, configurable: true });
  Object.defineProperty(call, "length", { value: body.length, configurable: true });
  return call;
}
