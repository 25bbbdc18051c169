// A worker that could have notified has given its handle up: a deadlock, which is noticed though the worker lives on.
import { main, spawn } from "toki";
import { Notify } from "toki/shared";
import { giveUp } from "./functions.js";

await main(function* waitForWorker() {
  const notify = new Notify();
  const task = spawn(giveUp(notify));
  yield* notify.notified();
  yield* task;
});
