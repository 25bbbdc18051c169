// 10,000 tasks that sleep one second each, and 1,000 "connections" of 100 ms: about a second, about a tenth of one.
// Programs 2, 11.
import { fn, Instant, main, sleep, spawn } from "toki";

const work = fn(function* work(ms: number) {
  yield* sleep(ms);
  return 1;
});

const runMany = fn(function* runMany(tasks: number, ms: number) {
  const start = Instant.now();
  const handles = Array.from({ length: tasks }, () => spawn(work(ms)));
  let done = 0;
  for (const handle of handles) done += yield* handle;
  return { done, elapsed: start.elapsed() };
});

await main(function* () {
  for (const [tasks, ms] of [
    [10_000, 1000],
    [1000, 100],
  ] as const) {
    const { done, elapsed } = yield* runMany(tasks, ms);
    console.log(`${done} tasks slept ${ms} ms each, in ${(elapsed / 1000).toFixed(2)} s`);
  }
});
