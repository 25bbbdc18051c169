/*
 * Timeout: a future that a deadline watches over (see watched.ts).
 *
 * The deadline is asked with a budget of its own when the future has used up the task's.
 */
import { host } from "#host";
import type { Context } from "../future/context.js";
import { current } from "../future/current.js";
import type { FnFuture } from "../future/frame.js";
import type { AwaitEdge, Future } from "../future/future.js";
import { type IntoFuture, intoFuture } from "../future/into-future.js";
import { polledAfterCompletion } from "../future/misuse.js";
import { Pending, type Poll } from "../future/poll.js";
import { adoptWaker } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { CANCELLING, RACING, Watched } from "../future/watched.js";
import { loadFunction } from "../portable/load.js";
import { PortableFn } from "../portable/portable-fn.js";
import { pollDeadline } from "../task/coop.js";
import type { Duration } from "./duration.js";
import { ElapsedError } from "./elapsed-error.js";
import type { Instant } from "./instant.js";
import { type Sleep, sleepFor, sleepTill } from "./sleep.js";

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
export class Timeout<T> extends Watched<T> {
  private waker: Waker | undefined = undefined;
  private readonly delay: Sleep;
  /** What it throws, if not that the deadline has passed. */
  private failure: unknown = undefined;

  /** @internal */
  constructor(future: Future<T>, delay: Sleep) {
    super(future);
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
      const value = this.pollFuture(future, cx);
      if (value !== Pending) return value;
      try {
        if (!pollDeadline(this.delay, cx, hadBudget)) return Pending;
      } catch (error) {
        this.failure = error; // the clock's runtime is over
      }
    }
    if (this.cancelFuture(future, cx) === Pending) return Pending;
    throw this.failure ?? new ElapsedError();
  }

  /** The deadline is the same for every thread; what is left of it is found out there. @internal */
  override asPortable(): FnFuture<T> | null {
    if (this.state !== RACING || this.waker !== undefined) return null;
    const call = this.future?.asPortable() ?? null;
    if (call === null) return null;
    const until = host.processNow() + this.delay.left;
    return REMOTE.call([until, (call.info as PortableFn).key, call.slot]) as FnFuture<T>;
  }

  /** @internal */
  override sentAway(): void {
    const { future } = this;
    this.finish();
    future?.sentAway();
  }

  protected stopWatching(): void {
    this.delay[Symbol.dispose]();
  }

  override describe(): string {
    return this.state === CANCELLING ? "timeout (elapsed, cleaning up)" : "timeout";
  }

  override awaits(): Iterable<AwaitEdge> {
    const edges = [...super.awaits()];
    if (this.state === RACING) edges.push({ label: "deadline", future: this.delay as Future<unknown> });
    return edges;
  }
}

/** On the thread that runs it. */
const REMOTE = PortableFn.defineOwn(
  "timeout",
  import.meta.url,
  function* run(until: number, key: string, args: readonly unknown[]) {
    const fn = yield* loadFunction(key);
    return yield* timeout(Math.max(0, until - host.processNow()), fn.call(args));
  },
);

/**
 * Waits for a future, but no longer than `duration`.
 *
 * The future is asked before the deadline: a value that is ready wins, even a late one. When the deadline passes first, the future is cancelled, its
 * cleanup is awaited, and `ElapsedError` is thrown. Synchronous code cannot be interrupted. A `JoinHandle` inside only stops waiting: its task goes on.
 *
 * Spawned on a multi-thread runtime, the timeout of a portable call goes to a worker as the call itself would; time in the queue counts.
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
