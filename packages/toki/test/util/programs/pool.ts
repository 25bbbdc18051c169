// A pool that is not shut down: its threads do not hold the process up.
import { main } from "toki";
import { WorkerPool } from "toki/util";
import { nap, wait } from "../pool.functions.js";

const pool = new WorkerPool(2);
await main(
  function* () {
    console.log(yield* pool.spawnPinned(nap(1)));
    pool.spawnPinned(wait());
  },
  { flavor: process.argv[2] === "currentThread" ? "currentThread" : "multiThread" },
);
console.log(pool.taskLoads().reduce((a, b) => a + b, 0));
