// Nothing drives `jobs`. What another runtime waits for arrives; what nobody waits for does not keep the process.
import { Runtime } from "toki";
import { nap } from "./naps.js";

const jobs = new Runtime({ workerThreads: 2 });
const rt = new Runtime({ flavor: "currentThread" });
jobs.spawn(nap(1_000_000));
await rt.run(function* () {
  console.log(yield* jobs.spawn(nap(1)));
});
console.log("end");
