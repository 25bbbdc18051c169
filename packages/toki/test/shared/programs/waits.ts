// The only thing this thread waits for is a message of another one: it stays alive until then, and exits by itself.
import { main, spawn, spawnBlocking } from "toki";
import { mpsc } from "toki/shared";
import { sendLater, sendLaterBlocking } from "./functions.js";

await main(function* () {
  const [tx, rx] = mpsc.channel<string>(1);
  const handle = spawn(sendLater(tx, 100));
  const job = spawnBlocking(sendLaterBlocking(tx, new Int32Array(new SharedArrayBuffer(4)), 100));
  tx[Symbol.dispose]();
  for (let m = yield* rx.recv(); m !== undefined; m = yield* rx.recv()) console.log(m);
  yield* handle;
  yield* job;
});
