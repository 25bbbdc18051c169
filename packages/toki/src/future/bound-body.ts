import { isGeneratorFunction } from "./fn.js";
import { type Body, FnFuture } from "./frame.js";
import type { Future } from "./future.js";
import { type IntoFuture, intoFuture } from "./into-future.js";
import { describeValue, MisuseError } from "./misuse.js";
import type { Suspend } from "./poll.js";

/** A `function*` body that takes an argument, or a function that makes a future of it. */
export type BodyOf<A, T> = (argument: A) => Future<T> | Generator<Suspend, T, unknown>;

/** @throws MisuseError unless `body` is a function @internal */
export function checkBody(body: unknown, where: string): void {
  if (typeof body === "function") return;
  throw new MisuseError(
    "TOKI_NOT_A_FUTURE",
    `${where}: expected a \`function*\` body or a function that returns a future, got ${describeValue(body)}`,
  );
}

/** The future of `body(argument)`. @internal */
export function bindBody<A, T>(body: BodyOf<A, T>, argument: A, where: string): Future<T> {
  if (isGeneratorFunction(body)) return new FnFuture<T>(body(argument) as Body<T>, body);
  return intoFuture<T>(body(argument) as IntoFuture<T>, where);
}
