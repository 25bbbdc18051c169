import { fn, Handle, Instant, interval, select, sleep, spawn, yieldNow } from "toki";
import { ctrlC } from "toki/signal";
import { connections } from "./connections.js";
import { joining } from "./joining.js";
import type { Report, Section } from "./report.js";
import { shutdown } from "./shutdown.js";
import { sleepers } from "./sleepers.js";
import { starvation } from "./starvation.js";
import { stealing } from "./stealing.js";
import { timeouts } from "./timeouts.js";
import { unwinding } from "./unwinding.js";
import { workers } from "./workers.js";

const SECTIONS: readonly Section[] = [
  sleepers,
  connections,
  joining,
  timeouts,
  starvation,
  workers,
  stealing,
  unwinding,
  shutdown,
];

/** Refreshes the progress line while a section runs; it is a task as any other, so a blocked thread shows. */
const showProgress = fn(function* showProgress(report: Report, status: { text: string }) {
  const start = Instant.now();
  const every = interval(100);
  every.missedTickBehavior = "delay";
  for (;;) {
    yield* every.tick();
    report.progress(`${status.text} (${(start.elapsed() / 1000).toFixed(1)} s)`);
  }
});

const runSections = fn(function* runSections(report: Report) {
  for (const section of SECTIONS) {
    report.begin(section);
    const status = { text: section.title };
    const ticker = spawn(showProgress(report, status), { name: "progress" });
    try {
      const finding = yield* section.run((text) => {
        status.text = `${section.title}: ${text}`;
      });
      report.add(section, finding);
    } finally {
      ticker.abort();
      while (!ticker.isFinished()) yield* yieldNow();
    }
  }
});

/** The whole tour, until it is done or Ctrl-C comes: then everything under way is cancelled, and its cleanup awaited. */
export const tour = fn(function* tour(report: Report) {
  let interruptedAt: Instant | undefined;
  const interrupt = fn(function* interrupt() {
    yield* ctrlC();
    interruptedAt = Instant.now();
  });
  const { key } = yield* select({ done: runSections(report), interrupt: interrupt() });
  if (key === "done" || interruptedAt === undefined) return;
  const metrics = Handle.current().metrics();
  while (metrics.numAliveTasks > 0 && interruptedAt.elapsed() < 10_000) yield* sleep(1); // nobody joined them: they are at their last await
  const figures = { cleanupMs: Math.round(interruptedAt.elapsed()), tasksLeft: metrics.numAliveTasks };
  report.interrupted(figures, `Cancelled and cleaned up in ${figures.cleanupMs} ms, ${figures.tasksLeft} tasks left.`);
});
