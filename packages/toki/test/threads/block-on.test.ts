// blockOn from synchronous code: the thread blocks, the workers run.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ElapsedError,
  JoinError,
  join,
  main,
  NestedRuntimeError,
  Runtime,
  RuntimeShutdownError,
  sleep,
  spawn,
  spawnBlocking,
  timeout,
} from "toki";
import { doubles, opens } from "./blocking-jobs.js";
import {
  add,
  addLater,
  blocksInside,
  echo,
  fails,
  fanOut,
  fibonacci,
  fills,
  gated,
  lingers,
  sleeps,
  waits,
  where,
} from "./functions.js";
import { mark } from "./signals.js";
import { blocksInUse, cells } from "./support.js";

const make = () => new Runtime({ flavor: "multiThread", workerThreads: 2 });

/** A runtime for one test, which leaves no memory behind. */
function blocking(name: string, body: (rt: Runtime) => void): void {
  test(name, { timeout: 30_000 }, async () => {
    const before = blocksInUse();
    await using rt = make();
    body(rt);
    await rt.shutdown();
    assert.equal(blocksInUse(), before);
  });
}

blocking("gives what a task on a worker gave, while this thread's event loop stands still", (rt) => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  assert.equal(rt.blockOn(rt.spawn(add(1, 2))), 3);
  assert.equal(
    rt.blockOn(function* () {
      return yield* spawn(fibonacci(10));
    }),
    55,
  );
  assert.equal(turned, false);
});

blocking("a body that spawns many, and fans out", (rt) => {
  const sum = rt.blockOn(function* () {
    const handles = Array.from({ length: 500 }, (_, i) => spawn(i % 2 === 0 ? add(i, 0) : addLater(i, 0)));
    let sum = 0;
    for (const handle of handles) sum += yield* handle;
    return sum + (yield* spawn(fanOut(3, 4)));
  });
  assert.equal(sum, (499 * 500) / 2 + 81);
});

blocking("timers here and there go on meanwhile", (rt) => {
  const value = rt.blockOn(function* () {
    yield* sleep(2);
    const [there] = yield* join(spawn(sleeps(5)), sleep(3));
    return there;
  });
  assert(value > 4);
});

blocking("an error is thrown with its class, message and cause", (rt) => {
  assert.throws(
    () => rt.blockOn(rt.spawn(fails("own"))),
    (error: unknown) => {
      assert(error instanceof JoinError);
      const thrown = error.cause as Error;
      assert.deepEqual([thrown.name, thrown.message], ["Refused", "by a class"]);
      assert.equal((thrown.cause as Error).message, "the cause");
      return true;
    },
  );
});

blocking("a deadline by timeout(); a late reply never answers the next call", (rt) => {
  for (let i = 0; i < 20; i++) {
    const words = cells();
    const late = rt.spawn(gated(words, 1000 + i));
    assert.throws(() => rt.blockOn(wait(rt, late)), ElapsedError);
    mark(words, 1);
    assert.equal(rt.blockOn(rt.spawn(add(i, 1))), i + 1);
    assert.equal(rt.blockOn(late), 1000 + i);
  }
});

function wait(rt: Runtime, handle: ReturnType<typeof rt.spawn<number>>) {
  using _guard = rt.enter();
  return timeout(1, handle);
}

blocking("a timeout around the body cancels it, with its children's cleanup in a scope", (rt) => {
  const words = cells();
  const handle = rt.spawn(waits(words));
  assert.throws(() => rt.blockOn(wait(rt, handle as never)), ElapsedError);
  handle.abort();
  assert.throws(() => rt.blockOn(handle), /was cancelled/);
  assert.equal(words[0], words[1]);
});

blocking("abort with cleanup that waits for a word this thread sets before", (rt) => {
  const words = cells();
  const handle = rt.spawn(lingers(words));
  while (Atomics.load(words, 0) === 0) rt.blockOn(sleepOn(rt));
  handle.abort();
  mark(words, 2);
  assert.throws(() => rt.blockOn(handle), /was cancelled/);
  assert.equal(words[3], 1);
});

function sleepOn(rt: Runtime) {
  using _guard = rt.enter();
  return sleep(1);
}

blocking("large values travel without the event loop", (rt) => {
  const { text, bytes } = rt.blockOn(rt.spawn(fills(3 << 20)));
  assert.equal(text.length, 3 << 20);
  assert.equal(bytes[100], 7);
  const back = rt.blockOn(rt.spawn(echo({ text, bytes }))) as { text: string; bytes: Uint8Array };
  assert.equal(back.text.length, 3 << 20);
  const mixed = rt.blockOn(function* () {
    const handles = Array.from({ length: 6 }, (_, i) => spawn(echo(i % 2 === 0 ? text : i)));
    const results: unknown[] = [];
    for (const handle of handles) results.push(yield* handle);
    return results;
  });
  assert.deepEqual(
    mixed.map((value) => (typeof value === "string" ? "text" : value)),
    ["text", 1, "text", 3, "text", 5],
  );
});

blocking("jobs of the blocking pool and tasks of workers at once", (rt) => {
  const words = cells();
  const results = rt.blockOn(function* () {
    const job = spawnBlocking(doubles(21));
    const task = spawn(gated(words, 7));
    const opener = spawnBlocking(opens(words));
    return yield* join(job, task, opener, spawn(where()), spawn(sleeps(2)));
  });
  assert.deepEqual(results.slice(0, 3), [42, 7, "opened"]);
});

test("inside a task, and inside main, it is refused in Tokio's words, on workers too", {
  timeout: 30_000,
}, async () => {
  const other = make();
  await main(function* () {
    assert.throws(() => other.blockOn(add(1, 1)), NestedRuntimeError);
    assert.throws(() => other.blockOn(add(1, 1)), /Cannot start a runtime from within a runtime/);
    try {
      yield* spawn(blocksInside());
      assert.fail("not refused");
    } catch (error) {
      assert.match(String((error as Error).cause), /NestedRuntimeError.*Cannot start a runtime from within a runtime/);
    }
  });
  await other.shutdown();
});

test("after shutdown it throws", async () => {
  const rt = make();
  assert.equal(rt.blockOn(rt.spawn(add(1, 1))), 2);
  await rt.shutdown();
  assert.throws(() => rt.blockOn(add(1, 1)), RuntimeShutdownError);
});

blocking("a call that is not spawned runs here", (rt) => {
  const object = {};
  assert.equal(rt.blockOn(echo(object)), object);
});
