import { type Future, fn, Instant, interval, sleep, spawn, yieldNow } from "toki";
import { mpsc } from "toki/sync";
import type { Section } from "./report.js";

const WORK_MS = 300;
const SLICE_MS = 2;
const TICK_MS = 10;

function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const inOnePiece = fn(function* inOnePiece() {
  burn(WORK_MS);
});

const inSlices = fn(function* inSlices() {
  for (let done = 0; done < WORK_MS; done += SLICE_MS) {
    burn(SLICE_MS);
    yield* yieldNow();
  }
});

/** A task that never has to wait: its channel is never empty, and never full. */
const alwaysReady = fn(function* alwaysReady() {
  const [tx, rx] = mpsc.channel<number>(1);
  for (let done = 0; done < WORK_MS; done += SLICE_MS) {
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end) {
      yield* tx.send(1);
      yield* rx.recv();
    }
  }
});

interface Lateness {
  ticks: number;
  worstMs: number;
}

const ticker = fn(function* ticker(seen: Lateness) {
  const every = interval(TICK_MS);
  every.missedTickBehavior = "delay";
  for (;;) {
    const due = yield* every.tick();
    seen.ticks++;
    seen.worstMs = Math.max(seen.worstMs, Math.round(Instant.now().durationSince(due)));
  }
});

const lateWhile = fn(function* lateWhile(work: Future<void>) {
  const seen: Lateness = { ticks: 0, worstMs: 0 };
  const ticking = spawn(ticker(seen));
  const working = spawn(work);
  try {
    yield* working;
    yield* sleep(1);
  } finally {
    // Tasks have no parents: without this they would outlive a Ctrl-C here.
    for (const task of [working, ticking]) {
      task.abort();
      while (!task.isFinished()) yield* yieldNow();
    }
  }
  return seen;
});

export const starvation: Section = {
  key: "starvation",
  title: "A 10 ms ticker beside a task that has 300 ms of work",
  run: fn(function* starvation(progress: (text: string) => void) {
    progress("in one piece (this line stands still)");
    const blocked = yield* lateWhile(inOnePiece());
    progress("in slices");
    const sliced = yield* lateWhile(inSlices());
    progress("always ready");
    const ready = yield* lateWhile(alwaysReady());
    const line = (what: string, { ticks, worstMs }: Lateness) =>
      `${what} ${String(ticks).padStart(2)} ticks, the latest by ${worstMs} ms`;
    return {
      ok: sliced.ticks > blocked.ticks && ready.ticks > blocked.ticks,
      figures: { workMs: WORK_MS, tickMs: TICK_MS, inOnePiece: blocked, inSlices: sliced, alwaysReady: ready },
      lines: [
        line("in one piece, no await:   ", blocked),
        line("in slices, with yieldNow: ", sliced),
        line("on a channel, never idle: ", ready),
      ],
    };
  }),
};
