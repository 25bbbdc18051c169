// Structured concurrency: tasks of a scope cannot outlive it. The first failure cancels the others, and their cleanup is awaited.
import { fn, main, pause, scope, sleep } from "toki";

const worker = fn(function* worker(name: string, ms: number) {
  try {
    yield* sleep(ms);
    if (name === "b") throw new Error("b has failed");
    return name;
  } finally {
    yield* sleep(5);
    console.log(`${name}: cleaned up`);
  }
});

await main(
  function* () {
    pause();
    try {
      yield* scope(function* (s) {
        s.spawn(worker("a", 10));
        s.spawn(worker("b", 20));
        s.spawn(worker("c", 1000));
        // Returning does not end the scope: it waits for its tasks.
      });
    } catch (error) {
      console.log("scope:", (error as Error).message);
    }
  },
  { flavor: "currentThread" },
);
