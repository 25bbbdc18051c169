import { checkFunction } from "../internal/invalid-argument.js";
import type { Task } from "../runtime/task/task.js";
import { Context } from "./context.js";

/**
 * Tells the owner of a pending future that it is worth polling again.
 *
 * A future that returns {@link Pending} keeps `cx.waker` and calls {@link Waker.wake} once it can make progress.
 * `wake` may be called from anywhere: from another task, a Node callback, a promise reaction. Several wakes before the next poll count
 * as one; a wake after the future has completed does nothing.
 *
 * A waker belongs to its thread.
 *
 * @example
 * ```ts
 * import { Context, Waker, pollFn, Pending } from "toki";
 *
 * let woken = 0;
 * const waker = Waker.from(() => { woken++; });
 * const cx = Context.fromWaker(waker);
 * const future = pollFn<number>((cx) => { cx.waker.wake(); return Pending; });
 * future.poll(cx);
 * if (woken !== 1) throw new Error("the future asked for another poll");
 * ```
 */
export abstract class Waker extends Context {
  /** Asks for one more poll of the future this waker belongs to. Must not throw: whoever wakes may be about to wake others. */
  abstract wake(): void;

  /** Whether waking `other` would wake the same owner as waking this one. */
  willWake(other: Waker): boolean {
    return this === other;
  }

  /** This waker: every waker doubles as the context that polls on its behalf, so a poll allocates neither. */
  override get waker(): Waker {
    return this;
  }

  /** The task that waking this in the end wakes, where it is known. @internal */
  get owner(): Task<unknown> | null {
    return null;
  }

  /**
   * Makes a waker of a callback. The callback runs on every call of `wake`. What it throws does not go to whoever wakes, who has others to see to: it becomes
   * an uncaught exception.
   */
  static from(callback: () => void): Waker {
    checkFunction(callback, "Waker.from", "callback");
    return new CallbackWaker(callback);
  }

  /** A waker that wakes nobody: for polling by hand, when the answer to "is it ready now?" is all that matters. */
  static get noop(): Waker {
    return NOOP;
  }
}

class CallbackWaker extends Waker {
  private readonly callback: () => void;

  constructor(callback: () => void) {
    super();
    this.callback = callback;
  }

  wake(): void {
    try {
      this.callback();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

const NOOP: Waker = new CallbackWaker(() => {});
