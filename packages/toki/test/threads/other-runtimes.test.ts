// Handles of a runtime that nothing drives: its workers go on by themselves, and what they send is taken in for whoever waits.
import assert from "node:assert/strict";
import test from "node:test";
import {
  ElapsedError,
  fn,
  Instant,
  interval,
  JoinError,
  join,
  main,
  pending,
  Runtime,
  scope,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { DelayQueue } from "toki/util";
import { runProgram } from "../support/child.js";
import { nap } from "./programs/naps.js";

const limit = { timeout: 60_000 };

test("a task joins tasks on the workers of a runtime that nothing drives", limit, async () => {
  await using jobs = new Runtime({ workerThreads: 2 });
  await main(
    function* () {
      assert.equal(yield* jobs.spawn(nap(1)), "rested");
      assert.deepEqual(yield* join(jobs.spawn(nap(2)), jobs.spawn(nap(1))), ["rested", "rested"]);
    },
    { flavor: "currentThread" },
  );
});

test("so does blockOn of another runtime", limit, async () => {
  await using jobs = new Runtime({ workerThreads: 2 });
  await using rt = new Runtime({ flavor: "currentThread" });
  const rested = rt.blockOn(function* () {
    const first = yield* jobs.spawn(nap(1));
    yield* sleep(1);
    return [first, yield* jobs.spawn(nap(1))];
  });
  assert.deepEqual(rested, ["rested", "rested"]);
});

test("a task that was spawned while something drove its runtime is joined after nothing does", limit, async () => {
  await using jobs = new Runtime({ workerThreads: 1 });
  let handle = jobs.spawn(nap(1));
  await jobs.run(function* () {
    handle = spawn(nap(20));
  });
  await main(
    function* () {
      assert.equal(yield* handle, "rested");
    },
    { flavor: "currentThread" },
  );
});

test("its timers fire for a task of another runtime", limit, async () => {
  await using jobs = new Runtime({ workerThreads: 1 });
  function entered<T>(make: () => T): T {
    using _guard = jobs.enter();
    return make();
  }
  const waits = fn(function* () {
    yield* entered(() => sleep(5));
    const moved = entered(() => sleep({ hours: 1 }));
    const reset = function* () {
      yield* yieldNow();
      moved.reset(Instant.now().add(5));
    };
    yield* join(moved, reset);
    try {
      yield* entered(() => timeout(5, pending()));
      assert.fail("it has not elapsed");
    } catch (error) {
      assert.ok(error instanceof ElapsedError);
    }
    const ticks = entered(() => interval(2));
    yield* ticks.tick();
    yield* ticks.tick();
    const delays = new DelayQueue<string>();
    entered(() => delays.insert("item", 5));
    assert.equal((yield* delays.next())?.value, "item");
    using _guard = jobs.enter();
    yield* sleep(5);
    return "done";
  });
  assert.equal(await main(waits(), { flavor: "currentThread" }), "done");
  await using rt = new Runtime({ flavor: "currentThread" });
  assert.equal(rt.blockOn(waits()), "done");
});

test("it is cancelled from another runtime's scope and timeout", limit, async () => {
  await using jobs = new Runtime({ workerThreads: 1 });
  await main(
    function* () {
      const handle = jobs.spawn(nap(1_000_000));
      handle.abort();
      yield* assertCancelled(handle);
      const other = jobs.spawn(nap(1_000_000));
      try {
        yield* timeout(
          5,
          scope(function* () {
            yield* other;
          }),
        );
        assert.fail("it was rested");
      } catch {
        other.abort();
      }
      yield* assertCancelled(other);
    },
    { flavor: "currentThread" },
  );
});

const assertCancelled = fn(function* assertCancelled(handle: ReturnType<Runtime["spawn"]>) {
  try {
    yield* handle;
    assert.fail("it was not cancelled");
  } catch (error) {
    assert.ok(error instanceof JoinError && error.isCancelled());
  }
});

test("the process ends although such a task has not", limit, async () => {
  const ended = await runProgram("./programs/leaves-endless-task.js", import.meta.url);
  assert.deepEqual([ended.stdout, ended.stderr, ended.code], ["rested\nend\n", "", 0]);
});

test(
  "a module that starts work as a worker imports it fails that task, and starts no more threads",
  limit,
  async () => {
    const ended = await runProgram("./programs/starts-work.js", import.meta.url);
    assert.match(
      ended.stdout,
      /^thread 0\nthread 1\nTOKI_MODULE_RUNS_ON_WORKER spawn: .*starts-work\.js starts work of its own as a worker imports it/,
    );
    assert.doesNotMatch(ended.stdout, /thread 2/);
    assert.equal(ended.code, 1);
  },
);
