// A module that is not fit for a worker: importing it makes a runtime and spawns a task that needs this module on a worker.
import { writeSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { fn, type JoinError, Runtime, spawn } from "toki";

const here = fn(import.meta, function* here() {
  return 1;
});

/** At once: what a worker prints by way of the main thread is lost if that ends first. */
const say = (...words: unknown[]) => void writeSync(1, `${words.join(" ")}\n`);

say("thread", threadId);
const rt = new Runtime({ workerThreads: 1 });
await rt.run(function* () {
  try {
    yield* spawn(here());
  } catch (error) {
    // On the worker the spawn itself throws; here, the task fails with that.
    const cause = ((error as JoinError).cause ?? error) as Error & { code: string };
    say(cause.code, cause.message);
    throw error;
  }
});
