// A synchronous function that uses all cores: blockOn really blocks its thread, while the workers go on. For code that cannot await: a plugin of a
// synchronous tool, a loader hook, a getter.

import { createHash } from "node:crypto";
import { isMainThread } from "node:worker_threads";
import { ElapsedError, fn, JoinError, join, Runtime, sleep, spawn, timeout } from "toki";

const sha256 = fn(import.meta, function* sha256(text: string) {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
});

const never = fn(import.meta, function* never() {
  yield* sleep(60_000);
});

const fails = fn(import.meta, function* fails() {
  throw new RangeError("not on this worker");
});

const rt = new Runtime({ workerThreads: 2 });

function hashAllSync(texts: readonly string[]): string[] {
  return rt.blockOn(join(...texts.map((text) => rt.spawn(sha256(text)))));
}

if (isMainThread) {
  console.log(hashAllSync(["a", "b", "c"]));

  // A deadline; a reply that comes too late answers nothing.
  try {
    rt.blockOn(function* () {
      yield* timeout(20, spawn(never()));
    });
  } catch (error) {
    console.log(error instanceof ElapsedError && error.message);
  }
  console.log(hashAllSync(["a"]));

  // What the function threw is the cause.
  try {
    rt.blockOn(rt.spawn(fails()));
  } catch (error) {
    console.log(error instanceof JoinError && error.cause);
  }
  await rt.shutdown();
}
