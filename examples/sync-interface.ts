// A synchronous function that uses all cores: blockOn really blocks its thread, while the workers go on. For code that cannot await: a plugin of a
// synchronous tool, a loader hook, a getter.

import { isMainThread } from "node:worker_threads";
import { deflateSync } from "node:zlib";
import { ElapsedError, fn, JoinError, join, Runtime, sleep, spawn, timeout } from "toki";

const compress = fn(import.meta, function* compress(text: string) {
  return deflateSync(text).length;
});

const never = fn(import.meta, function* never() {
  yield* sleep(60_000);
});

const fails = fn(import.meta, function* fails() {
  throw new RangeError("not on this worker");
});

const rt = new Runtime({ workerThreads: 2 });

function compressAllSync(texts: readonly string[]): number[] {
  return rt.blockOn(join(...texts.map((text) => rt.spawn(compress(text)))));
}

if (isMainThread) {
  console.log(compressAllSync(["a".repeat(100_000), "ab".repeat(100_000), "abc".repeat(100_000)]));

  // A deadline; a reply that comes too late answers nothing.
  try {
    rt.blockOn(function* () {
      yield* timeout(20, spawn(never()));
    });
  } catch (error) {
    console.log(error instanceof ElapsedError && error.message);
  }
  console.log(compressAllSync(["still fine"]));

  // What the function threw is the cause.
  try {
    rt.blockOn(rt.spawn(fails()));
  } catch (error) {
    console.log(error instanceof JoinError && error.cause);
  }
  await rt.shutdown();
}
