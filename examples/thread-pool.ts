// The same body on a thread pool and on a single thread. What is spawned from it runs on the workers if every thread knows the function, and here if not.
// Programs 5, 15, 41, 99.
import { availableParallelism } from "node:os";
import { isMainThread } from "node:worker_threads";
import { Builder, fn, Handle, main, Runtime, spawn } from "toki";

const add = fn(import.meta, function* add(a: number, b: number) {
  return { sum: a + b, isMainThread };
});

const body = fn(function* body() {
  const { flavor } = Handle.current();
  const { sum, isMainThread: onMain } = yield* spawn(add(40, 2));
  const here = yield* spawn(function* () {
    return isMainThread; // not known elsewhere: it stays
  });
  console.log(`  ${flavor}: ${sum}, on ${onMain ? "this thread" : "a worker"}; the other task here: ${here}`);
});

await main(
  function* () {
    console.log("Running on a thread pool!", Handle.current().metrics().numWorkers, "workers");
    yield* body();
  },
  { workerThreads: 4 },
);
await main(
  function* () {
    console.log("Running on a single thread!");
    yield* body();
  },
  { flavor: "currentThread" },
);

// What the two stand for. The workers import this module too, and only `main` knows by itself that it is not meant there.
if (isMainThread) {
  const runtimes = [new Runtime(), Builder.multiThread().workerThreads(4).enableAll().build()];
  for (const rt of [...runtimes, new Runtime({ flavor: "currentThread" })]) {
    await rt.run(body());
    await rt.shutdown();
  }
  const cores = availableParallelism();
  console.log("a worker for each core:", new Runtime().metrics().numWorkers === cores);
}
