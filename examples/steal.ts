// A skewed load that stealing evens out: one task spawns all the others, so that they wait in the queue of its worker; the other workers take half of
// what is there, and half again.
// Program 14.
import { fn, Handle, main, spawn, workerIndex } from "toki";

/** Each takes longer than the one before: nobody can split that fairly in advance. */
const countPrimes = fn(import.meta, function* countPrimes(below: number) {
  let count = 0;
  for (let n = 2; n < below; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) count++;
  }
  return { count, worker: workerIndex() ?? -1 };
});

const fanOut = fn(import.meta, function* fanOut(tasks: number, step: number) {
  const handles = Array.from({ length: tasks }, (_, i) => spawn(countPrimes((i + 1) * step)));
  const ranOn: Record<number, number> = {};
  let primes = 0;
  for (const handle of handles) {
    const { count, worker } = yield* handle;
    primes += count;
    ranOn[worker] = (ranOn[worker] ?? 0) + 1;
  }
  return { primes, ranOn, spawnedOn: workerIndex() ?? -1 };
});

const TASKS = 200;
const WORKERS = 2;

await main(
  function* () {
    // Workers are started by the first task for them, and are there a moment later.
    while (Object.keys((yield* spawn(fanOut(50, 500))).ranOn).length < WORKERS);

    const { primes, ranOn, spawnedOn } = yield* spawn(fanOut(TASKS, 500));
    const metrics = Handle.current().metrics();
    console.log(`${TASKS} tasks, all spawned on worker ${spawnedOn}; ${primes} primes`);
    for (let worker = 0; worker < WORKERS; worker++) {
      const busy = Math.round(metrics.workerTotalBusyDuration(worker));
      console.log(
        `worker ${worker}: ran ${ranOn[worker] ?? 0}, busy ${busy} ms, stole ${metrics.workerStealCount(worker)} tasks in ${metrics.workerStealOperations(worker)} raids`,
      );
    }
  },
  { workerThreads: WORKERS },
);
