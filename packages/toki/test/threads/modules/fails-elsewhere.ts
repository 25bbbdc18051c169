// A module that can be imported on the first thread alone.
import { isMainThread } from "node:worker_threads";
import { fn } from "toki";

if (!isMainThread) throw new Error("not on this thread");

export const unreachable = fn(import.meta, function* unreachable() {
  return 1;
});
