import { type BodyOf, bindBody, checkBody } from "../../future/bound-body.js";
import type { Context } from "../../future/context.js";
import { Pending, type Poll } from "../../future/poll.js";
import { Done } from "../done.js";
import type { Stream } from "../stream.js";
import { BodyStream } from "./body-stream.js";

/** What a step of {@link unfold} gives: an item and the next state, or undefined at the end. */
export type UnfoldStep<S, T> = readonly [item: T, state: S] | undefined;

/** `state` is passed to the step that begins; the stream is over once a step has given undefined or thrown. */
class Unfold<S, T> extends BodyStream<T, UnfoldStep<S, T>> {
  private state: S;
  private readonly step: BodyOf<S, UnfoldStep<S, T>>;

  constructor(seed: S, step: BodyOf<S, UnfoldStep<S, T>>) {
    super();
    this.state = seed;
    this.step = step;
  }

  pollNext(cx: Context): Poll<T | Done> {
    if (this.isOver) return Done;
    let result: Poll<UnfoldStep<S, T>>;
    try {
      this.future ??= bindBody(this.step, this.state, "unfold");
      result = this.future.poll(cx);
    } catch (error) {
      this.isOver = true;
      this.future = null;
      throw error;
    }
    if (result === Pending) return Pending;
    this.future = null;
    if (result === undefined) {
      this.isOver = true;
      return Done;
    }
    const [item, state] = result as readonly [T, S];
    this.state = state;
    return item;
  }

  override describe(): string {
    return "unfold";
  }
}

/**
 * A stream made of a state and a step: each step gives an item and the next state, or undefined at the end. For what is fetched page by page.
 *
 * A step under way belongs to the stream: a `next()` that is dropped neither stops it nor begins it again. A step that throws gives an error item, and
 * the stream ends: the state is gone.
 *
 * @param seed - the state of the first step
 * @param step - a `function*` body, or a function that returns a future
 * @throws MisuseError if `step` is not a function
 *
 * @example
 * ```ts
 * import { main, sleep } from "toki";
 * import { unfold } from "toki/stream";
 *
 * await main(function* () {
 *   const pages = unfold(1, function* (page): Generator<any, readonly [string, number] | undefined> {
 *     yield* sleep(1);
 *     return page <= 3 ? [`page ${page}`, page + 1] : undefined;
 *   });
 *   console.log(yield* pages.collect()); // [ 'page 1', 'page 2', 'page 3' ]
 * });
 * ```
 */
export function unfold<S, T>(seed: S, step: BodyOf<S, UnfoldStep<S, T>>): Stream<T> {
  checkBody(step, "unfold");
  return new Unfold(seed, step);
}
