import { Instant } from "toki";

/** Milliseconds since `start`, to the microsecond: what two readings of a paused clock differ by. */
export function since(start: Instant): number {
  return between(start, Instant.now());
}

export function between(start: Instant, end: Instant): number {
  return Math.round(end.compare(start) * 1000) / 1000;
}
