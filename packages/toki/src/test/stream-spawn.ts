import type { Context } from "../future/context.js";
import { pending } from "../future/pending.js";
import type { Poll } from "../future/poll.js";
import type { Handle } from "../runtime/handle.js";
import type { Runtime } from "../runtime/runtime.js";
import { Spawn } from "./spawn.js";

/**
 * What {@link testTask} takes besides futures: a `Stream` of `toki/stream`, or anything of that shape.
 *
 * @typeParam I - what a poll gives: an item, or the end
 */
export interface TestableStream<I> {
  /** Asks for the next item once. */
  pollNext(cx: Context): Poll<I>;
  /** Drops the stream. */
  [Symbol.dispose](): void;
}

/**
 * A stream under test, made by {@link testTask}: nothing of it runs but what `pollNext` and `enter` make run. As {@link Spawn} otherwise.
 *
 * @typeParam I - what a poll gives: an item, or the end
 *
 * @example
 * ```ts
 * import { assertReady, mockStream, testTask } from "toki/test";
 *
 * const stream = testTask(mockStream<number>().next(1).build());
 * console.log(assertReady(stream.pollNext())); // 1
 * ```
 */
export class StreamSpawn<I> implements Disposable {
  readonly #stream: TestableStream<I>;
  /** The waker, and the state of the thread during a poll; its own future is never polled. */
  readonly #task: Spawn<never>;
  #isHere = true;

  /** @internal */
  constructor(stream: TestableStream<I>, runtime: Runtime | Handle | undefined) {
    this.#stream = stream;
    this.#task = new Spawn(pending(), runtime);
  }

  /** The stream under test. */
  get inner(): TestableStream<I> {
    return this.#stream;
  }

  /** Whether the waker has been called since the latest `pollNext` or `enter` began. */
  get isWoken(): boolean {
    return this.#task.isWoken;
  }

  /**
   * Asks for the next item once.
   *
   * @returns the item, `Done` of `toki/stream` at the end, or `Pending`
   * @throws what the stream throws
   */
  pollNext(): Poll<I> {
    return this.enter((cx, stream) => stream.pollNext(cx));
  }

  /**
   * Calls `callback` as if it polled: with the context of this task, and its budget.
   *
   * @param callback - gets the context and the stream
   * @returns what `callback` returns
   */
  enter<R>(callback: (cx: Context, stream: TestableStream<I>) => R): R {
    return this.#task.enter((cx) => callback(cx, this.#stream));
  }

  /** Gives the stream back, as far as it has come; the harness is of no more use. */
  intoInner(): TestableStream<I> {
    this.#task.intoInner();
    this.#isHere = false;
    return this.#stream;
  }

  /** Drops the stream, unless it was taken. */
  [Symbol.dispose](): void {
    if (!this.#isHere) return;
    this.#isHere = false;
    this.enter((_, stream) => stream[Symbol.dispose]());
  }
}
