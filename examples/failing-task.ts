// An error stays with the task that threw it: the others go on, and whoever awaits the handle gets a JoinError.
// Program 28.
import { fn, JoinError, main, sleep, spawn } from "toki";

const handler = fn(function* handler(request: number) {
  yield* sleep(10);
  if (request === 2) throw new Error(`cannot handle request ${request}`);
  return `handled ${request}`;
});

await main(function* () {
  const tasks = [1, 2, 3].map((request) => spawn(handler(request)));
  for (const task of tasks) {
    try {
      console.log(yield* task);
    } catch (error) {
      if (!(error instanceof JoinError && error.isPanic())) throw error;
      console.log("failed:", (error.cause as Error).message);
    }
  }
  console.log("server still running");
});
