import type { Context } from "../future/context.js";
import { Future } from "../future/future.js";
import { Pending, type Poll } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { crosses } from "../portable/error-classes.js";
import { RuntimeError } from "../runtime/error.js";
import type { TimeDriver } from "../runtime/time/time-driver.js";
import { type Duration, toMillis } from "./duration.js";
import { currentClock } from "./time-runtime.js";

/**
 * The clock is paused and must not be, or is not and must be, or cannot be.
 *
 * @example
 * ```ts
 * import { ClockError, main, resume } from "toki";
 *
 * await main(function* () {
 *   try {
 *     resume();
 *   } catch (error) {
 *     console.log(error instanceof ClockError); // true
 *   }
 * });
 * ```
 */
export class ClockError extends RuntimeError {
  override readonly name = "ClockError";
  readonly code = "TOKI_CLOCK";
}

crosses(ClockError, "ClockError");

/**
 * Stops the runtime's clock. From now on it moves by {@link advance}, and by itself when every task waits: then it jumps to the next deadline, so
 * that tests with long timers take no time.
 *
 * Only on a current-thread runtime: the clocks of several threads cannot stand at one moment. `main`, `Runtime` and tests get one with
 * `{ flavor: "currentThread" }`, or with `{ startPaused: true }`, whose clock stands from the first instant.
 *
 * @throws ClockError if the clock stands already, or on the multi-thread scheduler
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { Instant, main, pause, sleep } from "toki";
 *
 * await main(function* () {
 *   pause();
 *   const start = Instant.now();
 *   yield* sleep({ hours: 1 });
 *   console.log(start.elapsed()); // 3600000
 * }, { flavor: "currentThread" });
 * ```
 */
export function pause(): void {
  const { time, threads } = currentClock("pause");
  if (threads !== null) throw onThreads();
  if (time.isPaused) throw new ClockError("time is already frozen");
  time.pause();
}

/**
 * Lets the clock run again, from the value it stands at.
 *
 * @throws ClockError if the clock is running
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { main, pause, resume } from "toki";
 *
 * await main(function* () {
 *   pause();
 *   resume();
 * }, { flavor: "currentThread" });
 * ```
 */
export function resume(): void {
  const { time } = currentClock("resume");
  if (!time.isPaused) throw new ClockError("time is not frozen");
  time.resume();
}

function onThreads(): ClockError {
  return new ClockError(
    'time can only be frozen on the current-thread scheduler; give the runtime { flavor: "currentThread" } or { startPaused: true }',
  );
}

class Advance extends Future<void> {
  private readonly time: TimeDriver;
  private readonly ms: number;
  private advanced = false;

  constructor(time: TimeDriver, ms: number) {
    super();
    this.time = time;
    this.ms = ms;
  }

  poll(cx: Context): Poll<void> {
    if (this.advanced) return undefined;
    if (!this.time.isPaused) throw new ClockError("time is not frozen");
    this.advanced = true;
    this.time.advance(this.ms);
    cx.waker.wake();
    return Pending;
  }

  override describe(): string {
    return `advance ${this.ms} ms`;
  }
}

/**
 * Moves the paused clock forward at once, fires what became due, and yields once. A task that was woken by a timer may not have run yet when this
 * returns: give it a turn with {@link yieldNow}, or await it.
 *
 * **Cancel safety**: the clock moves at the first poll or not at all.
 *
 * @param duration - milliseconds, or `{ seconds: 2 }` and the like
 * @throws ClockError if the clock is running, as it always is on the multi-thread scheduler
 * @throws NoRuntimeError outside a runtime
 *
 * @example
 * ```ts
 * import { advance, main, pause, sleep, spawn } from "toki";
 *
 * await main(function* () {
 *   pause();
 *   const task = spawn(sleep(10_000));
 *   yield* advance(10_000);
 *   yield* task;
 *   console.log("no time has passed");
 * }, { flavor: "currentThread" });
 * ```
 */
export function advance(duration: Duration): Future<void> {
  const { time, threads } = currentClock("advance");
  if (threads !== null) throw onThreads();
  if (!time.isPaused) throw new ClockError("time is not frozen");
  const ms = toMillis(duration, "advance", "duration");
  if (!Number.isFinite(ms)) throw invalidArgument("advance", "duration", "finite", ms);
  return new Advance(time, ms);
}
