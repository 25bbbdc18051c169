// A task runs beside the code that spawned it; its handle gives the value.
// Programs 22, 27, 40, 53, 54, 89.
import { fn, main, sleep, spawn } from "toki";

const work = fn(function* work() {
  yield* sleep(100);
  console.log("Task completed");
  return 42;
});

const logEvent = fn(function* logEvent(what: string) {
  console.log("event:", what);
});

await main(function* () {
  const task = spawn(work());
  spawn(logEvent("started")); // its handle is not kept: detached
  console.log("Doing other things");
  console.log("Task returned:", yield* task);
});
