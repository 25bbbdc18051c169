// A runtime made by hand: four workers with names, and blockOn, which blocks the calling thread while they work.
// Program 16.
import { isMainThread } from "node:worker_threads";
import { Builder, fn, pending, sleep, spawn } from "toki";

const work = fn(import.meta, function* work(name: string) {
  yield* sleep(100);
  return `${name} done`;
});

const leftover = fn(function* leftover() {
  try {
    yield* pending();
  } finally {
    console.log("leftover task: cancelled");
  }
});

// The workers import this module for `work`: the program is not meant for them.
if (isMainThread) {
  let threads = 0;
  const rt = Builder.multiThread()
    .workerThreads(4)
    .threadNameFn(() => `my-worker-${++threads}`)
    .enableAll()
    .build();
  rt.spawn(leftover());
  console.log("Custom runtime!");
  console.log(rt.blockOn(work("Work"))); // on this thread, as the body of a blockOn always is
  console.log(
    rt.blockOn(function* () {
      const handles = ["a", "b", "c"].map((name) => spawn(work(name))); // on the workers, at once
      const done: string[] = [];
      for (const handle of handles) done.push(yield* handle);
      return done.join(", ");
    }),
  );
  console.log("threads:", threads);
  await rt.shutdown();
}
