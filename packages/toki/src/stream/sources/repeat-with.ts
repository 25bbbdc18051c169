import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { checkFunction } from "../../internal/invalid-argument.js";
import { proceed } from "../../task/coop.js";
import type { Done } from "../done.js";
import { Stream } from "../stream.js";

class RepeatWith<T> extends Stream<T> {
  private readonly f: () => T;

  constructor(f: () => T) {
    super();
    this.f = f;
  }

  pollNext(cx: Context): Poll<T | Done> {
    return proceed(cx) ? (0, this.f)() : Pending;
  }

  override describe(): string {
    return "repeatWith";
  }
}

/**
 * A stream without end, of what `f` gives each time.
 *
 * @param f - called when an item is asked for; what it throws is an error item
 * @throws InvalidArgumentError if `f` is not a function
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { repeatWith } from "toki/stream";
 *
 * await main(function* () {
 *   let n = 1;
 *   console.log(yield* repeatWith(() => (n *= 2)).take(4).collect()); // [ 2, 4, 8, 16 ]
 * });
 * ```
 */
export function repeatWith<T>(f: () => T): Stream<T> {
  checkFunction(f, "repeatWith", "f");
  return new RepeatWith(f);
}
