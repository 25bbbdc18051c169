import { blocking, fn, JoinSet, spawn } from "toki";

/** Notes how many of these run at once: cell 0 is their number, cell 1 the most there were, cell 2 how many have come. */
export const meet = blocking(import.meta, function meet(shared: SharedArrayBuffer, party: number) {
  const cells = new Int32Array(shared);
  const running = Atomics.add(cells, 0, 1) + 1;
  for (let most = Atomics.load(cells, 1); running > most; most = Atomics.load(cells, 1)) {
    Atomics.compareExchange(cells, 1, most, running);
  }
  // Until `party` have come, so that as many as may run at once do.
  if (Atomics.add(cells, 2, 1) + 1 >= party) Atomics.notify(cells, 2);
  for (let seen = Atomics.load(cells, 2); seen < party; seen = Atomics.load(cells, 2)) Atomics.wait(cells, 2, seen);
  Atomics.sub(cells, 0, 1);
  return true;
});

export const meetFromWorker = fn(
  import.meta,
  function* meetFromWorker(shared: SharedArrayBuffer, party: number, jobs: number) {
    const set = new JoinSet<boolean>();
    for (let i = 0; i < jobs; i++) set.spawnBlocking(meet(shared, party));
    return (yield* set.joinAll()).length;
  },
);

/** Ends its worker, after as many jobs as there may be threads for them. */
export const dieAfterJobs = fn(import.meta, function* dieAfterJobs(shared: SharedArrayBuffer, jobs: number) {
  yield* spawn(meetFromWorker(shared, jobs, jobs));
  process.exit(3);
});
