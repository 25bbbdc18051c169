/*
 *   IDLE     `acquiring` is null
 *   WAITING  `acquiring` is the request in line, for `wanted` permits. A poll for another number gives it up and begins again, at the end of the line
 */
import type { Context } from "../future/context.js";
import type { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { AcquireError } from "../sync/semaphore-error.js";
import type { SemaphorePermit } from "../sync/semaphore-permit.js";

/** What a {@link PollSemaphore} needs of a semaphore: that of `toki/sync` has it, and that of `toki/shared`. */
export interface AcquireSource<P> {
  /**
   * Waits in line for `n` permits; fails with an AcquireError once it is closed.
   *
   * **Cancel safety**: a request that is dropped loses its place in line and gives back what it had collected.
   */
  acquireMany(n: number): Future<P>;
}

/**
 * A semaphore with a `poll` instead of a future, for hand-written futures: the request is kept between the polls.
 *
 * @typeParam P - its permits
 *
 * @example
 * ```ts
 * import { Context, Pending, Waker } from "toki";
 * import { Semaphore } from "toki/sync";
 * import { PollSemaphore } from "toki/util";
 *
 * const semaphore = new PollSemaphore(new Semaphore(1));
 * const cx = Context.fromWaker(Waker.noop);
 * const permit = semaphore.pollAcquire(cx);
 * console.log(permit !== Pending, semaphore.pollAcquire(cx) === Pending); // true true
 * semaphore[Symbol.dispose]();
 * ```
 */
export class PollSemaphore<P = SemaphorePermit> implements Disposable {
  /** The semaphore itself. Tokio's `clone_inner`, `as_ref`. */
  readonly semaphore: AcquireSource<P>;
  private acquiring: Future<P> | null = null;
  private wanted = 0;

  /**
   * @param semaphore - of `toki/sync` or `toki/shared`
   * @throws InvalidArgumentError if `semaphore` is no semaphore
   */
  constructor(semaphore: AcquireSource<P>) {
    if (typeof semaphore?.acquireMany !== "function") {
      throw invalidArgument("PollSemaphore", "semaphore", "a Semaphore", semaphore);
    }
    this.semaphore = semaphore;
  }

  /**
   * Takes one permit. When the answer is `Pending`, the context's waker is woken once it is there for the next poll.
   *
   * @param cx - carries the waker
   * @returns the permit; undefined if the semaphore is closed
   */
  pollAcquire(cx: Context): Poll<P | undefined> {
    return this.pollAcquireMany(cx, 1);
  }

  /**
   * Takes `n` permits at once. A poll for another number than before loses its place in line.
   *
   * @param cx - carries the waker
   * @param n - how many
   * @returns the permit; undefined if the semaphore is closed
   * @throws InvalidArgumentError if `n` is not a number of permits
   */
  pollAcquireMany(cx: Context, n: number): Poll<P | undefined> {
    let { acquiring } = this;
    if (acquiring === null || this.wanted !== n) {
      const next = this.semaphore.acquireMany(n);
      acquiring?.[Symbol.dispose]();
      acquiring = next;
      this.wanted = n;
    }
    this.acquiring = null;
    try {
      const permit = acquiring.poll(cx);
      if (permit === Pending) this.acquiring = acquiring;
      return permit;
    } catch (error) {
      if (error instanceof AcquireError) return undefined;
      throw error;
    }
  }

  /** Gives up the request that is in line: what it has collected goes to the next. */
  [Symbol.dispose](): void {
    const { acquiring } = this;
    this.acquiring = null;
    acquiring?.[Symbol.dispose]();
  }
}
