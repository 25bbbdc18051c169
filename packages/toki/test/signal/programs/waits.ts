// Nothing but a wait for a signal keeps the process alive.
import { main } from "toki";
import { ctrlC, signal } from "toki/signal";

await main(function* () {
  console.log("waiting.");
  if (process.argv[2] === "ctrlC") yield* ctrlC();
  else yield* signal(process.argv[2] as string).recv();
  console.log("received");
});
