import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { type Duration, toMillis } from "../time/duration.js";
import { type Sleep, sleep } from "../time/sleep.js";
import { AssertionError, raisedBy } from "./assertion-error.js";
import { Done, NextItem } from "./stream-contract.js";

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
export class MockStream<T> implements Disposable {
  readonly #steps: Step<T>[];
  #sleep: Sleep | null = null;

  /** @internal */
  constructor(steps: readonly Step<T>[]) {
    this.#steps = [...steps];
  }

  /**
   * Asks for the next item once. A wait begins with the first call that gets to it.
   *
   * @returns the item, `Done` of `toki/stream` at the end, or `Pending`
   * @throws NoRuntimeError if a wait is scripted and there is no runtime
   */
  pollNext(cx: Context): Poll<T | typeof Done> {
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

  /**
   * Waits for the next item.
   *
   * **Cancel safety**: safe; no item is taken, and a wait that has begun goes on.
   *
   * @returns the item; undefined at the end
   * @throws NoRuntimeError if a wait is scripted and there is no runtime
   */
  next(): Future<T | undefined> {
    return new NextItem(this);
  }

  /** Nobody waits for the next item any more. A wait that has begun goes on. */
  stopWaiting(): void {
    this.#sleep?.[Symbol.dispose]();
  }

  /** One line for await trees and reports. */
  describe(): string {
    return `mockStream (${this.#itemsLeft} items left)`;
  }

  get #itemsLeft(): number {
    return this.#steps.filter((step) => step.kind === "item").length;
  }

  /**
   * Ends the stream.
   *
   * @throws AssertionError if items are left
   */
  [Symbol.dispose](): void {
    const left = this.#itemsLeft;
    const steps = this.#steps.splice(0);
    this.#sleep?.[Symbol.dispose]();
    this.#sleep = null;
    if (left === 0) return;
    const items = steps.flatMap((step) => (step.kind === "item" ? [step.value] : []));
    const failure = `mockStream: disposed with ${left} ${left === 1 ? "item" : "items"} left that nobody has taken`;
    throw raisedBy(new AssertionError(failure, items, []), this[Symbol.dispose]);
  }
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
