// Cancellation across threads: a worker unwinds its task, with cleanup that awaits, and only then does the handle settle here.
import { ElapsedError, fn, main, pending, scope, sleep, spawn, timeout } from "toki";

const [BEGUN, CLEANING, CLEANED] = [0, 1, 2];

const transfer = fn(import.meta, function* transfer(counts: Int32Array) {
  Atomics.add(counts, 0, 1);
  try {
    yield* sleep(60_000);
  } finally {
    Atomics.add(counts, 1, 1);
    yield* sleep(10); // a rollback takes its time
    Atomics.add(counts, 2, 1);
  }
});

/** What the tasks have done, in memory that all threads see. */
const counts = new Int32Array(new SharedArrayBuffer(12));

const begun = fn(function* begun(tasks: number) {
  while (Atomics.load(counts, BEGUN) < tasks) yield* sleep(1);
});

const show = (after: string) =>
  console.log(`${after}: ${counts[BEGUN]} begun, ${counts[CLEANING]} cancelled, ${counts[CLEANED]} cleaned up`);

await main(
  function* () {
    const task = spawn(transfer(counts));
    yield* begun(1);
    task.abort();
    try {
      yield* task;
    } catch (error) {
      console.log((error as Error).message.replace(/\d+/, "N"));
    }
    show("abort");

    // A scope that fails cancels its tasks, wherever they run, and ends when they have cleaned up.
    try {
      yield* scope(function* (s) {
        for (let i = 0; i < 3; i++) s.spawn(transfer(counts));
        yield* begun(4);
        yield* timeout(20, pending());
      });
    } catch (error) {
      console.log(error instanceof ElapsedError && error.message);
    }
    show("scope");
  },
  { workerThreads: 2 },
);
