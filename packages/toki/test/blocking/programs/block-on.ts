import { JoinError, Runtime, spawnBlocking } from "toki";
import { exhaust, exit, fail, forever } from "../jobs.js";
import { cells } from "../support.js";

const rt = new Runtime({ maxBlockingThreads: 2 });
rt.blockOn(function* () {
  const endless = spawnBlocking(forever(cells()));
  for (const job of [fail("type"), exit(5), exhaust()]) {
    try {
      yield* spawnBlocking<unknown>(job);
    } catch (error) {
      console.log(String((error as JoinError).cause));
    }
  }
  endless.abort({ terminate: true });
  try {
    yield* endless;
  } catch (error) {
    if (error instanceof JoinError && error.isCancelled()) console.log("cancelled");
  }
});
rt.shutdownBackground();
