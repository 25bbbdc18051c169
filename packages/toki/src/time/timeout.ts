/*
 * Timeout: a future and a deadline.
 *
 *   RACING      each poll asks the future first, then the deadline: a value that is there wins, however late
 *   CANCELLING  the deadline passed; the future's cleanup is running. Nothing can bring the value back
 *   DONE
 *
 * The deadline is asked with a budget of its own when the future has used up the task's: a future that never waits for anything but budget must
 * not escape its timeout.
 */
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import { type AwaitEdge, Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { adoptWaker } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import type { Duration } from "./duration.js";
import { ElapsedError } from "./elapsed-error.js";
import type { Instant } from "./instant.js";
import { type Sleep, sleepFor, sleepTill } from "./sleep.js";

const RACING = 0;
const CANCELLING = 1;
const DONE = 2;

/**
 * A future with a deadline. Made by {@link timeout} and {@link timeoutAt}.
 *
 * @example
 * ```ts
 * import { main, ready, timeout } from "toki";
 *
 * await main(function* () {
 *   const limited = timeout(10, ready(42));
 *   console.log(yield* limited.intoInner()); // 42, without the limit
 * });
 * ```
 */
export class Timeout<T> extends Future<T> {
  private state = RACING;
  private waker: Waker | undefined = undefined;
  private future: Future<T> | undefined;
  private readonly delay: Sleep;

  /** @internal */
  constructor(future: Future<T>, delay: Sleep) {
    super();
    this.future = future;
    this.delay = delay;
  }

  /** The future inside, until the timeout is over. */
  get inner(): Future<T> | undefined {
    return this.future;
  }

  /**
   * Takes the unfinished future back; the timeout is over, and the caller goes on with the future.
   *
   * **Cancel safety**: the future stays where it is.
   *
   * @throws MisuseError if the timeout is over
   */
  intoInner(): Future<T> {
    const { future } = this;
    if (this.state !== RACING || future === undefined) throw polledAfterCompletion("a timeout");
    this.finish();
    return future;
  }

  /**
   * @throws ElapsedError once the deadline has passed and the future's cleanup has ended
   */
  poll(cx: Context): Poll<T> {
    this.waker = adoptWaker(this as Future<unknown>, this.waker, cx.waker);
    const { future } = this;
    if (future === undefined) throw polledAfterCompletion("a timeout");
    if (this.state === RACING) {
      const hadBudget = current.budget > 0;
      let value: Poll<T>;
      try {
        value = future.poll(cx);
      } catch (error) {
        this.finish();
        throw error;
      }
      if (value !== Pending) {
        this.finish();
        return value;
      }
      const exhausted = hadBudget && current.budget <= 0;
      const { budget } = current;
      if (exhausted) current.budget = 1;
      const elapsed = this.delay.poll(cx) !== Pending;
      if (exhausted) current.budget = budget;
      if (!elapsed) return Pending;
      this.state = CANCELLING;
    }
    if (this.cancelInner(future, cx) === Pending) return Pending;
    throw new ElapsedError();
  }

  private cancelInner(future: Future<T>, cx: Context): Poll<void> {
    try {
      if (future.pollCancel(cx) === Pending) return Pending;
    } catch (error) {
      this.finish();
      throw error;
    }
    this.finish();
    return undefined;
  }

  private finish(): void {
    this.state = DONE;
    this.future = undefined;
    this.delay[Symbol.dispose]();
  }

  override pollCancel(cx: Context): Poll<void> {
    const { future } = this;
    if (future === undefined) return undefined;
    this.state = CANCELLING;
    this.delay[Symbol.dispose]();
    return this.cancelInner(future, cx);
  }

  override forceCancel(): void {
    const { future } = this;
    this.finish();
    future?.forceCancel();
  }

  override [Symbol.dispose](): void {
    const { future } = this;
    this.finish();
    future?.[Symbol.dispose]();
  }

  override describe(): string {
    return this.state === CANCELLING ? "timeout (elapsed, cleaning up)" : "timeout";
  }

  override awaits(): Iterable<AwaitEdge> {
    const { future } = this;
    if (future === undefined) return [];
    const edges: AwaitEdge[] = [{ label: undefined, future: future as Future<unknown> }];
    if (this.state === RACING) edges.push({ label: "deadline", future: this.delay as Future<unknown> });
    return edges;
  }
}

/**
 * Waits for a future, but no longer than `duration`.
 *
 * The future is asked before the deadline: a value that is ready wins, even a late one. When the deadline passes first, the future is cancelled, its
 * cleanup is awaited, and `ElapsedError` is thrown. Synchronous code cannot be interrupted. A `JoinHandle` inside only stops waiting: its task goes on.
 *
 * **Cancel safety**: that of the future; dropping the timeout drops it.
 *
 * @param duration - milliseconds, or `{ seconds: 2 }` and the like; counted from the call
 * @param future - what to wait for
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
 *
 * @example
 * ```ts
 * import { ElapsedError, main, sleep, timeout } from "toki";
 *
 * await main(function* () {
 *   try {
 *     yield* timeout(10, sleep(60_000));
 *   } catch (error) {
 *     console.log(error instanceof ElapsedError); // true
 *   }
 * });
 * ```
 */
export function timeout<T>(duration: Duration, future: IntoFuture<T>): Timeout<T> {
  const inner = intoFuture(future, "timeout");
  return new Timeout(inner, sleepFor(duration, "timeout"));
}

/**
 * Waits for a future, but not beyond `deadline`. As {@link timeout} otherwise.
 *
 * **Cancel safety**: that of the future; dropping the timeout drops it.
 *
 * @param deadline - an {@link Instant} of this runtime's clock
 * @param future - what to wait for
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
 *
 * @example
 * ```ts
 * import { Instant, main, ready, timeoutAt } from "toki";
 *
 * await main(function* () {
 *   console.log(yield* timeoutAt(Instant.now().add(10), ready(42))); // 42
 * });
 * ```
 */
export function timeoutAt<T>(deadline: Instant, future: IntoFuture<T>): Timeout<T> {
  const inner = intoFuture(future, "timeoutAt");
  return new Timeout(inner, sleepTill(deadline, "timeoutAt"));
}
