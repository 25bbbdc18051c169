/*
 * Cooperative budget: 128 operations a poll, as in Tokio. A leaf that could be ready takes one from `current.budget`; at zero it wakes its task and
 * answers Pending, so that a task whose channels are always full still lets others run. An operation that turned out pending takes none.
 */
import type { Context } from "../future/context.js";
import { current, UNLIMITED } from "../future/current.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { Pending, type Poll } from "../future/poll.js";

/**
 * Takes one unit of budget; false when there is none left, in which case the task has been woken and the caller returns `Pending`. A caller that
 * ends up pending gives the unit back with {@link refund}.
 *
 * @internal
 */
export function proceed(cx: Context): boolean {
  if (current.budget > 0) {
    current.budget--;
    return true;
  }
  exhausted(cx);
  return false;
}

/** @internal */
export function refund(): void {
  current.budget++;
}

/**
 * Whether a deadline has passed, asked after the future that it limits. Also when that future has just used up the budget: one that waits for nothing but
 * budget must not escape its deadline.
 *
 * @param hadBudget - whether there was any before the future was polled
 * @internal
 */
export function pollDeadline(deadline: Future<void>, cx: Context, hadBudget: boolean): boolean {
  const { budget } = current;
  const isExhausted = hadBudget && budget <= 0;
  if (isExhausted) current.budget = 1;
  const elapsed = deadline.poll(cx) !== Pending;
  if (isExhausted) current.budget = budget;
  return elapsed;
}

function exhausted(cx: Context): void {
  // Once for each poll, however many operations find the budget gone.
  if (current.budget === 0) {
    current.budget = -1;
    const { task } = current;
    if (task !== null) task.rt.executor.forcedYields++;
  }
  cx.waker.wake();
}

class ConsumeBudget extends Future<void> {
  poll(cx: Context): Poll<void> {
    return proceed(cx) ? undefined : Pending;
  }

  override describe(): string {
    return "consumeBudget";
  }
}

/**
 * Takes one unit of the task's cooperative budget, and lets others run when it is used up. For loops that do much work without awaiting
 * anything that would.
 *
 * **Cancel safety**: safe.
 *
 * @example
 * ```ts
 * import { consumeBudget, main } from "toki";
 *
 * await main(function* () {
 *   let sum = 0;
 *   for (let i = 0; i < 1000; i++) {
 *     sum += i;
 *     yield* consumeBudget();
 *   }
 *   console.log(sum); // 499500
 * });
 * ```
 */
export function consumeBudget(): Future<void> {
  return new ConsumeBudget();
}

/**
 * Whether the running task may go on without being made to yield.
 *
 * @example
 * ```ts
 * import { hasBudgetRemaining } from "toki";
 *
 * console.log(hasBudgetRemaining()); // true outside a task
 * ```
 */
export function hasBudgetRemaining(): boolean {
  return current.task === null || current.budget > 0;
}

/** A future polled under another budget; dropped as it is. */
abstract class Budgeted<T> extends Future<T> {
  protected readonly inner: Future<T>;

  constructor(inner: Future<T>) {
    super();
    this.inner = inner;
  }

  override pollCancel(cx: Context): Poll<void> {
    return this.inner.pollCancel(cx);
  }

  override forceCancel(): void {
    this.inner.forceCancel();
  }

  override [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }
}

class Unconstrained<T> extends Budgeted<T> {
  poll(cx: Context): Poll<T> {
    const budget = current.budget;
    current.budget = UNLIMITED;
    try {
      return this.inner.poll(cx);
    } finally {
      current.budget = budget;
    }
  }

  override describe(): string {
    return "unconstrained";
  }

  override awaits(): Iterable<AwaitEdge> {
    return [{ label: undefined, future: this.inner }];
  }
}

/**
 * Drives a future without the cooperative budget: its operations never make the task yield. It can starve every other task.
 *
 * **Cancel safety**: that of the future.
 *
 * @example
 * ```ts
 * import { consumeBudget, main, unconstrained } from "toki";
 *
 * await main(function* () {
 *   yield* unconstrained(function* () {
 *     for (let i = 0; i < 1000; i++) yield* consumeBudget();
 *   });
 * });
 * ```
 */
export function unconstrained<T>(future: IntoFuture<T>): Future<T> {
  return new Unconstrained(intoFuture(future, "unconstrained"));
}

class Cooperative<T> extends Budgeted<T> {
  poll(cx: Context): Poll<T> {
    if (!proceed(cx)) return Pending;
    const value = this.inner.poll(cx);
    if (value === Pending) refund();
    return value;
  }

  override describe(): string {
    return this.inner.describe();
  }

  override awaits(): Iterable<AwaitEdge> {
    return this.inner.awaits();
  }
}

/**
 * Makes a hand-written future take part in the cooperative budget: one unit for each time it is ready.
 *
 * **Cancel safety**: that of the future.
 *
 * @example
 * ```ts
 * import { cooperative, main, ready } from "toki";
 *
 * await main(function* () {
 *   for (let i = 0; i < 1000; i++) yield* cooperative(ready(i)); // yields every 128 rounds
 * });
 * ```
 */
export function cooperative<T>(future: IntoFuture<T>): Future<T> {
  return new Cooperative(intoFuture(future, "cooperative"));
}
