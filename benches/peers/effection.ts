/** Effection: plain generator functions, native `yield*` delegation. */
import { type Operation, run, spawn, type Task } from "effection";
import { expectEqual, type Suite, since, sumTo } from "../lib/measure.js";

function* child(x: number): Operation<number> {
  return x + 1;
}

function* readyChild(n: number): Operation<number> {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* child(i);
  const took = since(start);
  expectEqual(sum, sumTo(n), "ready-child");
  return took;
}

function* spawnJoin(n: number): Operation<number> {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const task = yield* spawn(() => child(i));
    sum += yield* task;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join");
  return took;
}

function* spawnJoin1000(n: number): Operation<number> {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < n; done += 1000) {
    const tasks: Task<number>[] = [];
    for (let i = 0; i < 1000; i++) tasks.push(yield* spawn(() => child(done + i)));
    for (const task of tasks) sum += yield* task;
  }
  const took = since(start);
  expectEqual(sum, sumTo(n), "spawn-join-1000");
  return took;
}

export const suite: Suite = {
  "ready-child": { run: (n) => run(() => readyChild(n)) },
  "spawn-join": { run: (n) => run(() => spawnJoin(n)) },
  "spawn-join-1000": { run: (n) => run(() => spawnJoin1000(n)), batch: 1000 },
};
