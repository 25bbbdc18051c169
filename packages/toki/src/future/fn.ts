import { type ModuleMeta, nameOf, urlOf } from "../portable/module-meta.js";
import { PortableFn } from "../portable/portable-fn.js";
import type { SendBody } from "../portable/send.js";
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
 * Such a function stays on its thread. One that other threads may run is given its module: `fn(import.meta, function* crunch() {...})`.
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
): (this: This, ...args: A) => Future<T>;
/**
 * An `fn` with an identity on every thread: a call of it is the function's name and its arguments, which can be sent.
 *
 * Awaited, it runs where it is awaited, like any other, with its arguments by reference. Spawned on a multi-thread runtime, it may run on any
 * worker: the arguments and the result are then copied as `structuredClone` does, or moved with `move`; what it throws keeps class name, message,
 * stack and cause. Once started, it stays on its thread.
 *
 * A worker gets the function by importing the module, once. So define it at the top level, under a name that no other function of the module has,
 * and do not rely on what another thread has put into the module's variables. `main(...)` does nothing on a worker.
 *
 * The generator is made when the call starts. Default values of parameters are evaluated then, on the thread that runs it; there is no `this`.
 * In the body, the function's own name is the raw generator function: to call itself, it needs a constant of another name.
 *
 * **Cancel safety**: that of any `fn`: the body stops at the await it is suspended on, and its `finally` blocks run, on the thread it is on. Whoever
 * waits for the end of the cancellation waits for them.
 *
 * @param meta - `import.meta` of the module
 * @param body - a generator function with a name; the type refuses parameters and results that cannot be sent
 * @returns a function with the same parameters
 * @throws InvalidArgumentError if `meta` has no `url` or the function no name; MisuseError if `body` is not a generator function, or if another one
 *   has its name
 *
 * @example
 * ```ts
 * import { fn, main, spawn } from "toki";
 *
 * export const countPrimes = fn(import.meta, function* countPrimes(below: number) {
 *   let count = 0;
 *   for (let n = 2; n < below; n++) {
 *     let divisor = 2;
 *     while (divisor * divisor <= n && n % divisor !== 0) divisor++;
 *     if (divisor * divisor > n) count++;
 *   }
 *   return count;
 * });
 *
 * await main(function* () {
 *   console.log(yield* countPrimes(100)); // 25, here
 *   const handle = spawn(countPrimes(1000)); // on any worker there is
 *   console.log(yield* handle); // 168
 * });
 * ```
 */
export function fn<A extends unknown[], T>(
  meta: ModuleMeta,
  body: ((this: void, ...args: A) => Body<T>) & SendBody<A, T>,
): (...args: A) => Future<T>;
export function fn(first: unknown, ...rest: unknown[]): (...args: unknown[]) => Future<unknown> {
  if (isGeneratorFunction(first)) return named(first, local(first as LocalBody));
  if (rest.length === 0) throw notABody(first, "");
  const [second] = rest;
  const url = urlOf(first as ModuleMeta, "fn");
  if (!isGeneratorFunction(second)) {
    throw notABody(
      second,
      "; for a plain function that is to run on another thread there is blocking(import.meta, ...)",
    );
  }
  const name = nameOf(second, "fn", "fn(import.meta, function* parse(...) {...})");
  const info = PortableFn.define(name, url, second, captureSite(fn));
  return named(second, (...args: unknown[]) => info.call(args));
}

type LocalBody = (this: unknown, ...args: unknown[]) => Body<unknown>;

function local(body: LocalBody): (this: unknown, ...args: unknown[]) => Future<unknown> {
  const info: FnInfo = { name: body.name, site: captureSite(fn) };
  return function (this: unknown, ...args: unknown[]) {
    return new FnFuture<unknown>(Reflect.apply(body, this, args), info);
  };
}

/** `call` as it shows itself to others: with the name and the length of the body. */
function named<F extends object>(body: { readonly name: string; readonly length: number }, call: F): F {
  Object.defineProperty(call, "name", { value: body.name, configurable: true });
  Object.defineProperty(call, "length", { value: body.length, configurable: true });
  return call;
}

function notABody(found: unknown, hint: string): MisuseError {
  return new MisuseError(
    "TOKI_NOT_A_FUTURE",
    `fn: body must be a generator function (function* (...) {...}), got ${describeValue(found)}${hint}`,
  );
}
