// A long run: the memory that threads share ends as it began, and no heap grows. `TOKI_SOAK=10000000` runs so many tasks; without, a few.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fn, type JoinHandle, spawn } from "toki";
import { double, echo, fail, heapOf, tree } from "./jobs.js";
import { blocksInUse, bytesOfArena, Machine } from "./machine.js";

const TASKS = Number(process.env.TOKI_SOAK ?? 200_000);
const BATCH = 1000;
/** What may come and go between two looks: code, feedback, what the engine keeps. */
const SLACK = 6 << 20;
const TEXT = "x".repeat(300);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** A thousand tasks of four kinds; returns the sum of what they came to. */
const batch = fn(function* batch(first: number) {
  const handles: JoinHandle<unknown>[] = [];
  for (let n = first; n < first + BATCH; n++) {
    if (n % 50 === 1) handles.push(spawn(echo({ n, text: TEXT })));
    else if (n % 250 === 2) handles.push(spawn(fail(n)));
    else if (n % 500 === 3) handles.push(spawn(tree(2, 3)));
    else handles.push(spawn(double(n)));
  }
  let sum = 0;
  let failures = 0;
  for (const handle of handles) {
    try {
      const value = yield* handle;
      sum += typeof value === "number" ? value : (value as { n: number }).n;
    } catch {
      failures++;
    }
  }
  return [sum, failures];
});

test(`${TASKS} tasks on 2 workers: memory ends as it began`, { timeout: 1_200_000 }, async (t) => {
  const machine = await Machine.start({ workerThreads: 2 });
  const look = async () => {
    collect();
    // Each worker is asked several times, for either may answer.
    const worker = await machine.rt.run(function* () {
      let most = 0;
      for (let i = 0; i < 8; i++) most = Math.max(most, yield* spawn(heapOf()));
      return most;
    });
    return { blocks: blocksInUse(), arena: bytesOfArena(), heap: process.memoryUsage().heapUsed, worker };
  };
  let done = 0;
  const run = (count: number) =>
    machine.rt.run(function* () {
      let expected: string | undefined;
      for (const end = done + count; done < end; done += BATCH) {
        // The same thousand again and again.
        const [sum, failures] = yield* batch(0);
        const outcome = `${sum} ${failures}`;
        expected ??= outcome;
        assert.equal(outcome, expected);
      }
    });
  await run(Math.min(100_000, TASKS / 2));
  const before = await look();
  const start = performance.now();
  const warm = done;
  await run(TASKS - done);
  const nanoseconds = ((performance.now() - start) * 1e6) / (done - warm);
  const after = await look();
  t.diagnostic(
    `${Math.round(nanoseconds)} ns a task; before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`,
  );
  assert.equal(after.blocks, before.blocks);
  assert.equal(after.arena, before.arena);
  assert.ok(after.heap < before.heap + SLACK);
  assert.ok(after.worker < before.worker + SLACK);
  await machine.rt.shutdown();
  machine.assertQuiet();
});
