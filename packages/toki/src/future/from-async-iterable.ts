/*
 * An async iterable as a source of futures.
 *
 *   IDLE      no result is outstanding                                      creation, a delivered result
 *   PULLING   the iterator's next() was called, its promise is outstanding  a poll of next()
 *   SETTLED   a result (an item or an error) is kept for the next poll      the promise's reaction
 *   ENDED     the iterator said `done`                                      the promise's reaction
 *   CLOSED    closed or disposed: the iterator's return() was called        close, dispose
 *
 * The outstanding promise belongs to the source, not to the future that caused it: a next() that loses a select leaves it PULLING or SETTLED, and the
 * next one gets the item. So nothing is lost, and the iterator's next() is never called while one is under way.
 *
 * `rt.foreign` counts the source while it is PULLING and somebody waits.
 */
import { invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore } from "../runtime/core.js";
import type { Context } from "./context.js";
import { current } from "./current.js";
import { fromPromise } from "./from-promise.js";
import { Future } from "./future.js";
import { futureInUse } from "./misuse.js";
import { Pending, type Poll } from "./poll.js";
import { rejectSharing } from "./sharing.js";
import type { Waker } from "./waker.js";

const IDLE = 0;
const PULLING = 1;
const SETTLED = 2;
const ENDED = 3;
const CLOSED = 4;

/** An async iterable, or a function that makes one and gives it a signal which is aborted when the source is closed. */
export type AsyncIterableSource<T> = AsyncIterable<T> | ((signal: AbortSignal) => AsyncIterable<T>);

class Next<T> extends Future<T | undefined> {
  private readonly source: AsyncSource<T>;

  constructor(source: AsyncSource<T>) {
    super();
    this.source = source;
  }

  poll(cx: Context): Poll<T | undefined> {
    return this.source.pollFor(this, cx);
  }

  override [Symbol.dispose](): void {
    this.source.stopWaiting(this);
  }

  override describe(): string {
    return "next of an async iterable";
  }
}

/**
 * Items of an async iterable, one future for each. Made by {@link fromAsyncIterable}.
 *
 * It owns the iterator: dispose the source when you stop before the end, so that the iterator can release what it holds.
 *
 * @typeParam T - what the items are; an item that is undefined cannot be told from the end, except by {@link AsyncSource.isEnded}
 */
export class AsyncSource<T> implements Disposable {
  private state: number;
  private open: (() => AsyncIterator<T>) | undefined;
  private readonly controller: AbortController | undefined;
  private iterator: AsyncIterator<T> | undefined;
  private item: T | undefined;
  private failed: boolean;
  private error: unknown;
  private waiting: Next<T> | null;
  private waker: Waker | null;
  private rt: RuntimeCore | null;
  private closing: Promise<unknown> | undefined;

  /** @internal */
  constructor(open: () => AsyncIterator<T>, controller: AbortController | undefined) {
    this.state = IDLE;
    this.open = open;
    this.controller = controller;
    this.iterator = undefined;
    this.item = undefined;
    this.failed = false;
    this.error = undefined;
    this.waiting = null;
    this.waker = null;
    this.rt = null;
    this.closing = undefined;
  }

  /** Whether there are no more items: the iterable ended, or the source was closed. */
  get isEnded(): boolean {
    return this.state >= ENDED;
  }

  /**
   * Waits for the next item.
   *
   * An error is thrown and does not end the source by itself; after one, an async generator has ended.
   *
   * **Cancel safety**: safe. An item that arrives after this future was dropped is given to the next call.
   *
   * @returns undefined at the end, and on every call after it
   * @throws what the iterator throws; MisuseError if another task is waiting
   *
   * @example
   * ```ts
   * import { fromAsyncIterable, main } from "toki";
   *
   * async function* lines() {
   *   yield "one";
   *   yield "two";
   * }
   *
   * await main(function* () {
   *   const source = fromAsyncIterable(lines());
   *   for (let line; (line = yield* source.next()) !== undefined; ) console.log(line); // one, two
   * });
   * ```
   */
  next(): Future<T | undefined> {
    return new Next(this);
  }

  /** @internal */
  pollFor(who: Next<T>, cx: Context): Poll<T | undefined> {
    const { waker } = this;
    if (waker !== null && waker !== cx.waker) {
      if (this.waiting !== who) throw futureInUse("the next item of an async iterable");
      rejectSharing(who as Future<unknown>, waker, cx.waker);
    }
    if (this.state === IDLE) this.pull();
    if (this.state === PULLING) {
      this.startWaiting(who, cx.waker);
      return Pending;
    }
    this.waiting = null;
    this.waker = null;
    return this.state === SETTLED ? this.deliver() : undefined;
  }

  private pull(): void {
    if (this.iterator === undefined) {
      const open = this.open as () => AsyncIterator<T>;
      this.open = undefined;
      this.state = CLOSED; // in case it throws
      this.iterator = open();
    }
    let result: Promise<IteratorResult<T>>;
    this.state = PULLING;
    try {
      result = this.iterator.next();
    } catch (error) {
      this.state = IDLE;
      throw error;
    }
    Promise.resolve(result).then(
      (result) => this.settle(result),
      (error) => this.fail(error),
    );
  }

  private settle(result: IteratorResult<T>): void {
    if (this.state !== PULLING) return;
    if (typeof result !== "object" || result === null) {
      this.fail(new TypeError(`fromAsyncIterable: next() resolved with ${String(result)}, which is not an object`));
      return;
    }
    let isEnd: boolean;
    let item: T | undefined;
    try {
      isEnd = result.done === true;
      item = isEnd ? undefined : result.value;
    } catch (error) {
      this.fail(error); // a getter threw
      return;
    }
    this.state = isEnd ? ENDED : SETTLED;
    this.item = item;
    this.wakeWaiter();
  }

  private fail(error: unknown): void {
    if (this.state !== PULLING) return;
    this.state = SETTLED;
    this.failed = true;
    this.error = error;
    this.wakeWaiter();
  }

  private deliver(): T {
    const { item, error } = this;
    this.state = IDLE;
    this.item = undefined;
    this.error = undefined;
    if (!this.failed) return item as T;
    this.failed = false;
    throw error;
  }

  private startWaiting(who: Next<T>, waker: Waker): void {
    this.uncount();
    this.waiting = who;
    this.waker = waker;
    this.rt = current.runtime;
    if (this.rt !== null) this.rt.foreign++;
  }

  /** @internal */
  stopWaiting(who: Next<T>): void {
    if (this.waiting !== who) return;
    this.uncount();
    this.waiting = null;
    this.waker = null;
  }

  private uncount(): void {
    if (this.rt !== null) this.rt.foreign--;
    this.rt = null;
  }

  private wakeWaiter(): void {
    this.uncount();
    this.waker?.wake();
  }

  /**
   * Ends the source and waits until the iterator has released what it holds, with its `return()`. An async generator can do so only once it is past
   * the `await` it is in: give it a signal to make it short.
   *
   * **Cancel safety**: safe. The source is closed from the first poll on; only the wait ends.
   *
   * @throws what `return()` throws
   *
   * @example
   * ```ts
   * import { fromAsyncIterable, main } from "toki";
   *
   * async function* numbers() {
   *   try {
   *     for (let n = 1; ; n++) yield n;
   *   } finally {
   *     console.log("released");
   *   }
   * }
   *
   * await main(function* () {
   *   const source = fromAsyncIterable(numbers());
   *   console.log(yield* source.next()); // 1
   *   yield* source.close(); // released
   * });
   * ```
   */
  close(): Future<void> {
    return fromPromise(() => this.shut() as Promise<void>);
  }

  /** Ends the source, as {@link AsyncSource.close}, without waiting; an error of `return()` is ignored. */
  [Symbol.dispose](): void {
    this.shut().catch(() => {});
  }

  private shut(): Promise<unknown> {
    if (this.closing !== undefined) return this.closing;
    const { state, iterator } = this;
    this.state = CLOSED;
    this.open = undefined;
    this.item = undefined;
    this.error = undefined;
    this.wakeWaiter();
    this.controller?.abort();
    const isOver = iterator === undefined || state >= ENDED;
    // Not `.then` of the call: return() may throw, and need not exist.
    this.closing = isOver ? Promise.resolve() : (async () => void (await iterator.return?.()))();
    return this.closing;
  }
}

/**
 * Makes an async iterable (an async generator, a Node stream, a web stream, `events.on`) usable from futures.
 *
 * Nothing is called before the first `next()` is awaited. An async generator that is inside an `await` cannot be interrupted: where that matters,
 * pass a function instead, and hand its signal on to what the generator awaits; it is aborted when the source is closed.
 *
 * @param iterable - the async iterable, or a function that gets a signal and returns one
 * @throws InvalidArgumentError if it is neither
 *
 * @example
 * ```ts
 * import { setInterval } from "node:timers/promises";
 * import { fromAsyncIterable, main } from "toki";
 *
 * await main(function* () {
 *   using ticks = fromAsyncIterable((signal) => setInterval(5, "tick", { signal }));
 *   console.log(yield* ticks.next(), yield* ticks.next()); // tick tick
 * });
 * ```
 */
export function fromAsyncIterable<T>(iterable: AsyncIterableSource<T>): AsyncSource<T> {
  if (typeof iterable === "function") {
    const controller = new AbortController();
    return new AsyncSource(() => openIterator(iterable(controller.signal)), controller);
  }
  if (!isAsyncIterable(iterable)) throw notAsyncIterable(iterable);
  return new AsyncSource(() => iterable[Symbol.asyncIterator](), undefined);
}

function openIterator<T>(iterable: AsyncIterable<T>): AsyncIterator<T> {
  if (!isAsyncIterable(iterable)) throw notAsyncIterable(iterable);
  return iterable[Symbol.asyncIterator]();
}

function isAsyncIterable(value: unknown): boolean {
  return typeof (value as AsyncIterable<unknown> | null | undefined)?.[Symbol.asyncIterator] === "function";
}

function notAsyncIterable(value: unknown): Error {
  return invalidArgument("fromAsyncIterable", "iterable", "an async iterable or a function that returns one", value);
}
