import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Future, fn, JoinSet, pending, Runtime, type Suspend, sleep, spawn, yieldNow } from "toki";
import { keepFailures, outcomeOf, settle } from "./support.js";

const failing = fn(function* failing(message: string): Generator<Suspend, never, unknown> {
  yield* yieldNow();
  throw new Error(message);
});

const failingInCleanup = fn(function* failingInCleanup(message: string): Generator<Suspend, never, unknown> {
  try {
    return yield* pending();
  } finally {
    throw new Error(message);
  }
});

/** Runs a body and gives the failures that were reported by the end of the runtime. */
async function reportedBy(body: (set: JoinSet<unknown>) => Generator<Suspend, unknown, unknown>): Promise<string[]> {
  const options = keepFailures();
  const rt = new Runtime(options);
  await rt.run(function* () {
    yield* Future.from(body(new JoinSet<unknown>()));
    yield* settle();
  });
  assert.deepEqual(options.failures, [], "nothing is reported while somebody could still look");
  await rt.shutdown();
  await rt.shutdown();
  return options.failures;
}

describe("a failure in a JoinSet", () => {
  it("that was joined is not reported", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failing("joined"));
      assert.equal((yield* set.joinNext())?.ok, false);
      set.spawn(failing("tried"));
      yield* settle();
      assert.equal(set.tryJoinNext()?.ok, false);
    });
    assert.deepEqual(reported, []);
  });

  it("that nobody joined is reported once", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failing("unjoined"));
      yield* settle();
      assert.equal(set.size, 1);
    });
    assert.deepEqual(reported, ["unjoined"]);
  });

  it("of a detached task is reported, whether it was over then or not", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failing("over"));
      yield* settle();
      set.spawn(failing("running"));
      set.detachAll();
    });
    assert.deepEqual(reported.sort(), ["over", "running"]);
  });

  it("that a disposed set had, or that comes of the abort, is reported", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failing("over"));
      set.spawn(failingInCleanup("in cleanup"));
      yield* settle();
      set[Symbol.dispose]();
    });
    assert.deepEqual(reported.sort(), ["in cleanup", "over"]);
  });

  it("that joinAll did not throw is reported; that which it threw is not", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failing("first"));
      set.spawn(failingInCleanup("in cleanup"));
      try {
        yield* set.joinAll();
        assert.fail();
      } catch (error) {
        assert.equal((error as Error).message, "first");
      }
    });
    assert.deepEqual(reported, ["in cleanup"]);
  });

  it("that shutdown swallowed is not reported", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failing("over"));
      set.spawn(failingInCleanup("in cleanup"));
      yield* settle();
      yield* set.shutdown();
    });
    assert.deepEqual(reported, []);
  });

  it("of a task with a cleanup limit is reported too", async () => {
    const reported = await reportedBy(function* (set) {
      set.spawn(failingInCleanup("limited"));
      yield* settle();
      set.abortAll({ cleanupTimeout: 1000 });
      set.detachAll();
    });
    assert.deepEqual(reported, ["limited"]);
  });
});

it("a joinAll() that is aborted while it cleans up after a failure ends when the tasks have", async () => {
  const log: string[] = [];
  await using rt = new Runtime({ startPaused: true });
  await rt.run(function* () {
    const set = new JoinSet([
      failing("first"),
      fn(function* slow(): Generator<Suspend, never, unknown> {
        try {
          return yield* pending();
        } finally {
          yield* sleep(100);
          log.push("cleaned up");
        }
      })(),
    ]);
    const task = spawn(set.joinAll());
    yield* sleep(50);
    task.abort();
    assert.match(yield* outcomeOf(task), /first/);
    assert.deepEqual(log, ["cleaned up"]);
    assert.equal(set.size, 0);
  });
});
