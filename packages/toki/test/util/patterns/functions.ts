import { threadId } from "node:worker_threads";
import { fn } from "toki";

export const whichThread = fn(import.meta, function* whichThread() {
  return threadId;
});
