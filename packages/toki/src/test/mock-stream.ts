import type { Context } from "../future/context.js";
import { Pending, type Poll } from "../future/poll.js";
// From the index, which gives a Stream its methods.
import { Done, Stream } from "../stream/index.js";
import { type Duration, toMillis } from "../time/duration.js";
import { type Sleep, sleep } from "../time/sleep.js";
import { AssertionError, raisedBy } from "./assertion-error.js";

type Step<T> = { readonly kind: "item"; readonly value: T } | { readonly kind: "wait"; readonly ms: number };

/**
 * A stream that follows a script; made by {@link mockStream}. Use it with `using`: disposing it checks that all items were taken.
 *
 * @typeParam T - what the items are
 *
 * @example
 * ```ts
 * import { assertReady, mockStream, testTask } from "toki/test";
 *
 * using letters = mockStream<string>().next("a").build();
 * console.log(assertReady(testTask(letters.next()).poll())); // a
 * ```
 */
export class MockStream<T> extends Stream<T> {
  readonly #steps: Step<T>[];
  #sleep: Sleep | null = null;

  /** @internal */
  constructor(steps: readonly Step<T>[]) {
    super();
    this.#steps = [...steps];
  }

  /**
   * Asks for the next item once. A wait begins with the first call that gets to it.
   *
   * @returns the item, {@link Done} at the end, or `Pending`
   * @throws NoRuntimeError if a wait is scripted and there is no runtime
   */
  pollNext(cx: Context): Poll<T | Done> {
    for (;;) {
      const step = this.#steps[0];
      if (step === undefined) return Done;
      if (step.kind === "item") {
        this.#steps.shift();
        return step.value;
      }
      this.#sleep ??= sleep(step.ms);
      if (this.#sleep.poll(cx) === Pending) return Pending;
      this.#sleep = null;
      this.#steps.shift();
    }
  }

  /** Nobody waits for the next item any more. A wait that has begun goes on. */
  override stopWaiting(): void {
    this.#sleep?.[Symbol.dispose]();
  }

  /** One line for await trees and reports. */
  override describe(): string {
    return `mockStream (${countOf(this.#itemsLeft)} left)`;
  }

  get #itemsLeft(): number {
    return this.#steps.filter((step) => step.kind === "item").length;
  }

  /**
   * Ends the stream.
   *
   * @throws AssertionError if items are left
   */
  override [Symbol.dispose](): void {
    const left = this.#itemsLeft;
    const steps = this.#steps.splice(0);
    this.#sleep?.[Symbol.dispose]();
    this.#sleep = null;
    if (left === 0) return;
    const items = steps.flatMap((step) => (step.kind === "item" ? [step.value] : []));
    const failure = `mockStream: disposed with ${countOf(left)} left that nobody has taken`;
    throw raisedBy(new AssertionError(failure, items, []), this[Symbol.dispose]);
  }
}

function countOf(items: number): string {
  return `${items} ${items === 1 ? "item" : "items"}`;
}

/**
 * Builds a {@link MockStream}; made by {@link mockStream}.
 *
 * @typeParam T - what the items are
 *
 * @example
 * ```ts
 * import { assertReady, mockStream, testTask } from "toki/test";
 *
 * const builder = mockStream<number>();
 * for (let n = 1; n <= 2; n++) builder.next(n);
 * using numbers = builder.build();
 * console.log(assertReady(testTask(numbers.next()).poll())); // 1
 * console.log(assertReady(testTask(numbers.next()).poll())); // 2
 * ```
 */
export class MockStreamBuilder<T> {
  readonly #steps: Step<T>[] = [];

  /** The stream gives `value` next. */
  next(value: T): this {
    this.#steps.push({ kind: "item", value });
    return this;
  }

  /**
   * The stream waits, on the runtime's clock, before it goes on.
   *
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like
   */
  wait(duration: Duration): this {
    const ms = toMillis(duration, "MockStreamBuilder.wait", "duration");
    this.#steps.push({ kind: "wait", ms });
    return this;
  }

  /** Makes a stream that goes through the script and then ends. Each call makes another one. */
  build(): MockStream<T> {
    return new MockStream(this.#steps);
  }
}

/**
 * Builds a test double for a stream: a script of items and of times between them. `tokio_test::stream_mock::StreamMockBuilder`.
 *
 * @typeParam T - what the items are
 *
 * @example
 * ```ts
 * import { Instant } from "toki";
 * import { assertElapsed, mockStream, test } from "toki/test";
 *
 * const run = test(function* () {
 *   using numbers = mockStream<number>().next(1).wait(300).next(2).build();
 *   console.log(yield* numbers.next()); // 1
 *   const start = Instant.now();
 *   console.log(yield* numbers.next()); // 2
 *   assertElapsed(start, 300);
 *   console.log(yield* numbers.next()); // undefined
 * }, { startPaused: true });
 * await run();
 * ```
 */
export function mockStream<T>(): MockStreamBuilder<T> {
  return new MockStreamBuilder();
}
