/*
 * Futures as an async iterable, for `for await` in plain async code.
 *
 * Calls of next() and return() take turns, as an async generator's do: `tail` is the last one under way. A `for await` never overlaps them; who calls
 * next() by hand may.
 *
 *   OPEN    next() awaits one more future
 *   CLOSED  the items ended, a future threw, or return() was called: `close` has run, once; next() gives `done`
 *
 * return() during a next(): the future is cancelled, its cleanup awaited, next() gives `done`, then `close` runs. The value of a future that was
 * ready in that moment is still delivered.
 *
 * With a runtime each future is a task of it, and the runtime is driven meanwhile. Without one it is polled from microtasks: channels work like that,
 * timers do not.
 */

import { host } from "#host";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import type { RuntimeCore } from "../runtime/core.js";
import { RuntimeShutdownError } from "../runtime/error.js";
import type { Handle } from "../runtime/handle.js";
import { JoinError } from "../task/join-error.js";
import { JoinHandle } from "../task/join-handle.js";
import { BUDGET, current } from "./current.js";
import { isGeneratorFunction } from "./fn.js";
import type { Future } from "./future.js";
import { type IntoFuture, intoFuture } from "./into-future.js";
import { Pending, type Poll } from "./poll.js";
import { suppressed } from "./suppressed-error.js";
import { Waker } from "./waker.js";

/** One future under way outside of any task; `undefined` once it is cancelled. */
interface Pull<T> {
  readonly promise: Promise<T | undefined>;
  cancel(): void;
}

class TaskPull<T> implements Pull<T> {
  readonly promise: Promise<T | undefined>;
  private readonly handle: JoinHandle<T>;
  private cancelled = false;

  constructor(rt: RuntimeCore, future: Future<T>) {
    this.handle = new JoinHandle(rt.spawn(future, undefined));
    this.promise = this.handle.then(undefined, (error) => this.fail(error));
  }

  private fail(error: unknown): undefined {
    if (!(error instanceof JoinError)) throw error;
    if (error.isPanic()) throw error.cause;
    if (!this.cancelled) throw new RuntimeShutdownError("for await");
  }

  cancel(): void {
    this.cancelled = true;
    this.handle.abort();
  }
}

class DetachedPull<T> extends Waker implements Pull<T> {
  readonly promise: Promise<T | undefined>;
  private resolve!: (value: T | undefined) => void;
  private reject!: (error: unknown) => void;
  private future: Future<T> | undefined;
  private cancelled = false;
  private queued = false;
  private readonly onTurn = () => this.run();

  constructor(future: Future<T>) {
    super();
    this.future = future;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.wake();
  }

  wake(): void {
    if (this.queued || this.future === undefined) return;
    this.queued = true;
    host.microtask(this.onTurn);
  }

  cancel(): void {
    this.cancelled = true;
    this.wake();
  }

  private run(): void {
    this.queued = false;
    const { future } = this;
    if (future === undefined) return;
    current.budget = BUDGET;
    let value: Poll<T | undefined | void>;
    try {
      value = this.cancelled ? future.pollCancel(this) : future.poll(this);
    } catch (error) {
      this.future = undefined;
      this.reject(error);
      return;
    }
    if (value === Pending) return;
    this.future = undefined;
    this.resolve(value as T | undefined);
  }
}

function pull<T>(rt: RuntimeCore | null, future: Future<T>): Pull<T> {
  return rt === null ? new DetachedPull(future) : new TaskPull(rt, future);
}

type Close = () => Future<unknown> | void;

class DrivenIterator<V, T> implements AsyncIterableIterator<T, undefined, void> {
  private readonly rt: RuntimeCore | null;
  private readonly nextFuture: () => Future<V | undefined>;
  private readonly close: Close | undefined;
  private readonly itemOf: (value: V) => T;
  private isOpen = true;
  private pulling: Pull<V | undefined> | undefined;
  private tail: Promise<unknown> | undefined;

  constructor(
    rt: RuntimeCore | null,
    nextFuture: () => Future<V | undefined>,
    close: Close | undefined,
    itemOf: (value: V) => T,
  ) {
    this.rt = rt;
    this.nextFuture = nextFuture;
    this.close = close;
    this.itemOf = itemOf;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.inTurn(() => this.pullOne());
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.pulling?.cancel();
    return this.inTurn(async () => {
      await this.end();
      return { done: true, value: undefined };
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  private inTurn<R>(step: () => Promise<R>): Promise<R> {
    const result = this.tail === undefined ? step() : this.tail.then(step, step);
    const done = () => {
      if (this.tail === result) this.tail = undefined;
    };
    this.tail = result;
    result.then(done, done);
    return result;
  }

  private async pullOne(): Promise<IteratorResult<T, undefined>> {
    if (!this.isOpen) return { done: true, value: undefined };
    let value: V | undefined;
    try {
      this.pulling = pull(this.rt, this.nextFuture());
      value = await this.pulling.promise;
    } catch (error) {
      await this.endAfter(error);
      throw error;
    } finally {
      this.pulling = undefined;
    }
    if (value !== undefined) return { done: false, value: this.itemOf(value) };
    await this.end();
    return { done: true, value: undefined };
  }

  private async endAfter(error: unknown): Promise<void> {
    try {
      await this.end();
    } catch (later) {
      throw suppressed(later, error);
    }
  }

  private async end(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    const future = this.close?.();
    if (future) await pull(this.rt, future).promise;
  }
}

/**
 * An async iterator over what the futures of `nextFuture` evaluate to, until one gives undefined.
 *
 * @param rt - the runtime to run them on and to drive; null to poll them without one
 * @param nextFuture - makes the future of the next item; has to be cancel safe if a value must not be lost when the loop is left from outside
 * @param close - runs once when the iteration is over: at the end, on an error, or when the loop is left. A future it returns is awaited
 * @param itemOf - the item in a value, for items that may be undefined
 * @internal
 */
export function driveAsyncIterator<V, T = V>(
  rt: RuntimeCore | null,
  nextFuture: () => Future<V | undefined>,
  close: Close | undefined,
  itemOf: (value: V) => T = asItIs,
): AsyncIterableIterator<T, undefined, void> {
  return new DrivenIterator(rt, nextFuture, close, itemOf);
}

function asItIs<V, T>(value: V): T {
  return value as unknown as T;
}

/** Options of {@link toAsyncIterable}. */
export interface ToAsyncIterableOptions {
  /** The runtime that runs the futures. @default the current one */
  on?: Handle;
  /** Called once when the iteration is over: at the end, on an error, or when the loop was left. A future it returns is awaited. */
  close?: () => Future<unknown> | void;
}

/** What {@link toAsyncIterable} takes items from: something with `next()`, a function that makes the next future, or a `function*` body. */
export type ItemSource<T> = { next(): Future<T | undefined> } | (() => IntoFuture<T | undefined>);

/**
 * Makes futures usable with `for await` in plain async code: each turn of the loop awaits one more, until one gives undefined. Leaving the loop, with
 * `break`, `return` or a throw, cancels what is under way, awaits its cleanup, and calls `close`.
 *
 * The futures run as tasks of the current runtime (or `on`), which is driven while the loop waits. In a generator body there is no `for await`: call
 * `next()` there, in a loop.
 *
 * @param source - an object with `next()` such as {@link AsyncSource}, a function that makes the next future, or a `function*` body run for each item
 * @param options - `on`, `close`
 * @throws InvalidArgumentError if `source` is none of these
 *
 * @example
 * ```ts
 * import { fn, Runtime, sleep, toAsyncIterable } from "toki";
 *
 * let count = 0;
 * const tick = fn(function* () {
 *   yield* sleep(5);
 *   return count < 3 ? ++count : undefined;
 * });
 *
 * await using rt = new Runtime();
 * for await (const n of toAsyncIterable(tick, { on: rt.handle })) console.log(n); // 1 2 3
 * ```
 */
export function toAsyncIterable<T>(source: ItemSource<T>, options?: ToAsyncIterableOptions): AsyncIterable<T> {
  const nextFuture = nextOf(source);
  checkOptions(options, "toAsyncIterable");
  const close = options?.close;
  if (close !== undefined && typeof close !== "function") {
    throw invalidArgument("toAsyncIterable", "options.close", "a function", close);
  }
  const rt = options?.on === undefined ? current.runtime : runtimeOf(options.on);
  return { [Symbol.asyncIterator]: () => driveAsyncIterator(rt ?? current.runtime, nextFuture, close) };
}

function nextOf<T>(source: ItemSource<T>): () => Future<T | undefined> {
  const where = "toAsyncIterable";
  if (isGeneratorFunction(source)) return () => intoFuture<T | undefined>(source as IntoFuture<T | undefined>, where);
  if (typeof source === "function") return () => intoFuture<T | undefined>(source(), where);
  if (typeof source?.next === "function") return () => intoFuture<T | undefined>(source.next(), where);
  throw invalidArgument(where, "source", "an object with next(), or a function that makes the next future", source);
}

function runtimeOf(handle: Handle): RuntimeCore | null {
  if (typeof handle?.enter !== "function") throw invalidArgument("toAsyncIterable", "options.on", "a Handle", handle);
  const guard = handle.enter();
  try {
    return current.runtime;
  } finally {
    guard[Symbol.dispose]();
  }
}
