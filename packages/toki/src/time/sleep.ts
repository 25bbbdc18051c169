/*
 * A sleep, and its entry in the timer wheel: one object, so that a sleeping task costs no more than it must.
 *
 *   IDLE, not fired    created, or reset: not in the wheel
 *   in the wheel       polled and waiting; `timerSlot` says where             poll() puts it there
 *   FIRED              the driver has fired it: ready from now on              fire(), from the driver; poll(), if the deadline has passed
 *   in the wheel -> IDLE   its runtime is over: the poll that it is woken for throws
 *
 * `timerWhen` is the deadline in ticks of the runtime that was current at creation.
 */
import type { Context } from "../future/context.js";
import { Future, pollingContext, resultOf } from "../future/future.js";
import { Pending, type Poll, type Suspend } from "../future/poll.js";
import { rejectSharing } from "../future/sharing.js";
import type { Waker } from "../future/waker.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { keepShape } from "../internal/keep-shape.js";
import { RuntimeShutdownError } from "../runtime/error.js";
import type { TimeDriver, Timer } from "../runtime/time/time-driver.js";
import { IDLE, type TimerEntry } from "../runtime/time/wheel.js";
import { proceed, refund } from "../task/coop.js";
import { type Duration, toMillis } from "./duration.js";
import { Instant } from "./instant.js";
import { currentTime } from "./time-runtime.js";

/** `timerSlot` of a sleep that has fired. Below every slot, and not IDLE. */
const FIRED = -2;
/** Longest sleep: about 30 years, as in Tokio. @internal */
export const FOREVER_MS = 86_400_000 * 365 * 30;

/**
 * A future that is ready once its deadline has passed, never before. Made by {@link sleep} and {@link sleepUntil}.
 *
 * **Cancel safety**: safe; a dropped sleep leaves the timer wheel at once.
 *
 * @example
 * ```ts
 * import { Instant, main, select, sleep } from "toki";
 *
 * await main(function* () {
 *   const idle = sleep(1000);
 *   idle.reset(Instant.now().add(10)); // sooner after all
 *   yield* select({ idle });
 *   console.log(idle.isElapsed); // true
 * });
 * ```
 */
export class Sleep extends Future<void> implements Timer {
  /** @internal */
  timerWhen: number;
  /** @internal */
  timerNext: TimerEntry | null;
  /** @internal */
  timerPrev: TimerEntry | null;
  /** @internal */
  timerSlot: number;
  private waker: Waker | null;
  private readonly time: TimeDriver;

  /** @internal */
  constructor(time: TimeDriver, tick: number) {
    super();
    this.timerWhen = tick;
    this.timerNext = null;
    this.timerPrev = null;
    this.timerSlot = IDLE;
    this.waker = null;
    this.time = time;
  }

  /** The instant it is ready at: what was asked for, rounded up to the runtime's next whole millisecond. */
  get deadline(): Instant {
    return new Instant(this.time.instantOf(this.timerWhen));
  }

  /** Milliseconds to the deadline; negative once it has passed. @internal */
  get left(): number {
    return this.time.instantOf(this.timerWhen) - this.time.now();
  }

  /** Whether it has fired. Reading the clock does not count: it flips when the driver, or a poll after the deadline, fires it. */
  get isElapsed(): boolean {
    return this.timerSlot === FIRED;
  }

  /**
   * Moves the deadline, earlier or later, before the first poll, while waiting, or after it fired. A task that waits is woken at the new deadline.
   */
  reset(deadline: Instant): void {
    if (!(deadline instanceof Instant)) throw invalidArgument("Sleep.reset", "deadline", "an Instant", deadline);
    const waiting = this.timerSlot >= 0;
    if (waiting) this.time.remove(this);
    else this.timerSlot = IDLE;
    this.timerWhen = this.time.tickOf(deadline.ms);
    if (!waiting) return;
    if (!this.time.insert(this)) this.fire();
    else if (this.waker !== null) this.time.admit(this, this.waker);
  }

  /**
   * @throws RuntimeShutdownError if the runtime it belongs to has been shut down
   */
  poll(cx: Context): Poll<void> {
    if (!proceed(cx)) return Pending;
    if (this.timerSlot === FIRED) return undefined;
    if (this.timerSlot === IDLE) {
      if (this.time.isShutdown) throw new RuntimeShutdownError("sleep");
      if (this.time.isDue(this.timerWhen) || !this.time.insert(this)) {
        this.timerSlot = FIRED;
        return undefined;
      }
      this.time.admit(this, cx.waker);
    }
    const { waker } = cx;
    if (this.waker !== null && this.waker !== waker) rejectSharing(this as Future<unknown>, this.waker, waker);
    this.waker = waker;
    refund();
    return Pending;
  }

  override next(): IteratorResult<Suspend, void> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  /** @internal */
  fire(): void {
    this.timerSlot = this.time.isShutdown ? IDLE : FIRED;
    const waker = this.waker;
    this.waker = null;
    if (waker !== null) waker.wake();
  }

  override [Symbol.dispose](): void {
    if (this.timerSlot >= 0) this.time.remove(this);
    this.waker = null;
  }

  override describe(): string {
    const left = this.time.instantOf(this.timerWhen) - this.time.now();
    return left > 0 ? `sleep (${Math.ceil(left)} ms left)` : "sleep (due)";
  }
}

/**
 * Waits until `duration` has passed.
 *
 * The deadline is fixed by the call, not by the await. It is rounded up to the next whole millisecond: never early. `sleep(0)` is ready at once; use
 * {@link yieldNow} to let others run. `sleep(Infinity)` waits some 30 years.
 *
 * **Cancel safety**: safe; a dropped sleep leaves the timer wheel at once.
 *
 * @param duration - milliseconds, or `{ seconds: 2 }` and the like
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
 *
 * @example
 * ```ts
 * import { main, sleep } from "toki";
 *
 * await main(function* () {
 *   yield* sleep(100);
 *   yield* sleep({ seconds: 0.1 });
 *   console.log("200 ms have elapsed");
 * });
 * ```
 */
export function sleep(duration: Duration): Sleep {
  return sleepFor(duration, "sleep");
}

/** A sleep whose errors name `where`. @internal */
export function sleepFor(duration: Duration, where: string): Sleep {
  const time = currentTime(where);
  const ms = toMillis(duration, where, "duration");
  return make(time, time.now(), ms);
}

/**
 * Waits until `deadline`. One that lies in the past is ready at the first poll, without letting others run.
 *
 * **Cancel safety**: safe; a dropped sleep leaves the timer wheel at once.
 *
 * @param deadline - an {@link Instant} of this runtime's clock
 * @throws NoRuntimeError outside a runtime; DriverDisabledError if its timers are disabled
 *
 * @example
 * ```ts
 * import { Instant, main, sleepUntil } from "toki";
 *
 * await main(function* () {
 *   yield* sleepUntil(Instant.now().add(50));
 * });
 * ```
 */
export function sleepUntil(deadline: Instant): Sleep {
  return sleepTill(deadline, "sleepUntil");
}

/** As `sleepUntil`, with errors that name `where`. @internal */
export function sleepTill(deadline: Instant, where: string): Sleep {
  const time = currentTime(where);
  if (!(deadline instanceof Instant)) throw invalidArgument(where, "deadline", "an Instant", deadline);
  const now = time.now();
  return make(time, now, deadline.ms - now);
}

function make(time: TimeDriver, now: number, ms: number): Sleep {
  const future = new Sleep(time, time.tickOf(now + Math.min(ms, FOREVER_MS)));
  if (ms <= 0) future.timerSlot = FIRED;
  return future;
}

keepShape(new Sleep(null as unknown as TimeDriver, 0));
