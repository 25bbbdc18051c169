// A listener that nobody waits on, and one whose wait was dropped, do not keep the process alive.
import { main, select, sleep, spawn } from "toki";
import { ctrlC, SignalKind, signal } from "toki/signal";

await main(function* () {
  signal(SignalKind.terminate());
  spawn(ctrlC());
  yield* select({ ctrlC: ctrlC(), done: sleep(1) });
});
console.log("done");
