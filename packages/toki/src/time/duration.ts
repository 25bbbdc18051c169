import { invalidArgument } from "../internal/invalid-argument.js";

/**
 * A length of time: milliseconds as a number, or anything shaped like this, a `Temporal.Duration` included. Calendar units (years, months, weeks)
 * have no fixed length and are refused.
 */
export interface DurationLike {
  /** Whole or part days of 24 hours. */
  readonly days?: number;
  /** Hours. */
  readonly hours?: number;
  /** Minutes. */
  readonly minutes?: number;
  /** Seconds. */
  readonly seconds?: number;
  /** Milliseconds. */
  readonly milliseconds?: number;
  /** Thousandths of a millisecond. */
  readonly microseconds?: number;
  /** Millionths of a millisecond. */
  readonly nanoseconds?: number;
}

/** A length of time. */
export type Duration = number | DurationLike;

const UNITS = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1,
  microseconds: 1e-3,
  nanoseconds: 1e-6,
} as const;
const CALENDAR = ["years", "months", "weeks"] as const;
const EXPECTED = "milliseconds (0 or more) or an object with hours, minutes, seconds, milliseconds";

/** A duration in milliseconds. Infinity is allowed. @internal */
export function toMillis(duration: Duration, where: string, argument: string): number {
  if (typeof duration === "number" && duration >= 0) return duration;
  return toMillisSlowly(duration, where, argument);
}

function toMillisSlowly(duration: Duration, where: string, argument: string): number {
  if (typeof duration !== "object" || duration === null) throw invalidArgument(where, argument, EXPECTED, duration);
  let total = 0;
  let known = false;
  for (const unit of Object.keys(UNITS) as (keyof typeof UNITS)[]) {
    const value = duration[unit];
    if (value === undefined) continue;
    if (typeof value !== "number" || Number.isNaN(value))
      throw invalidArgument(where, `${argument}.${unit}`, "a number", value);
    known = true;
    total += value * UNITS[unit];
  }
  for (const unit of CALENDAR) {
    const value = (duration as Record<string, unknown>)[unit];
    if (value !== undefined && value !== 0) {
      throw invalidArgument(where, `${argument}.${unit}`, "absent: calendar units have no fixed length", value);
    }
  }
  if (!known || !(total >= 0)) throw invalidArgument(where, argument, EXPECTED, known ? total : duration);
  return total;
}
