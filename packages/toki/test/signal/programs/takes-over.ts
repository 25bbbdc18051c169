// Waits for Ctrl-C twice; the second time nobody waits, and the process has to live through it.
import { main, sleep, spawn } from "toki";
import { ctrlC } from "toki/signal";

await main(function* () {
  const others = [spawn(ctrlC()), spawn(ctrlC())];
  const mine = spawn(ctrlC());
  yield* sleep(1);
  console.log("waiting.");
  yield* mine;
  for (const other of others) yield* other;
  console.log("first.");
  yield* sleep(300);
  console.log("still here.");
});
console.log("done");
