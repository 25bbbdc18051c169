// A module that defines its function under a condition, which does not hold on a worker; and others with a name that is taken.
import { isMainThread } from "node:worker_threads";
import { fn } from "toki";

export const missing = isMainThread
  ? fn(import.meta, function* missing() {
      return 1;
    })
  : undefined;

export const present = fn(import.meta, function* present() {
  return "present";
});
