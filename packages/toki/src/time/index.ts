/**
 * Timers and the runtime's clock: `sleep`, `timeout`, `interval`, and virtual time for tests.
 *
 * @module
 */
export { advance, ClockError, pause, resume } from "./clock.js";
export type { Duration, DurationLike } from "./duration.js";
export { ElapsedError } from "./elapsed-error.js";
export { Instant } from "./instant.js";
export { Interval, interval, intervalAt, type MissedTickBehavior } from "./interval.js";
export { Sleep, sleep, sleepUntil } from "./sleep.js";
export { Timeout, timeout, timeoutAt } from "./timeout.js";
