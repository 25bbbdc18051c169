import { fn, main, spawn, spawnLocal } from "toki";

const blocks = fn(import.meta, function* blocks(ms: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
});

await main(
  function* mainBody() {
    yield* blocks(20);
    yield* spawnLocal(blocks(20), { name: "here" });
    yield* spawn(blocks(0)); // the module is there now
    yield* spawn(blocks(20), { name: "there" });
    console.log("done");
  },
  { flavor: "multiThread", workerThreads: 1, slowPollThreshold: 10 },
);
