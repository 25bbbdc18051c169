import { fn, Instant, JoinSet, sleep } from "toki";
import { heapInUse } from "./memory.js";
import type { Section } from "./report.js";

const TASKS = 10_000;
const MS = 1000;

const nap = fn(function* nap() {
  yield* sleep(MS);
  return 1;
});

export const sleepers: Section = {
  key: "sleepers",
  title: "10,000 tasks sleep one second each",
  run: fn(function* sleepers(progress: (text: string) => void) {
    const before = heapInUse();
    const start = Instant.now();
    using tasks = new JoinSet<number>();
    for (let i = 0; i < TASKS; i++) tasks.spawn(nap());
    yield* sleep(MS / 2); // all of them are asleep
    const bytesPerTask = Math.round((heapInUse() - before) / TASKS);
    let done = 0;
    for (let joined = yield* tasks.joinNext(); joined !== undefined; joined = yield* tasks.joinNext()) {
      if (joined.ok) done += joined.value;
      progress(`${done} done`);
    }
    const elapsedMs = Math.round(start.elapsed());
    return {
      ok: done === TASKS,
      figures: { tasks: TASKS, done, sleepMs: MS, elapsedMs, bytesPerTask },
      lines: [
        `${done} done after ${(elapsedMs / 1000).toFixed(2)} s on one thread; ${bytesPerTask} bytes of heap each while asleep`,
      ],
    };
  }),
};
