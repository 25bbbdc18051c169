/* What tasks are made of, under many schedules: joins, sets, scopes, selects, deadlines, aborts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, JoinSet, join, scope, select, sleep, spawn, timeout, tryJoin, yieldNow } from "toki";
import { mpsc } from "toki/sync";
import { type ExploreTools, explore } from "toki/test";
import { RUNS, settle } from "./support.js";

const work = fn(function* work(steps: number, log: string[]) {
  log.push("started");
  try {
    for (let i = 0; i < steps; i++) yield* yieldNow();
    return steps;
  } finally {
    yield* yieldNow();
    log.push("cleaned up");
  }
});

const balanced = (log: readonly string[]) =>
  log.filter((entry) => entry === "started").length - log.filter((entry) => entry === "cleaned up").length;

describe("tasks under many schedules", () => {
  test("a handle settles after the task's cleanup, however it ends, for everybody who waits", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const log: string[] = [];
      let isCut = false;
      const task = spawn(
        fn(function* outer() {
          log.push("started");
          try {
            yield* yieldNow();
          } finally {
            try {
              yield* yieldNow();
            } finally {
              log.push("cleaned up");
            }
          }
        })(),
      );
      const waiters = [1, 2].map(() =>
        spawn(
          fn(function* wait() {
            yield* settle([task]);
            assert.equal(balanced(log), 0);
          })(),
        ),
      );
      for (let i = choose(4); i > 0; i--) yield* yieldNow();
      isCut = choose(2) === 1;
      if (isCut) task.abort();
      for (const waiter of waiters) yield* waiter;
      assert.equal(task.isFinished(), true);
    }, RUNS);
  });

  test("JoinSet: each task is joined once, also those that are aborted", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const log: string[] = [];
      const set = new JoinSet<number>();
      const handles = [0, 1, 2].map((steps) => set.spawn(work(steps, log)));
      const aborter = spawn(function* () {
        for (let i = choose(3); i > 0; i--) yield* yieldNow();
        handles[choose(3)]?.abort();
      });
      const ids: number[] = [];
      for (let result = yield* set.joinNext(); result !== undefined; result = yield* set.joinNext())
        ids.push(result.id);
      yield* aborter;
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        handles.map((handle) => handle.id),
      );
      assert.equal(set.isEmpty(), true);
    }, RUNS);
  });

  test("JoinSet: joinNext that loses a select takes nobody's result", async () => {
    await explore(function* () {
      const set = new JoinSet<number>([sleepy(1), sleepy(2), sleepy(2)]);
      const values: number[] = [];
      while (values.length < 3) {
        const { key, value } = yield* select({ joined: set.joinNext(), tick: sleep(1) });
        if (key === "joined" && value?.ok === true) values.push(value.value);
      }
      assert.deepEqual(values.toSorted(), [1, 2, 2]);
    }, RUNS);
  });

  test("scope: nothing of it is left, whether it ends, fails or is aborted", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const log: string[] = [];
      const how = choose(3);
      const task = spawn(
        fn(function* scoped() {
          yield* scope(function* (s) {
            s.spawn(stubborn(log));
            s.spawn(stubborn(log));
            yield* yieldNow();
            if (how === 1) throw new Error("planned");
          });
        })(),
      );
      if (how === 2) {
        yield* yieldNow();
        task.abort();
      }
      try {
        yield* settle([task]);
      } catch (error) {
        assert.equal(how, 1, String(error));
      }
      assert.equal(balanced(log), 0);
    }, RUNS);
  });

  test("select: the losers' cleanup has ended when the outcome is there", async () => {
    await explore(function* () {
      const log: string[] = [];
      const { key } = yield* select({ a: stubborn(log), b: sleep(1), c: stubborn(log) });
      assert.equal(["a", "b", "c"].includes(key), true);
      assert.equal(balanced(log), 0);
    }, RUNS);
  });

  test("join and tryJoin: all values, or the first failure with the others ended", async () => {
    await explore(function* ({ choose }: ExploreTools) {
      const log: string[] = [];
      assert.deepEqual(yield* join(stubborn(log), sleepy(2)), ["done", 2]);
      const failing = fn(function* failing() {
        for (let i = choose(3); i > 0; i--) yield* yieldNow();
        throw new Error("planned");
      });
      try {
        yield* tryJoin(stubborn(log), failing(), sleepy(1));
        assert.fail("did not fail");
      } catch (error) {
        assert.equal((error as Error).message, "planned");
      }
      assert.equal(balanced(log), 0);
    }, RUNS);
  });

  test("timeout: a message that comes at the deadline is delivered, or still there", async () => {
    await explore(function* () {
      const [tx, rx] = mpsc.channel<number>(1);
      const sender = spawn(function* () {
        yield* sleep(5);
        yield* tx.send(1);
      });
      let received: number | undefined;
      try {
        received = yield* timeout(5, rx.recv());
      } catch (error) {
        assert.equal((error as { code?: string }).code, "TOKI_ELAPSED");
      }
      yield* sender;
      if (received === undefined) received = rx.tryRecv();
      assert.equal(received, 1);
    }, RUNS);
  });
});

const sleepy = fn(function* sleepy(ms: number) {
  yield* sleep(ms);
  return ms;
});

/** Cleans up in two steps, which a cancellation does not cut short. */
const stubborn = fn(function* stubborn(log: string[]) {
  log.push("started");
  try {
    yield* sleep(1);
    return "done";
  } finally {
    try {
      yield* yieldNow();
    } finally {
      log.push("cleaned up");
    }
  }
});
