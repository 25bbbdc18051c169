/*
 * A limit on work under way that follows the latency it sees: additive increase, multiplicative decrease.
 *
 *   quick   the limit grows by 1 / limit, so by one in the time of a round of requests, if at least half of it is in use: without load latency says nothing
 *   slow    the limit is multiplied by `decrease`, once for all requests that began before the latest cut: those say nothing new
 *
 * `permits` of the semaphore = floor(limit) - lent - debt. A cut takes free permits away first; what cannot be had is `debt`, and is kept back as permits come home.
 */
import { type BodyOf, bindBody, checkBody } from "../../future/bound-body.js";
import { fn } from "../../future/fn.js";
import type { Future } from "../../future/future.js";
import { invalidArgument } from "../../internal/invalid-argument.js";
import { integer } from "../../sync/integer.js";
import { Semaphore } from "../../sync/semaphore.js";
import type { SemaphorePermit } from "../../sync/semaphore-permit.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { Instant } from "../../time/instant.js";
import { AdaptivePermit } from "./adaptive-permit.js";

/** Options of {@link adaptiveLimit}. */
export interface AdaptiveLimitOptions {
  /** What takes longer is a sign of too much load. */
  targetLatency: Duration;
  /**
   * The limit to begin with.
   *
   * @default `min`
   */
  initial?: number;
  /**
   * The lowest limit.
   *
   * @default 1
   */
  min?: number;
  /**
   * The highest limit.
   *
   * @default 1000
   */
  max?: number;
  /**
   * What the limit is multiplied by when something was slow; between 0 and 1.
   *
   * @default 0.5
   */
  decrease?: number;
  /** Which errors of `run`'s work are a sign of too much load, such as a status 429 or 503. Default: none; what fails early is not counted, what fails late is slow. */
  isOverload?: (error: unknown) => boolean;
}

const acquire = fn(function* acquire(limit: AdaptiveLimit) {
  return limit.begin(yield* limit.slots.acquire());
});

const run = fn(function* run(limit: AdaptiveLimit, work: BodyOf<void, unknown>) {
  const permit = yield* acquire(limit);
  let isDone = false;
  try {
    const value = yield* bindBody(work, undefined, "AdaptiveLimit.run");
    isDone = true;
    return value;
  } catch (error) {
    if (limit.isOverload?.(error) === true) permit.overloaded();
    throw error;
  } finally {
    if (isDone) permit.release();
    else permit.abandon();
  }
});

/**
 * A limit on work under way that finds its value by itself. Made by {@link adaptiveLimit}.
 *
 * @example
 * ```ts
 * import { main, sleep } from "toki";
 * import { adaptiveLimit } from "toki/util";
 *
 * const limit = adaptiveLimit({ targetLatency: 1000 });
 * await main(function* () {
 *   for (let i = 0; i < 3; i++) yield* limit.run(() => sleep(1));
 *   console.log(limit.limit > 1); // true
 * });
 * ```
 */
export class AdaptiveLimit {
  /** @internal */
  readonly slots: Semaphore;
  /** @internal */
  readonly isOverload: ((error: unknown) => boolean) | undefined;
  private readonly min: number;
  private readonly max: number;
  private readonly targetMs: number;
  private readonly decrease: number;
  private current: number;
  private lent = 0;
  private debt = 0;
  private cutAt = Number.NEGATIVE_INFINITY;

  /** @internal */
  constructor(options: AdaptiveLimitOptions) {
    const where = "adaptiveLimit";
    if (typeof options !== "object" || options === null) throw invalidArgument(where, "options", "an object", options);
    const { targetLatency, min = 1, max = 1000, initial = min, decrease = 0.5, isOverload } = options;
    this.targetMs = toMillis(targetLatency, where, "options.targetLatency");
    integer(where, "options.min", min, 1);
    integer(where, "options.max", max, min);
    integer(where, "options.initial", initial, min);
    if (initial > max) throw invalidArgument(where, "options.initial", `at most options.max, ${max}`, initial);
    if (!(typeof decrease === "number" && decrease > 0 && decrease < 1)) {
      throw invalidArgument(where, "options.decrease", "a number between 0 and 1", decrease);
    }
    if (isOverload !== undefined && typeof isOverload !== "function") {
      throw invalidArgument(where, "options.isOverload", "a function", isOverload);
    }
    this.min = min;
    this.max = max;
    this.decrease = decrease;
    this.isOverload = isOverload;
    this.current = initial;
    this.slots = new Semaphore(initial);
  }

  /** How much may be under way now. */
  get limit(): number {
    return Math.floor(this.current);
  }

  /** How much is under way. Above the limit for a while after a cut. */
  get inFlight(): number {
    return this.lent;
  }

  /**
   * Runs work under the limit, and learns from how long it took.
   *
   * Work that is cancelled (by a timeout, say) or fails counts as slow if it took longer than the target by then, and is not counted otherwise.
   *
   * **Cancel safety**: dropped while waiting, it loses its place in line and the work never begins; dropped later, the work is cancelled.
   *
   * @param work - a `function*`, or a function that returns a future
   * @throws what the work throws
   * @throws NoRuntimeError outside a runtime
   */
  run<T>(work: BodyOf<void, T>): Future<T> {
    checkBody(work, "AdaptiveLimit.run");
    return run(this, work) as Future<T>;
  }

  /**
   * Waits in line for a permit, for work that is not one future. The time until its release is the latency.
   *
   * **Cancel safety**: a request that is dropped loses its place in line.
   */
  acquire(): Future<AdaptivePermit> {
    return acquire(this);
  }

  /** @internal */
  begin(permit: SemaphorePermit): AdaptivePermit {
    this.lent++;
    return new AdaptivePermit(this, permit, Instant.now().ms);
  }

  /** Work is over; `isCounted` says whether it may have been quick. @internal */
  end(permit: SemaphorePermit, since: number, isOverload: boolean, isCounted: boolean): void {
    const isSlow = isOverload || Instant.now().ms - since > this.targetMs;
    if (isSlow) this.cut(since);
    else if (isCounted && 2 * this.lent >= this.limit) this.moveTo(this.current + 1 / this.limit);
    this.lent--;
    if (this.debt > 0) {
      this.debt--;
      permit.forget();
    } else permit.release();
  }

  private cut(since: number): void {
    if (since < this.cutAt) return;
    this.cutAt = Instant.now().ms;
    this.moveTo(this.current * this.decrease);
  }

  private moveTo(wanted: number): void {
    const before = this.limit;
    this.current = Math.min(this.max, Math.max(this.min, wanted));
    const change = this.limit - before;
    if (change > 0) {
      const kept = Math.min(change, this.debt);
      this.debt -= kept;
      this.slots.addPermits(change - kept);
    } else if (change < 0) this.debt += -change - this.slots.forgetPermits(-change);
  }
}

/**
 * Makes a limit on work under way that follows the latency it sees: it grows by one with each round of requests that are quick, and halves when one is slow. For calls
 * to something whose capacity nobody knows, or that changes.
 *
 * Those that wait are served in the order they came. For use on one thread, with the clock of one runtime.
 *
 * @param options - the latency to aim at, and the bounds
 * @throws InvalidArgumentError if an option is missing or not what it should be
 *
 * @example
 * ```ts
 * import { fn, main, sleep } from "toki";
 * import { adaptiveLimit, mapConcurrent } from "toki/util";
 *
 * const fetchUser = fn(function* fetchUser(id: number) {
 *   yield* sleep(1);
 *   return `user ${id}`;
 * });
 * const limit = adaptiveLimit({ targetLatency: 200, initial: 4, max: 64 });
 *
 * await main(function* () {
 *   const users = yield* mapConcurrent([1, 2, 3], 64, (id) => limit.run(() => fetchUser(id)));
 *   console.log(users); // [ 'user 1', 'user 2', 'user 3' ]
 * });
 * ```
 */
export function adaptiveLimit(options: AdaptiveLimitOptions): AdaptiveLimit {
  return new AdaptiveLimit(options);
}
