/*
 * A task without a runtime: a future, and a waker that only notes that it was called.
 *
 *   OPEN   the future is not done: polls go to it                                    poll(), cancel()
 *   DONE   it gave a value, threw, or its cancellation has ended: nothing is left to drop. Polls still go to it, to see what it makes of them
 *   TAKEN  intoInner() has given it away
 *
 * The waker's note is cleared as a poll begins, so a wake that comes during the poll is kept.
 */
import type { Context } from "../future/context.js";
import { BUDGET, current } from "../future/current.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { Handle } from "../runtime/handle.js";
import type { Runtime } from "../runtime/runtime.js";

const OPEN = 0;
const DONE = 1;
const TAKEN = 2;

/** Polls after which `pollUntilIdle` takes a future for one that wakes itself for ever, as in tokio-test. */
const MAX_ROUNDS = 150;

class NotingWaker extends Waker {
  woken = false;

  wake(): void {
    this.woken = true;
  }
}

/**
 * A future under test, made by {@link testTask}: nothing of it runs but what `poll`, `enter` and `cancel` make run.
 *
 * Each of them gives the future a full cooperative budget.
 *
 * @typeParam T - what the future evaluates to
 *
 * @example
 * ```ts
 * import { yieldNow } from "toki";
 * import { assertPending, assertReady, testTask } from "toki/test";
 *
 * const task = testTask(yieldNow());
 * assertPending(task.poll());
 * console.log(task.isWoken); // true
 * assertReady(task.poll());
 * ```
 */
export class Spawn<T> implements Disposable {
  readonly #future: Future<T>;
  readonly #runtime: Runtime | Handle | undefined;
  readonly #waker = new NotingWaker();
  #state = OPEN;

  /** @internal */
  constructor(future: Future<T>, runtime: Runtime | Handle | undefined) {
    this.#future = future;
    this.#runtime = runtime;
  }

  /** The future under test. */
  get inner(): Future<T> {
    return this.#future;
  }

  /** Whether the waker has been called since the latest `poll`, `enter` or `cancel` began. */
  get isWoken(): boolean {
    return this.#waker.woken;
  }

  /**
   * Polls the future once.
   *
   * @returns the value, or `Pending`
   * @throws what the future throws
   */
  poll(): Poll<T> {
    return this.#settle("poll", (cx) => this.#future.poll(cx));
  }

  /**
   * Polls the future until it is done, or pending without having been woken: as far as it gets by itself.
   *
   * @returns the value, or `Pending`
   * @throws what the future throws; Error if it is still woken after 150 polls
   *
   * @example
   * ```ts
   * import { fn, yieldNow } from "toki";
   * import { testTask } from "toki/test";
   *
   * const polite = fn(function* polite() {
   *   for (let i = 0; i < 10; i++) yield* yieldNow();
   *   return "done";
   * });
   * console.log(testTask(polite()).pollUntilIdle()); // done
   * ```
   */
  pollUntilIdle(): Poll<T> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const value = this.poll();
      if (value !== Pending || !this.isWoken) return value;
    }
    throw new Error(
      `Spawn.pollUntilIdle: ${this.#future.describe()} is woken again after each of ${MAX_ROUNDS} polls; it may be waking itself without getting on`,
    );
  }

  /**
   * Calls `callback` as if it polled: with the context of this task, and its budget. For methods that take a context, and for polling the future
   * in ways of one's own.
   *
   * @param callback - gets the context and the future
   * @returns what `callback` returns
   *
   * @example
   * ```ts
   * import { ready } from "toki";
   * import { testTask } from "toki/test";
   *
   * const task = testTask(ready(42));
   * console.log(task.enter((cx, future) => [future.poll(cx), future.poll(cx)])); // [ 42, 42 ]
   * ```
   */
  enter<R>(callback: (cx: Context, future: Future<T>) => R): R {
    if (typeof callback !== "function") throw invalidArgument("Spawn.enter", "callback", "a function", callback);
    this.#mustBeHere("enter");
    return this.#run((cx) => callback(cx, this.#future));
  }

  /**
   * Cancels the future, as an abort of its task would: call it again after each wake until it returns `undefined`.
   *
   * @returns `Pending` while cleanup awaits
   * @throws what the cleanup throws
   *
   * @example
   * ```ts
   * import { fn, pending, yieldNow } from "toki";
   * import { assertPending, testTask } from "toki/test";
   *
   * const guarded = fn(function* guarded() {
   *   try {
   *     yield* pending();
   *   } finally {
   *     yield* yieldNow();
   *     console.log("cleaned up");
   *   }
   * });
   * const task = testTask(guarded());
   * task.poll();
   * assertPending(task.cancel());
   * console.log(task.cancel()); // cleaned up, undefined
   * ```
   */
  cancel(): Poll<void> {
    return this.#settle("cancel", (cx) => this.#future.pollCancel(cx));
  }

  /**
   * Gives the future back, as far as it has come; the harness is of no more use.
   *
   * **Cancel safety**: that of the future; nothing is dropped.
   */
  intoInner(): Future<T> {
    this.#mustBeHere("intoInner");
    this.#state = TAKEN;
    return this.#future;
  }

  /** Drops the future, unless it is done or was taken. Cleanup that awaits is cut short, or goes on as a task of the `runtime` given. */
  [Symbol.dispose](): void {
    if (this.#state !== OPEN) return;
    this.#state = DONE;
    this.#run(() => this.#future[Symbol.dispose]());
  }

  #mustBeHere(method: string): void {
    if (this.#state === TAKEN) throw new Error(`Spawn.${method}: the future was taken out with intoInner()`);
  }

  #settle<R>(method: string, step: (cx: Context) => Poll<R>): Poll<R> {
    this.#mustBeHere(method);
    let outcome: Poll<R>;
    try {
      outcome = this.#run(step);
    } catch (error) {
      this.#state = DONE;
      throw error;
    }
    if (outcome !== Pending) this.#state = DONE;
    return outcome;
  }

  /** Makes this the task that is being polled. Whatever was going on is put back afterwards: the harness may be used inside a task. */
  #run<R>(step: (cx: Context) => R): R {
    const { cx, runtime, budget } = current;
    this.#waker.woken = false;
    current.cx = this.#waker;
    current.runtime = null;
    current.budget = BUDGET;
    const guard = this.#runtime?.enter();
    try {
      return step(this.#waker);
    } finally {
      guard?.[Symbol.dispose]();
      current.cx = cx;
      current.runtime = runtime;
      current.budget = budget;
    }
  }
}
