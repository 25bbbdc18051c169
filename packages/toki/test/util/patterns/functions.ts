import { threadId } from "node:worker_threads";
import { fn } from "toki";

/** Blocks its thread until two of them do. */
export const whichThread = fn(import.meta, function* whichThread(words: Int32Array) {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  while (Atomics.load(words, 0) < 2) Atomics.wait(words, 0, 1);
  return threadId;
});
