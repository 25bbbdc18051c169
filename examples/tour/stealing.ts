import { fn, Handle, Instant, spawn } from "toki";
import type { Section } from "./report.js";
import { fanOut } from "./work.js";

const TASKS = 200;
const STEP = 500;
/** Primes below 500, below 1,000, ... below 100,000, added up. */
const PRIMES = 1_014_387;

export const stealing: Section = {
  key: "stealing",
  title: `${TASKS} tasks of growing length, all spawned on one worker`,
  run: fn(function* stealing(_progress: (text: string) => void) {
    const metrics = Handle.current().metrics();
    const { numWorkers } = metrics;
    const read = () =>
      Array.from({ length: numWorkers }, (_, worker) => ({
        busyMs: metrics.workerTotalBusyDuration(worker),
        stolen: metrics.workerStealCount(worker),
        steals: metrics.workerStealOperations(worker),
      }));
    const before = read();
    const start = Instant.now();
    const task = spawn(fanOut(TASKS, STEP), { name: "fan-out" });
    let outcome: { primes: number; ranOn: Record<number, number>; spawnedOn: number };
    try {
      outcome = yield* task;
    } finally {
      task.abort(); // a Ctrl-C ends this wait, not the task: see starvation.ts
    }
    const elapsedMs = Math.round(start.elapsed());
    const { primes, ranOn, spawnedOn } = outcome;
    const workers = read().map((now, worker) => ({
      ran: ranOn[worker] ?? 0,
      busyMs: Math.round(now.busyMs - (before[worker]?.busyMs ?? 0)),
      stolen: now.stolen - (before[worker]?.stolen ?? 0),
      steals: now.steals - (before[worker]?.steals ?? 0),
    }));
    const stolen = workers.reduce((sum, worker) => sum + worker.stolen, 0);
    return {
      ok: primes === PRIMES && (numWorkers === 1 || stolen > 0),
      figures: { tasks: TASKS, spawnedOn, elapsedMs, stolen, workers },
      lines: workers.map(
        ({ ran, busyMs, stolen, steals }, worker) =>
          `worker ${worker}${worker === spawnedOn ? " (spawned them)" : ""}: ran ${ran}, busy ${busyMs} of ${elapsedMs} ms, stole ${stolen} tasks in ${steals} raids`,
      ),
    };
  }),
};
