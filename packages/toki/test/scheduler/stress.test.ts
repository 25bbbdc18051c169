import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { create, DIED, dump, open, type Setup } from "./stress.layout.js";

const WATCHDOG_MS = 20_000;

/** Runs the tree of tasks on real threads. A hang fails with the state of every thread. */
async function stress(shape: Omit<Setup, "buffer" | "seed">, watchdogMs = WATCHDOG_MS): Promise<void> {
  const setup = create({ ...shape, seed: 1 + Math.floor(Math.random() * 1e6) });
  const { memory, at, idle, inject } = open(setup);
  const threads: Worker[] = [];
  /** Runs worker number `worker`, on a new thread whenever its thread dies, until it ends. Returns the number of deaths. */
  const keep = async (worker: number): Promise<number> => {
    for (let deaths = 0; ; deaths++) {
      const thread = new Worker(new URL("./stress.worker.js", import.meta.url), { workerData: { setup, worker } });
      threads.push(thread);
      const [code] = await once(thread, "exit");
      if (code === 0) return deaths;
      assert.equal(code, DIED);
    }
  };
  const ends = Array.from({ length: setup.workers }, (_, worker) => keep(worker));
  let hung: ReturnType<typeof setTimeout> | undefined;
  const watchdog = new Promise<never>((_, reject) => {
    hung = setTimeout(() => reject(new Error(`no end (seed ${setup.seed})\n${dump(setup)}`)), watchdogMs);
  });
  try {
    inject.push(0);
    idle.wakeOne();
    for (let root = setup.tree; root < setup.tasks; root++) {
      if (root % 3 === 0 && root + 1 < setup.tasks) inject.pushBatch([root, ++root]);
      else inject.push(root);
      idle.wakeOne();
    }
    const deaths = await Promise.race([Promise.all(ends), watchdog]);
    if (setup.dieOneIn !== 0) assert.ok(deaths.some((count) => count > 0));
  } finally {
    clearTimeout(hung);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  for (let task = 0; task < setup.tasks; task++)
    if (memory.load(at.ran + task) !== 1)
      assert.fail(`task ${task} ran ${memory.load(at.ran + task)} times (seed ${setup.seed})\n${dump(setup)}`);
  assert.equal(idle.unparked, setup.workers);
}

for (const inEventLoop of [false, true]) {
  const sleeping = inEventLoop ? "sleeping in the event loop" : "blocking";
  test(`real threads, ${sleeping}: 2 workers, every task runs once`, () =>
    stress({
      workers: 2,
      tasks: 300_000,
      tree: 300_000,
      endAfter: 300_000,
      capacity: 256,
      inEventLoop,
      delayOneIn: 0,
      dieOneIn: 0,
    }));

  test(`real threads, ${sleeping}: 4 workers, small rings, delays, work from outside`, () =>
    stress({
      workers: 4,
      tasks: 40_000,
      tree: 36_000,
      endAfter: 40_000,
      capacity: 8,
      inEventLoop,
      delayOneIn: 50,
      dieOneIn: 0,
    }));
}

test("real threads that die while they run a task are replaced, and every task runs once", () =>
  stress({
    workers: 3,
    tasks: 20_000,
    tree: 19_000,
    endAfter: 20_000,
    capacity: 8,
    inEventLoop: false,
    delayOneIn: 100,
    dieOneIn: 1_000,
  }));

test("a hang becomes a dump of every thread", async () => {
  // One task runs, and the run is to end after a second one that nobody pushes.
  const shape = {
    workers: 2,
    tasks: 1,
    tree: 1,
    endAfter: 2,
    capacity: 8,
    inEventLoop: false,
    delayOneIn: 0,
    dieOneIn: 0,
  };
  await assert.rejects(stress(shape, 500), (error: Error) => {
    assert.match(error.message, /worker 0: .+ ran \d+, 0 queued/);
    assert.match(error.message, /worker 1: .+ ran \d+, 0 queued/);
    assert.match(error.message, /done: \d of 2/);
    return true;
  });
});
