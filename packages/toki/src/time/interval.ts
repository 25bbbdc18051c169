/*
 * An interval: one sleep, reset after each tick. The schedule is anchored at creation; `next` is the instant of the next tick, and only a tick that
 * was delivered moves it, so a tick that loses a select is not lost.
 */
import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import type { TimeDriver } from "../runtime/time/time-driver.js";
import { type Duration, toMillis } from "./duration.js";
import { Instant } from "./instant.js";
import { FOREVER_MS, type Sleep, sleepUntil } from "./sleep.js";
import { currentTime } from "./time-runtime.js";

/**
 * What an {@link Interval} does after a tick that came more than 5 ms late.
 *
 * - `"burst"`: the missed ticks follow at once, until the schedule is caught up
 * - `"delay"`: the next tick comes one period after the late one
 * - `"skip"`: missed ticks are left out, the next is the next multiple of the period
 */
export type MissedTickBehavior = "burst" | "delay" | "skip";

const BEHAVIORS: readonly MissedTickBehavior[] = ["burst", "delay", "skip"];
/** Lateness up to this many milliseconds is jitter, and keeps the phase. */
const TOLERANCE_MS = 5;

class Tick extends Future<Instant> {
  readonly #interval: Interval;

  constructor(interval: Interval) {
    super();
    this.#interval = interval;
  }

  poll(cx: Context): Poll<Instant> {
    return this.#interval.pollTick(cx);
  }

  override [Symbol.dispose](): void {
    this.#interval.release();
  }

  override describe(): string {
    return `interval tick (every ${this.#interval.period} ms)`;
  }
}

/**
 * Ticks at a fixed period. Made by {@link interval} and {@link intervalAt}.
 *
 * @example
 * ```ts
 * import { interval, main } from "toki";
 *
 * await main(function* () {
 *   using every = interval(10);
 *   for (let i = 0; i < 3; i++) yield* every.tick();
 *   every.reset(); // the next one comes 10 ms from now
 * });
 * ```
 */
export class Interval implements Disposable {
  /** Milliseconds between ticks. */
  readonly period: number;
  readonly #time: TimeDriver;
  readonly #delay: Sleep;
  #next: number;
  #behavior: MissedTickBehavior = "burst";

  /** @internal */
  constructor(time: TimeDriver, start: number, period: number) {
    this.#time = time;
    this.period = period;
    this.#next = start;
    this.#delay = sleepUntil(new Instant(start));
  }

  /** What happens after a late tick; a change takes effect at the next one. */
  get missedTickBehavior(): MissedTickBehavior {
    return this.#behavior;
  }

  set missedTickBehavior(behavior: MissedTickBehavior) {
    if (!BEHAVIORS.includes(behavior)) {
      throw invalidArgument("Interval.missedTickBehavior", "behavior", '"burst", "delay" or "skip"', behavior);
    }
    this.#behavior = behavior;
  }

  /**
   * Waits for the next tick and gives the instant it was scheduled for, not the time it is now.
   *
   * **Cancel safety**: safe; a tick that was not delivered is not lost.
   *
   * @example
   * ```ts
   * import { interval, main } from "toki";
   *
   * await main(function* () {
   *   const every = interval(10);
   *   for (let i = 0; i < 3; i++) {
   *     yield* every.tick(); // the first is immediate
   *     console.log("tick");
   *   }
   * });
   * ```
   */
  tick(): Future<Instant> {
    return new Tick(this);
  }

  /** Polls for the next tick; only a tick that is delivered moves the schedule. */
  pollTick(cx: Context): Poll<Instant> {
    if (this.#delay.poll(cx) === Pending) return Pending;
    const scheduled = this.#next;
    const now = this.#time.now();
    this.#schedule(now - scheduled > TOLERANCE_MS ? this.#afterMiss(scheduled, now) : scheduled + this.period);
    return new Instant(scheduled);
  }

  #afterMiss(scheduled: number, now: number): number {
    switch (this.#behavior) {
      case "burst":
        return scheduled + this.period;
      case "delay":
        return now + this.period;
      case "skip":
        return now + this.period - ((now - scheduled) % this.period);
    }
  }

  #schedule(next: number): void {
    this.#next = Math.min(next, this.#time.now() + FOREVER_MS);
    this.#delay.reset(new Instant(this.#next));
  }

  /** The next tick comes one period from now; ticks that were missed are forgotten. */
  reset(): void {
    this.#schedule(this.#time.now() + this.period);
  }

  /** The next tick is immediate, and the schedule starts there. */
  resetImmediately(): void {
    this.#schedule(this.#time.now());
  }

  /** The next tick comes after `duration`, and the schedule starts there. */
  resetAfter(duration: Duration): void {
    this.#schedule(this.#time.now() + toMillis(duration, "Interval.resetAfter", "duration"));
  }

  /** The next tick comes at `deadline`, and the schedule starts there. */
  resetAt(deadline: Instant): void {
    if (!(deadline instanceof Instant)) throw invalidArgument("Interval.resetAt", "deadline", "an Instant", deadline);
    this.#schedule(deadline.ms);
  }

  /** @internal */
  release(): void {
    this.#delay[Symbol.dispose]();
  }

  /** Leaves the timer wheel. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * Ticks every `period`, the first time at once. The time between two awaits is not added to the period.
 *
 * @param period - milliseconds, or `{ seconds: 2 }` and the like; not zero
 * @throws InvalidArgumentError if `period` is zero
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
 *
 * @example
 * ```ts
 * import { interval, main } from "toki";
 *
 * await main(function* () {
 *   const every = interval(10);
 *   every.missedTickBehavior = "skip";
 *   yield* every.tick(); // immediately
 *   yield* every.tick(); // 10 ms later
 * });
 * ```
 */
export function interval(period: Duration): Interval {
  const time = currentTime("interval");
  return new Interval(time, time.now(), checkPeriod(period, "interval"));
}

/**
 * Ticks every `period`, the first time at `start`, or at once if that lies in the past.
 *
 * @param start - the instant of the first tick
 * @param period - milliseconds, or `{ seconds: 2 }` and the like; not zero
 * @throws InvalidArgumentError if `period` is zero
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
 *
 * @example
 * ```ts
 * import { Instant, intervalAt, main } from "toki";
 *
 * await main(function* () {
 *   const every = intervalAt(Instant.now().add(20), 10);
 *   yield* every.tick(); // 20 ms from now
 *   yield* every.tick(); // 10 ms later
 * });
 * ```
 */
export function intervalAt(start: Instant, period: Duration): Interval {
  const time = currentTime("intervalAt");
  if (!(start instanceof Instant)) throw invalidArgument("intervalAt", "start", "an Instant", start);
  return new Interval(time, start.ms, checkPeriod(period, "intervalAt"));
}

function checkPeriod(period: Duration, where: string): number {
  const ms = toMillis(period, where, "period");
  if (ms === 0 || !Number.isFinite(ms)) throw invalidArgument(where, "`period`", "non-zero and finite", ms);
  return ms;
}
