/*
 * A rate limiter keeps one number, the time at which the next permit is due (the "theoretical arrival time" of the generic cell rate algorithm):
 *
 *   a permit passes     once `due` is at most `burst - 1` periods ahead; then `due` moves on by a period
 *   idle                `due` falls behind the clock, and is brought up to it by the next request: what was not used is not saved up, beyond the burst
 *
 * Whoever waits has the turn, so that the others wait behind it in the order they came. A waiter that is dropped gives it up and has taken nothing.
 *
 * Timers fire on whole milliseconds. At rates above that several permits are due when one fires: `wokeAt` is when that was, and for the rest of that millisecond
 * `due` may stay behind the clock, by at most LENIENCY_MS.
 */
import { fn } from "../future/fn.js";
import type { Future } from "../future/future.js";
import { checkOptions, invalidArgument } from "../internal/invalid-argument.js";
import { Semaphore } from "../sync/semaphore.js";
import { TryAcquireError } from "../sync/semaphore-error.js";
import { type Duration, toMillis } from "../time/duration.js";
import { Instant } from "../time/instant.js";
import { FOREVER_MS, sleepUntil } from "../time/sleep.js";

const LENIENCY_MS = 5;

/** Options of {@link rateLimiter}. */
export interface RateLimiterOptions {
  /**
   * The time in which so many permits are given.
   *
   * @default one second
   */
  per?: Duration;
  /**
   * How many permits may pass at once after idle time.
   *
   * @default 1: they are spaced evenly
   */
  burst?: number;
}

const pass = fn(function* acquire(limiter: RateLimiter, n: number) {
  const { schedule } = limiter;
  const turn = yield* limiter.turn.acquire();
  try {
    const at = schedule.dueFor(n);
    if (at > Instant.now().ms) {
      yield* sleepUntil(new Instant(at));
      schedule.wokeAt = Instant.now().ms;
    }
    schedule.take(n);
  } finally {
    turn.release();
  }
});

class Schedule {
  wokeAt = Number.NEGATIVE_INFINITY;
  private due = Number.NEGATIVE_INFINITY;
  private readonly period: number;
  private readonly tolerance: number;

  constructor(period: number, burst: number) {
    this.period = period;
    this.tolerance = (burst - 1) * period;
  }

  /** When `n` permits may pass. */
  dueFor(n: number): number {
    return this.current() + (n - 1) * this.period - this.tolerance;
  }

  take(n: number): void {
    this.due = this.current() + n * this.period;
  }

  private current(): number {
    const now = Instant.now().ms;
    return Math.max(this.due, now - this.wokeAt < 1 ? now - LENIENCY_MS : now);
  }
}

/**
 * Lets so many through in a time, evenly spaced. Made by {@link rateLimiter}.
 *
 * @example
 * ```ts
 * import { Instant, main } from "toki";
 * import { rateLimiter } from "toki/util";
 *
 * await main(function* () {
 *   const limiter = rateLimiter(200); // a second
 *   const start = Instant.now();
 *   for (let i = 0; i < 5; i++) yield* limiter.acquire();
 *   console.log(start.elapsed() >= 20); // true
 * });
 * ```
 */
export class RateLimiter {
  /** How many permits may pass at once after idle time. */
  readonly burst: number;
  /** Milliseconds from one permit to the next, on average. */
  readonly period: number;
  /** @internal */
  readonly schedule: Schedule;
  /** Whose turn it is to wait for what is due. @internal */
  readonly turn = new Semaphore(1);

  /** @internal */
  constructor(period: number, burst: number) {
    this.period = period;
    this.burst = burst;
    this.schedule = new Schedule(period, burst);
  }

  /**
   * Waits in line until `n` permits are due, and uses them up.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, and has used nothing up.
   *
   * @param n - how many; one by default, at most {@link RateLimiter.burst}
   * @throws InvalidArgumentError if `n` is not a whole number from 1 to the burst
   * @throws NoRuntimeError outside a runtime
   */
  acquire(n = 1): Future<void> {
    this.check("RateLimiter.acquire", n);
    return pass(this, n);
  }

  /**
   * Uses `n` permits up if they are due now and nobody waits in line.
   *
   * @param n - how many; one by default, at most {@link RateLimiter.burst}
   * @throws TryAcquireError of kind `noPermits`
   * @throws InvalidArgumentError if `n` is not a whole number from 1 to the burst
   */
  tryAcquire(n = 1): void {
    this.check("RateLimiter.tryAcquire", n);
    const { schedule, turn } = this;
    if (turn.availablePermits === 0 || schedule.dueFor(n) > Instant.now().ms) throw new TryAcquireError("noPermits");
    schedule.take(n);
  }

  private check(where: string, n: number): void {
    if (Number.isInteger(n) && n >= 1 && n <= this.burst) return;
    throw invalidArgument(where, "n", `a whole number from 1 to the burst, ${this.burst}`, n);
  }
}

/**
 * Makes a limiter of `permits` in a second, or in another time. Those that wait are served in the order they came.
 *
 * Permits are spaced evenly, also after idle time: unlike an interval that makes up for missed ticks, it saves nothing up, unless `burst` allows so many at once. Any
 * rate is possible; above 1,000 a second several pass each millisecond.
 *
 * For use on one thread, with the clock of one runtime.
 *
 * @param permits - how many in the time
 * @param options - another time than a second; a burst
 * @throws InvalidArgumentError if `permits` is not a number above 0, or an option is not what it should be
 *
 * @example
 * ```ts
 * import { main } from "toki";
 * import { rateLimiter } from "toki/util";
 *
 * const limiter = rateLimiter(600, { per: { minutes: 1 }, burst: 10 });
 * await main(function* () {
 *   for (let i = 0; i < 10; i++) yield* limiter.acquire(); // at once
 *   yield* limiter.acquire(); // after 100 ms
 * });
 * ```
 */
export function rateLimiter(permits: number, options: RateLimiterOptions = {}): RateLimiter {
  checkOptions(options, "rateLimiter");
  const { per = 1000, burst = 1 } = options;
  if (!(typeof permits === "number" && permits > 0 && permits < Number.POSITIVE_INFINITY)) {
    throw invalidArgument("rateLimiter", "permits", "a number above 0", permits);
  }
  const time = toMillis(per, "rateLimiter", "options.per");
  if (!(time > 0 && time < Number.POSITIVE_INFINITY)) {
    throw invalidArgument("rateLimiter", "options.per", "longer than 0, and finite", per);
  }
  if (!(Number.isInteger(burst) && burst >= 1)) {
    throw invalidArgument("rateLimiter", "options.burst", "a whole number, 1 or more", burst);
  }
  // Beyond what can be waited for a quotient may even be infinite, and infinite times 0 is no number.
  return new RateLimiter(Math.min(time / permits, FOREVER_MS), burst);
}
