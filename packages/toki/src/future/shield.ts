import type { Context } from "./context.js";
import { type AwaitEdge, Future } from "./future.js";
import { type IntoFuture, intoFuture } from "./into-future.js";
import { Pending, type Poll } from "./poll.js";

/*
 * A shield is a leaf that puts cancellation off. Whoever cancels a frame asks its leaf first (`isShielded`): while a shield is what the innermost frame
 * waits for, the frame goes on being polled; it is unwound at the first await outside of a shield that it suspends on (frame.ts, executor.ts). A frame
 * that ends before keeps its outcome, as if the request had come too late.
 */

class Shield<T> extends Future<T> {
  private readonly inner: Future<T>;
  private started = false;
  private done = false;

  constructor(inner: Future<T>) {
    super();
    this.inner = inner;
  }

  override get isShielded(): boolean {
    return this.started && !this.done;
  }

  poll(cx: Context): Poll<T> {
    this.started = true;
    let value: Poll<T>;
    try {
      value = this.inner.poll(cx);
    } catch (error) {
      this.done = true;
      throw error;
    }
    if (value !== Pending) this.done = true;
    return value;
  }

  // Where no frame can put the cancellation off (the branch of a combinator is a shield itself): what is begun is finished, and its value dropped.
  override pollCancel(cx: Context): Poll<void> {
    if (!this.isShielded) return this.done ? undefined : this.inner.pollCancel(cx);
    return this.poll(cx) === Pending ? Pending : undefined;
  }

  override forceCancel(): void {
    this.done = true;
    this.inner.forceCancel();
  }

  override [Symbol.dispose](): void {
    this.done = true;
    this.inner[Symbol.dispose]();
  }

  override describe(): string {
    return "shield";
  }

  override awaits(): Iterable<AwaitEdge> {
    return [{ label: undefined, future: this.inner }];
  }
}

/**
 * Puts cancellation off while a future runs: a task that is aborted meanwhile, or a branch that loses a `select`, finishes the future, goes on, and is
 * cancelled at its next await outside of a shield. If it ends before that, its outcome stands.
 *
 * For what must not stop half way, and for a `finally` block that awaits and can be reached without a cancellation: should one arrive while the block
 * is awaiting, the language would leave the rest of the block out. While a task is being cancelled its cleanup is shielded anyway.
 *
 * A cleanup deadline cuts a shield short as it does all cleanup.
 *
 * **Cancel safety**: once polled it is finished before the cancellation goes on; before that it never starts. A dispose by hand or a cleanup deadline cuts it
 * short.
 *
 * @param future - a future or a `function*` body
 *
 * @example
 * ```ts
 * import { main, shield, sleep, spawn } from "toki";
 *
 * await main(function* () {
 *   const task = spawn(function* () {
 *     try {
 *       throw new Error("no space left");
 *     } finally {
 *       yield* shield(function* () {
 *         yield* sleep(20); // roll back
 *         console.log("rolled back");
 *       });
 *       console.log("connection released");
 *     }
 *   });
 *   yield* sleep(5);
 *   task.abort(); // arrives during the rollback
 *   try {
 *     yield* task;
 *   } catch (error) {
 *     console.log((error as Error).message); // task 1 panicked with message "no space left"
 *   }
 * });
 * ```
 */
export function shield<T>(future: IntoFuture<T>): Future<T> {
  return new Shield(intoFuture(future, "shield"));
}
