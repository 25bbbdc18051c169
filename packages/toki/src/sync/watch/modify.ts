/*
 * How sendModify and sendIfModified give the value to a function of the program.
 */
import { isGeneratorFunction } from "../../future/fn.js";
import { isPromiseLike } from "../../future/misuse.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { DisposedError } from "../error.js";

/**
 * The value of a watch channel while a function of {@link WatchSender.sendModify} or {@link WatchSender.sendIfModified} runs: to be changed in place, or
 * replaced by assigning `value`.
 *
 * @example
 * ```ts
 * import { WatchSender } from "toki/sync";
 *
 * const tx = new WatchSender(1);
 * tx.sendModify((ref) => {
 *   ref.value += 1;
 * });
 * console.log(tx.borrow()); // 2
 * ```
 */
export class WatchRef<T> {
  private held: T;
  private isOver = false;

  /** @internal */
  constructor(value: T) {
    this.held = value;
  }

  /**
   * The value. May be replaced.
   *
   * @throws DisposedError once the function has returned
   */
  get value(): T {
    this.check();
    return this.held;
  }

  set value(value: T) {
    this.check();
    this.held = value;
  }

  /** @internal The function is done: what it has left. */
  end(): T {
    this.isOver = true;
    return this.held;
  }

  private check(): void {
    if (this.isOver)
      throw new DisposedError("WatchRef.value", "given back: the function of the modification has returned");
  }
}

/** @internal */
export function checkFunction(where: string, argument: string, f: unknown): void {
  if (typeof f !== "function" || isGeneratorFunction(f)) throw synchronous(where, argument, f);
}

/** Refuses a promise that such a function has returned. @internal */
export function checkResult(where: string, argument: string, f: unknown, result: unknown): void {
  if (isPromiseLike(result)) throw synchronous(where, argument, f);
}

function synchronous(where: string, argument: string, f: unknown): Error {
  return invalidArgument(where, argument, "a function that does its work before it returns, without awaiting", f);
}
