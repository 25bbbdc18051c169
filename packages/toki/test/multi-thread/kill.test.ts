// Workers that end while tasks are queued, running, spawning, being cancelled: by their own tasks, by running out of memory, and from outside at any moment.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type Future, JoinError, type JoinHandle, sleep, ThreadEndedError } from "toki";
import { generator } from "../support/loom/strategy.js";
import { crash, detach, double, fail, fickle, hog, nap, quit, slowDouble, tree } from "./jobs.js";
import { blocksInUse, Machine, within } from "./machine.js";

const LIMIT_MS = 30_000;
/** How many threads are ended from outside in a test, at most. */
const KILLS = Number(process.env.TOKI_KILLS ?? 25);

interface Tally {
  values: number;
  cancelled: number;
  lost: number;
  failed: number;
}

function work(n: number, random: (below: number) => number): Future<unknown> {
  switch (random(8)) {
    case 0:
      return fail(n);
    case 1:
      return nap(n, random(5));
    case 2:
      return tree(2, 3);
    case 3:
      return fickle(n + 1, 4);
    case 4:
      return detach(n, 3);
    case 5:
      return slowDouble(n, random(20_000));
    default:
      return double(n);
  }
}

/** Spawns `count` tasks, of which some end their worker, and waits for all outcomes. */
async function lethal(
  machine: Machine,
  count: number,
  seed: number,
  killer: (n: number) => Future<unknown> | undefined,
) {
  const random = generator(seed);
  const tally: Tally = { values: 0, cancelled: 0, lost: 0, failed: 0 };
  await machine.rt.run(function* () {
    const handles: JoinHandle<unknown>[] = [];
    const victims: JoinHandle<unknown>[] = [];
    for (let n = 0; n < count; n++) {
      const kills = killer(n);
      const handle = machine.spawn(kills ?? work(n, random));
      handles.push(handle);
      // Those that end their worker are not aborted: they might all be, before they have.
      if (kills === undefined) victims.push(handle);
      if (random(8) === 0) victims[random(victims.length)]?.abort();
      if (random(20) === 0) yield* sleep(random(3));
    }
    for (const handle of handles) {
      try {
        yield* handle;
        tally.values++;
      } catch (error) {
        assert.ok(error instanceof JoinError, String(error));
        if (error.isCancelled()) tally.cancelled++;
        else if (error.cause instanceof ThreadEndedError) tally.lost++;
        else tally.failed++;
      }
    }
  });
  assert.equal(tally.values + tally.cancelled + tally.lost + tally.failed, count);
  return tally;
}

/** Every function gets its number, which stays. */
async function warmUp(): Promise<void> {
  const machine = await Machine.start({ workerThreads: 1, onUnhandledFailure: () => {} });
  await machine.rt.run(function* () {
    for (const future of [double(1), slowDouble(1, 1), nap(1, 0), tree(1, 1), fickle(1, 10), detach(1, 1), fail(1)]) {
      const handle = machine.spawn<unknown>(future);
      try {
        yield* handle;
      } catch {}
    }
    for (const future of [crash(), hog(), quit(0, false)]) machine.spawn<unknown>(future).abort();
  });
  await machine.rt.shutdown();
}

async function survive(
  workerThreads: number,
  count: number,
  seed: number,
  killer: (n: number) => Future<unknown> | undefined,
  during?: (machine: Machine) => () => void,
  options: { threadMemoryLimit?: number } = {},
): Promise<Tally> {
  const machine = await Machine.start({ workerThreads, onUnhandledFailure: () => {}, ...options });
  await machine.rt.run(function* () {
    yield* machine.spawn(double(1));
  });
  const stop = during?.(machine);
  let tally: Tally;
  try {
    tally = await within(LIMIT_MS, [machine], lethal(machine, count, seed, killer));
  } finally {
    stop?.();
  }
  // It goes on as if nothing had been.
  const sum = machine.rt.run(function* () {
    const handles = Array.from({ length: 100 }, (_, n) => machine.spawn(double(n)));
    let sum = 0;
    for (const handle of handles) sum += yield* handle;
    return sum;
  });
  assert.equal(await within(LIMIT_MS, [machine], sum), 9900);
  await within(LIMIT_MS, [machine], machine.rt.shutdown());
  machine.assertQuiet();
  return tally;
}

describe("workers that end while they work", { timeout: 240_000 }, () => {
  before(warmUp);

  for (const workerThreads of [1, 2, 4]) {
    test(`tasks that call process.exit, ${workerThreads} workers`, async (t) => {
      const seed = 1 + Math.floor(Math.random() * 1e6);
      const inUse = blocksInUse();
      const tally = await survive(workerThreads, 400, seed, (n) =>
        n % 50 === 10 ? quit(3, n % 100 === 10) : undefined,
      );
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}, blocks ${blocksInUse() - inUse}`);
      assert.ok(tally.lost > 0);
      // Of tasks whose home is dead as well: they are freed when another thread has its slot. There are fewer than tasks that were lost with their children.
      assert.ok(blocksInUse() - inUse <= 400);
    });
  }

  test("tasks that throw in a callback", async (t) => {
    const seed = 1 + Math.floor(Math.random() * 1e6);
    const tally = await survive(2, 300, seed, (n) => (n % 60 === 10 ? crash() : undefined));
    t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`);
    assert.ok(tally.lost > 0);
  });

  test("tasks that use up their thread's memory", async (t) => {
    const seed = 1 + Math.floor(Math.random() * 1e6);
    const inUse = blocksInUse();
    const tally = await survive(2, 200, seed, (n) => (n % 70 === 10 ? hog() : undefined), undefined, {
      threadMemoryLimit: 32 << 20,
    });
    t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}, blocks ${blocksInUse() - inUse}`);
    assert.ok(tally.lost > 0);
  });

  for (const workerThreads of [1, 2, 3]) {
    test(`threads that are ended from outside, ${workerThreads} workers`, async (t) => {
      const seed = 1 + Math.floor(Math.random() * 1e6);
      const inUse = blocksInUse();
      let kills = 0;
      const tally = await survive(
        workerThreads,
        1500,
        seed,
        () => undefined,
        (machine) => {
          const random = generator(seed + 1);
          let timer: ReturnType<typeof setTimeout>;
          const next = () => {
            // A worker that dies whenever it has started never gets anything done.
            if (kills >= KILLS) return;
            timer = setTimeout(() => {
              const workers = machine.workers.filter((worker) => worker.isReady);
              const worker = workers[random(Math.max(1, workers.length))];
              if (worker !== undefined && machine.kill(worker.index)) kills++;
              next();
            }, random(40));
          };
          next();
          return () => clearTimeout(timer);
        },
      );
      const lost = blocksInUse() - inUse;
      t.diagnostic(`seed ${seed}: ${kills} kills, ${JSON.stringify(tally)}, blocks ${lost}`);
      assert.ok(kills > 0);
      // What repair.ts says is lost for good: a batch, half a queue, and what the dead had spawned and run itself, which here is a few blocks for each task.
      assert.ok(lost <= kills * (64 + 128) + tally.lost * 20, `${lost} blocks are lost`);
    });
  }
});
