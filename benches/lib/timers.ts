/** The timer load, the same for every peer. */

/** How long the timers that are created and cancelled would have run. */
export const OP_MS = 30_000;

/** How many timeouts of one duration the `timer-rearm` benchmark keeps alive. */
export const WINDOW = 1000;

/** `count` durations spread over one minute, ten minutes away: none fires while anything is measured. */
export function* deadlines(count: number): Generator<number> {
  let seed = 12345;
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    yield 600_000 + Math.floor((seed / 2 ** 32) * 60_000);
  }
}
