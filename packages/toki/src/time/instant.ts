import { host } from "#host";
import { current } from "../future/current.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { type Duration, toMillis } from "./duration.js";

/**
 * A moment on the runtime's clock: monotonic, and virtual while the clock is paused. Outside a runtime it is the machine's monotonic clock.
 *
 * Instants are values; arithmetic makes new ones. Resolution is that of the machine's clock, timers fire on whole milliseconds.
 *
 * @example
 * ```ts
 * import { Instant, main, sleep } from "toki";
 *
 * await main(function* () {
 *   const start = Instant.now();
 *   yield* sleep(20);
 *   console.log(start.elapsed() >= 20); // true
 * });
 * ```
 */
export class Instant {
  /** @internal */
  readonly ms: number;

  /** @internal */
  constructor(ms: number) {
    this.ms = ms;
  }

  /** The clock's reading. */
  static now(): Instant {
    return new Instant(clockNow());
  }

  /** Milliseconds from this instant to now; 0 if it lies ahead. */
  elapsed(): number {
    return Math.max(0, clockNow() - this.ms);
  }

  /** Milliseconds from `earlier` to this instant; 0 if `earlier` is the later one. */
  durationSince(earlier: Instant): number {
    return Math.max(0, this.ms - check(earlier, "durationSince", "earlier").ms);
  }

  /** As `durationSince`, but undefined if `earlier` is the later one. */
  checkedDurationSince(earlier: Instant): number | undefined {
    const ms = this.ms - check(earlier, "checkedDurationSince", "earlier").ms;
    return ms < 0 ? undefined : ms;
  }

  /**
   * The instant `duration` later.
   *
   * @throws RangeError if it is too far away to represent
   */
  add(duration: Duration): Instant {
    const later = make(this.ms + toMillis(duration, "Instant.add", "duration"));
    if (later === undefined) throw new RangeError("Instant.add: the result is too far away");
    return later;
  }

  /**
   * The instant `duration` earlier.
   *
   * @throws RangeError if it is too far away to represent
   */
  sub(duration: Duration): Instant {
    const earlier = make(this.ms - toMillis(duration, "Instant.sub", "duration"));
    if (earlier === undefined) throw new RangeError("Instant.sub: the result is too far away");
    return earlier;
  }

  /** As `add`, but undefined if the result is too far away. */
  checkedAdd(duration: Duration): Instant | undefined {
    return make(this.ms + toMillis(duration, "Instant.checkedAdd", "duration"));
  }

  /** As `sub`, but undefined if the result is too far away. */
  checkedSub(duration: Duration): Instant | undefined {
    return make(this.ms - toMillis(duration, "Instant.checkedSub", "duration"));
  }

  /** Negative, 0 or positive, as this instant is before, at or after `other`: for sorting. */
  compare(other: Instant): number {
    return this.ms - check(other, "compare", "other").ms;
  }

  /** Whether both are the same moment. */
  equals(other: Instant): boolean {
    return this.compare(other) === 0;
  }

  /** Seconds and nanoseconds, as `process.hrtime()` has them. */
  toHrtime(): [seconds: number, nanoseconds: number] {
    const seconds = Math.floor(this.ms / 1000);
    const nanoseconds = Math.round((this.ms - seconds * 1000) * 1e6);
    return nanoseconds < 1e9 ? [seconds, nanoseconds] : [seconds + 1, 0];
  }
}

function check(value: Instant, method: string, argument: string): Instant {
  if (value instanceof Instant) return value;
  throw invalidArgument(`Instant.${method}`, argument, "an Instant", value);
}

function make(ms: number): Instant | undefined {
  return Math.abs(ms) <= Number.MAX_SAFE_INTEGER ? new Instant(ms) : undefined;
}

/** The current runtime's clock, or the machine's. @internal */
export function clockNow(): number {
  const rt = current.runtime;
  return rt === null ? host.now() : rt.time.now();
}
