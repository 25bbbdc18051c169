// One worker of the stress test. Task n of the tree spawns tasks 2n + 1 and 2n + 2; the others come from outside.
import { threadId, workerData } from "node:worker_threads";
import { NO_TASK } from "../../dist/runtime/scheduler/multi-thread/local-queue.js";
import { Parker } from "../../dist/runtime/scheduler/multi-thread/parker.js";
import { generator } from "../support/loom/strategy.js";
import { DIED, open, PHASES, type Setup } from "./stress.layout.js";

const { setup, worker } = workerData as { setup: Setup; worker: number };
const { at, memory, idle, inject, queues } = open(setup);
const own = queues[worker]!;
const parker = new Parker(memory, idle, worker);
const random = generator(setup.seed + threadId);
const state = at.states + 16 * worker;

const enter = (phase: (typeof PHASES)[number]) => {
  memory.store(state, PHASES.indexOf(phase));
  if (setup.delayOneIn === 0 || random(setup.delayOneIn) !== 0) return;
  // A delay of up to some 10 microseconds, or now and then giving the core away.
  if (random(20) === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  else for (let n = random(10_000); n > 0; n--) memory.pause();
};

// A thread that replaces a dead one takes over its place among the sleepers and searchers.
let searching = idle.leave(worker);

function next(): number {
  enter("looking");
  let task = own.pop();
  if (task !== NO_TASK) return task;
  task = inject.popInto(own, Math.floor(inject.length / setup.workers) + 1);
  if (task !== NO_TASK) return task;
  if (!searching) searching = idle.beginSearch(worker);
  if (!searching) return NO_TASK;
  const start = random(setup.workers);
  for (let i = 0; i < setup.workers; i++) {
    const victim = queues[(start + i) % setup.workers]!;
    if (victim === own) continue;
    task = own.stealFrom(victim);
    if (task !== NO_TASK) return task;
  }
  return inject.pop();
}

function run(task: number): void {
  if (searching && idle.endSearch(worker)) idle.wakeOne();
  searching = false;
  enter("running");
  memory.add(state + 1, 1);
  memory.add(at.ran + task, 1);
  for (let child = 2 * task + 1; child <= 2 * task + 2 && child < setup.tree; child++) {
    own.push(child, inject);
    idle.wakeOne();
  }
  if (memory.add(at.done, 1) + 1 === setup.endAfter) {
    inject.close();
    idle.wakeAll();
  }
  if (setup.dieOneIn !== 0 && random(setup.dieOneIn) === 0) process.exit(DIED);
}

async function main(): Promise<void> {
  const alive = setInterval(() => {}, 10_000);
  while (true) {
    const task = next();
    if (task !== NO_TASK) {
      run(task);
      continue;
    }
    if (inject.isClosed) break;
    enter("enlisting");
    const look = idle.enlist(worker, searching);
    if (look && (!inject.isEmpty || queues.some((queue) => !queue.isEmpty))) idle.wakeOne();
    if (!inject.isClosed) {
      enter("asleep");
      if (!setup.inEventLoop) idle.sleep(worker);
      else while (idle.isParked(worker)) await parker.sleep();
    }
    searching = idle.leave(worker);
  }
  clearInterval(alive);
  enter("ended");
}

await main();
