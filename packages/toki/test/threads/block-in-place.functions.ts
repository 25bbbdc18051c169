import { blockInPlace, fn, spawn, workerIndex } from "toki";

const open = fn(import.meta, function* openGate(gate: SharedArrayBuffer) {
  const cell = new Int32Array(gate);
  Atomics.store(cell, 0, 1);
  Atomics.notify(cell, 0);
  return workerIndex();
});

/** Spawns tasks that only another worker can run, since this one waits for them in synchronous code. */
export const holdUp = fn(import.meta, function* holdUp(gates: SharedArrayBuffer[]) {
  const children = gates.map((gate) => spawn(open(gate)));
  const waited = blockInPlace(() => {
    for (const gate of gates) Atomics.wait(new Int32Array(gate), 0, 0);
    return "all open";
  });
  const workers: (number | undefined)[] = [];
  for (const child of children) workers.push(yield* child);
  return { waited, here: workerIndex(), workers };
});
