// Tasks on one thread share values by reference: no lock, no Arc.
// Programs 6, 87, 98.
import { Handle, main, spawn, spawnLocal, yieldNow } from "toki";

await main(
  function* () {
    console.log("Running on a single thread!", Handle.current().metrics().numWorkers, "worker");
    const shared = { value: 40 };
    const a = spawnLocal(function* () {
      shared.value++;
    });
    const b = spawn(function* () {
      shared.value++;
    });
    yield* a;
    yield* b;
    console.log(shared.value);

    // Between two awaits nothing else runs.
    const log: string[] = [];
    const tasks = ["a", "b"].map((name) =>
      spawn(function* () {
        log.push(`${name}1`, `${name}2`);
        yield* yieldNow();
        log.push(`${name}3`);
      }),
    );
    for (const task of tasks) yield* task;
    console.log(log.join(" "));
  },
  { flavor: "currentThread" },
);
