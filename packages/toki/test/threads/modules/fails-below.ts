// A module that defines its functions, and cannot be imported to its end on another thread.
import { isMainThread } from "node:worker_threads";
import { blocking, fn } from "toki";

export const halfDone = fn(import.meta, function* halfDone() {
  return state;
});

export const halfDoneBlocking = blocking(import.meta, function halfDoneBlocking() {
  return state;
});

if (!isMainThread) {
  throw Object.assign(new Error("not to its end", { cause: new RangeError("why", { cause: "root" }) }), {
    code: "E_END",
  });
}

const state = "ready";
