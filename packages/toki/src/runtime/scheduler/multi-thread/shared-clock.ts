/*
 * Moments that go from thread to thread in a word: microseconds of a clock that all threads share, of which the word holds the last 32 bits. Two of them tell durations
 * of up to an hour apart.
 */
import type { Host } from "../../driver/host.js";

/** Now. @internal */
export function nowMicros(host: Host): number {
  return Math.floor((host.processNow() * 1000) % 2 ** 32) | 0;
}

/** Milliseconds since another thread took `moment`. @internal */
export function sinceMicros(host: Host, moment: number): number {
  return ((nowMicros(host) - moment) >>> 0) / 1000;
}
