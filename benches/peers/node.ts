/** Node's own timers. */
import { type Bench, consume, type Suite, since } from "../lib/measure.js";
import { deadlines, OP_MS, WINDOW } from "../lib/timers.js";

function nothing(): void {}

const live: NodeJS.Timeout[] = [];

function createCancel(n: number): number {
  const start = performance.now();
  for (let i = 0; i < n; i++) clearTimeout(setTimeout(nothing, OP_MS));
  return since(start);
}

function withLive(count: number): Bench {
  return {
    setup() {
      for (const ms of deadlines(count)) live.push(setTimeout(nothing, ms));
      consume(live);
    },
    run: createCancel,
  };
}

const ring: NodeJS.Timeout[] = [];

function rearm(n: number): number {
  const start = performance.now();
  for (let i = 0, at = 0; i < n; i++) {
    clearTimeout(ring[at]);
    ring[at] = setTimeout(nothing, OP_MS);
    if (++at === WINDOW) at = 0;
  }
  return since(start);
}

export const suite: Suite = {
  "timer-0": withLive(0),
  "timer-100k": withLive(100_000),
  "timer-1m": withLive(1_000_000),
  "timer-rearm": {
    setup() {
      for (let i = 0; i < WINDOW; i++) ring.push(setTimeout(nothing, OP_MS));
    },
    run: rearm,
  },
};
