// When main returns, the tasks that are left are cancelled: the process ends at once, not after ten seconds.
// Program 21.
import { main, sleep, spawn } from "toki";

await main(function* () {
  spawn(function* () {
    yield* sleep({ seconds: 10 });
    console.log("never printed");
  });
  console.log("Main done");
});
