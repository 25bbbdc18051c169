// A module that is never ready on a worker.
import { isMainThread } from "node:worker_threads";
import { fn } from "toki";

if (!isMainThread) await new Promise(() => {});

export const waitsForModule = fn(import.meta, function* waitsForModule(..._unread: unknown[]) {
  return 1;
});
