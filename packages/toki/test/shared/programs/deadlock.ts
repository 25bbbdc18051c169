// Nobody else has the channel: what waits for it waits for ever, worker or not.
import { main, spawn } from "toki";
import { mpsc } from "toki/shared";
import { countUpTo } from "./functions.js";

await main(function* () {
  const [tx, rx] = mpsc.channel<number>(1);
  console.log(yield* spawn(countUpTo(3)));
  yield* rx.recv();
  tx[Symbol.dispose]();
});
