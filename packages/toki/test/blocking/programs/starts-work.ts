// A module that is not fit for a thread: importing it starts a runtime and more jobs.
import { isMainThread } from "node:worker_threads";
import { blocking, type JoinError, Runtime, spawnBlocking } from "toki";
import { add } from "../jobs.js";

const here = blocking(import.meta, function here() {
  return 1;
});

const rt = new Runtime();
await rt.run(function* () {
  const sum = yield* spawnBlocking(add(1, 2));
  console.log(isMainThread ? `on the main thread: ${sum}` : "never");
  try {
    yield* spawnBlocking(here());
  } catch (error) {
    const cause = (error as JoinError).cause as Error & { code: string };
    console.log(cause.code, cause.message);
  }
});
