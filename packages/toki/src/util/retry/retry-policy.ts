/*
 * A policy is a value: it makes, for each run of `retry`, a backoff, which has the state of that run (how often it was asked). So one policy serves any number of
 * runs at once.
 */
import { checkOptions, invalidArgument } from "../../internal/invalid-argument.js";
import { randomBelow } from "../../runtime/random.js";
import { type Duration, toMillis } from "../../time/duration.js";

/** An attempt that failed, as a {@link RetryPolicy} sees it. */
export interface FailedAttempt {
  /** Which attempt it was: 1, 2, 3, ... */
  readonly attempt: number;
  /** What it threw. */
  readonly error: unknown;
  /** Milliseconds since the first attempt began. */
  readonly elapsed: number;
}

/** Decides on one failed attempt after the other: the milliseconds until the next one, or undefined to give up. */
export type Backoff = (failed: FailedAttempt) => number | undefined;

const RESOLUTION = 2 ** 30;

/**
 * When to try again, for {@link retry}. Policies are immutable values: each method makes another policy, and one policy may serve many retries at once. Made by
 * {@link exponential} and {@link fixed}, or from a function.
 *
 * The methods apply in the order written: `exponential(100).jittered().capped(1000)` caps what the jitter has left, `exponential(100).capped(1000).jittered()` the
 * other way round.
 *
 * @example
 * ```ts
 * import { exponential, fixed, RetryPolicy } from "toki/util";
 *
 * const polite = exponential(100).capped(30_000).jittered().upTo(5);
 * const eager = fixed(0).upTo(2).followedBy(polite);
 *
 * // A policy of one's own: each run gets a function of its own.
 * const fibonacci = new RetryPolicy(() => {
 *   let [delay, next] = [100, 100];
 *   return () => {
 *     const now = delay;
 *     [delay, next] = [next, delay + next];
 *     return now;
 *   };
 * });
 * const backoff = fibonacci.upTo(4).begin();
 * const failed = { attempt: 1, error: new Error("no"), elapsed: 0 };
 * console.log(backoff(failed), backoff(failed), backoff(failed), backoff(failed), backoff(failed)); // 100 100 200 300 undefined
 * ```
 */
export class RetryPolicy {
  private readonly make: () => Backoff;

  /**
   * @param begin - called once for each run; makes what decides on its failed attempts
   * @throws InvalidArgumentError if `begin` is not a function
   */
  constructor(begin: () => Backoff) {
    if (typeof begin !== "function") throw invalidArgument("new RetryPolicy", "begin", "a function", begin);
    this.make = begin;
  }

  /** The decisions of one run. */
  begin(): Backoff {
    return this.make();
  }

  /** No delay is longer than `max`. */
  capped(max: Duration): RetryPolicy {
    const most = toMillis(max, "RetryPolicy.capped", "max");
    return this.mapped((delay) => Math.min(delay, most));
  }

  /**
   * Shortens each delay by a random part of it, so that many clients that failed together do not come back together.
   *
   * @param fraction - how much of the delay is random, from 0 to 1. With 1 (full jitter) it is anything from 0 to the delay, with 0.5 (equal jitter) at least half of it
   * @throws InvalidArgumentError if `fraction` is not a number from 0 to 1
   */
  jittered(fraction = 1): RetryPolicy {
    if (!(typeof fraction === "number" && fraction >= 0 && fraction <= 1)) {
      throw invalidArgument("RetryPolicy.jittered", "fraction", "a number from 0 to 1", fraction);
    }
    return this.mapped((delay) => delay * (1 - (fraction * randomBelow(RESOLUTION)) / RESOLUTION));
  }

  /**
   * At most so many retries: one attempt more than that.
   *
   * @throws InvalidArgumentError if `retries` is not a whole number, 0 or more
   */
  upTo(retries: number): RetryPolicy {
    if (!(Number.isInteger(retries) && retries >= 0)) {
      throw invalidArgument("RetryPolicy.upTo", "retries", "a whole number, 0 or more", retries);
    }
    return this.filtered(() => {
      let left = retries;
      return () => left-- > 0;
    });
  }

  /** No attempt begins later than `duration` after the first one began. An attempt that has begun is not cut short: put a `timeout` into it, or around the whole. */
  within(duration: Duration): RetryPolicy {
    const limit = toMillis(duration, "RetryPolicy.within", "duration");
    return this.filtered(() => (failed, delay) => failed.elapsed + delay <= limit);
  }

  /**
   * Only errors for which `isWorthRetrying` is true; others end the run at once.
   *
   * @throws InvalidArgumentError if `isWorthRetrying` is not a function
   */
  when(isWorthRetrying: (error: unknown, failed: FailedAttempt) => boolean): RetryPolicy {
    if (typeof isWorthRetrying !== "function") {
      throw invalidArgument("RetryPolicy.when", "isWorthRetrying", "a function", isWorthRetrying);
    }
    return this.filtered(() => (failed) => isWorthRetrying(failed.error, failed));
  }

  /**
   * Once this policy gives up, `next` decides from there on.
   *
   * @throws InvalidArgumentError if `next` is not a policy
   */
  followedBy(next: RetryPolicy): RetryPolicy {
    if (!(next instanceof RetryPolicy)) throw invalidArgument("RetryPolicy.followedBy", "next", "a RetryPolicy", next);
    return new RetryPolicy(() => {
      let current = this.begin();
      let isFirst = true;
      return (failed) => {
        const delay = current(failed);
        if (delay !== undefined || !isFirst) return delay;
        isFirst = false;
        current = next.begin();
        return current(failed);
      };
    });
  }

  private mapped(change: (delay: number) => number): RetryPolicy {
    return new RetryPolicy(() => {
      const backoff = this.begin();
      return (failed) => {
        const delay = backoff(failed);
        return delay === undefined ? undefined : change(delay);
      };
    });
  }

  private filtered(makeAllows: () => (failed: FailedAttempt, delay: number) => boolean): RetryPolicy {
    return new RetryPolicy(() => {
      const backoff = this.begin();
      const allows = makeAllows();
      return (failed) => {
        const delay = backoff(failed);
        return delay !== undefined && allows(failed, delay) ? delay : undefined;
      };
    });
  }
}

/**
 * Retries for ever, each time after the same delay. Limit it with {@link RetryPolicy.upTo} or {@link RetryPolicy.within}.
 *
 * @param delay - milliseconds or `{ seconds: 1 }` and the like; 0 tries again at once, after other tasks had a turn
 *
 * @example
 * ```ts
 * import { fixed } from "toki/util";
 *
 * const backoff = fixed(50).upTo(1).begin();
 * const failed = { attempt: 1, error: undefined, elapsed: 0 };
 * console.log(backoff(failed), backoff(failed)); // 50 undefined
 * ```
 */
export function fixed(delay: Duration): RetryPolicy {
  const ms = toMillis(delay, "fixed", "delay");
  return new RetryPolicy(() => () => ms);
}

/** Options of {@link exponential}. */
export interface ExponentialOptions {
  /**
   * What the delay is multiplied by each time; at least 1.
   *
   * @default 2
   */
  factor?: number;
}

/**
 * Retries for ever, with delays that double. Cap them with {@link RetryPolicy.capped}, limit their number with {@link RetryPolicy.upTo}.
 *
 * @param initial - the first delay
 * @param options - another factor than 2
 * @throws InvalidArgumentError if the factor is not a number, 1 or more
 *
 * @example
 * ```ts
 * import { exponential } from "toki/util";
 *
 * const backoff = exponential(100).capped(300).begin();
 * const failed = { attempt: 1, error: undefined, elapsed: 0 };
 * console.log(backoff(failed), backoff(failed), backoff(failed)); // 100 200 300
 * ```
 */
export function exponential(initial: Duration, options: ExponentialOptions = {}): RetryPolicy {
  const first = toMillis(initial, "exponential", "initial");
  checkOptions(options, "exponential");
  const { factor = 2 } = options;
  if (!(typeof factor === "number" && factor >= 1 && factor < Number.POSITIVE_INFINITY)) {
    throw invalidArgument("exponential", "options.factor", "a number, 1 or more", factor);
  }
  return new RetryPolicy(() => {
    let next = first;
    return () => {
      const delay = next;
      next = Math.min(delay * factor, Number.MAX_VALUE);
      return delay;
    };
  });
}
