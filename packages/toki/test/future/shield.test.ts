import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fn, join, pending, type Runtime, select, shield, sleep, spawn, timeout, yieldNow } from "toki";
import { assertPending, assertReady, testTask, test as tokiTest } from "toki/test";
import { pausableFlavors } from "../support/flavors.js";

function* outcomeOf<T>(task: import("toki").JoinHandle<T>) {
  try {
    return `value ${yield* task}`;
  } catch (error) {
    return (error as Error).message.replace(/task \d+/, "task");
  }
}

for (const flavor of pausableFlavors) {
  const run = (body: Parameters<Runtime["run"]>[0]) =>
    tokiTest(body as never, { ...flavor.options, startPaused: true });

  describe(`shield() [${flavor.name}]`, () => {
    test(
      "a finally reached by a throw runs whole, and the error is kept, when an abort arrives while it awaits",
      run(function* () {
        const log: string[] = [];
        const task = spawn(function* () {
          try {
            throw new Error("no space left");
          } finally {
            yield* shield(function* () {
              yield* sleep(20);
              log.push("rolled back");
            });
            log.push("released");
          }
        });
        yield* sleep(5);
        task.abort();
        assert.equal(yield* outcomeOfTask(task), 'task panicked with message "no space left"');
        assert.deepEqual(log, ["rolled back", "released"]);
      }),
    );

    test(
      "the task is cancelled at its next await outside of the shield",
      run(function* () {
        const log: string[] = [];
        const task = spawn(function* () {
          try {
            yield* shield(sleep(20));
            log.push("after the shield");
            yield* sleep(60_000);
            log.push("never");
          } finally {
            log.push("cleanup");
          }
        });
        yield* sleep(5);
        task.abort();
        assert.equal(yield* outcomeOfTask(task), "task was cancelled");
        assert.deepEqual(log, ["after the shield", "cleanup"]);
      }),
    );

    test(
      "one shield after the other puts it off until the last",
      run(function* () {
        let shields = 0;
        const task = spawn(function* () {
          for (; shields < 3; shields++) yield* shield(sleep(10));
          yield* pending();
        });
        yield* sleep(5);
        task.abort();
        assert.equal(yield* outcomeOfTask(task), "task was cancelled");
        assert.equal(shields, 3);
      }),
    );

    test(
      "a task that ends without another await keeps its value",
      run(function* () {
        const task = spawn(function* () {
          yield* shield(sleep(20));
          return "saved";
        });
        yield* sleep(5);
        task.abort();
        assert.equal(yield* outcomeOfTask(task), "value saved");
      }),
    );

    test(
      "called deep inside other functions it protects the whole task",
      run(function* () {
        const log: string[] = [];
        const write = fn(function* write() {
          yield* shield(sleep(20));
          log.push("written");
        });
        const outer = fn(function* outer() {
          try {
            yield* write();
            yield* pending();
          } finally {
            log.push("outer cleanup");
          }
        });
        const task = spawn(outer());
        yield* sleep(5);
        task.abort();
        assert.equal(yield* outcomeOfTask(task), "task was cancelled");
        assert.deepEqual(log, ["written", "outer cleanup"]);
      }),
    );

    test(
      "the loser of a select or a timeout finishes it before the outcome is delivered",
      run(function* () {
        const log: string[] = [];
        const work = fn(function* work() {
          try {
            yield* shield(sleep(20));
            log.push("shield over");
            yield* pending();
          } finally {
            log.push("cleanup");
          }
        });
        const { key } = yield* select({ work: work(), tick: sleep(5) });
        log.push(key);
        yield* timeoutOf(work());
        log.push("elapsed");
        assert.deepEqual(log, ["shield over", "cleanup", "tick", "shield over", "cleanup", "elapsed"]);
      }),
    );

    test(
      "as a branch itself it is finished too, and a join cancels around it",
      run(function* () {
        const log: string[] = [];
        const save = (name: string) =>
          shield(function* () {
            yield* sleep(20);
            log.push(name);
          });
        yield* select({ save: save("select"), tick: sleep(5) });
        const task = spawn(join(save("join"), pending()));
        yield* yieldNow();
        task.abort();
        assert.equal(yield* outcomeOfTask(task), "task was cancelled");
        assert.deepEqual(log, ["select", "join"]);
      }),
    );

    test(
      "a cleanup deadline cuts it short",
      run(function* () {
        const log: string[] = [];
        const task = spawn(function* () {
          try {
            yield* shield(pending());
          } finally {
            log.push("cleanup");
          }
        });
        yield* yieldNow();
        task.abort({ cleanupTimeout: 10 });
        assert.equal(yield* outcomeOfTask(task), "task was cancelled");
        assert.deepEqual(log, ["cleanup"]);
      }),
    );

    test(
      "aborted before its first poll the shielded future never starts",
      run(function* () {
        let started = false;
        const task = spawn(
          shield(function* () {
            started = true;
          }),
        );
        task.abort();
        assert.equal(yield* outcomeOfTask(task), "task was cancelled");
        assert.equal(started, false);
      }),
    );

    test(
      "an error of the shielded future is the task's, not a cancellation",
      run(function* () {
        const task = spawn(function* () {
          yield* shield(function* () {
            yield* sleep(20);
            throw new Error("disk full");
          });
        });
        yield* sleep(5);
        task.abort();
        assert.equal(yield* outcomeOfTask(task), 'task panicked with message "disk full"');
      }),
    );
  });
}

const outcomeOfTask = fn(outcomeOf) as (task: import("toki").JoinHandle<unknown>) => import("toki").Future<string>;
const timeoutOf = fn(function* timeoutOf(work: import("toki").Future<unknown>) {
  try {
    yield* timeout(5, work);
  } catch {
    // it elapsed
  }
});

test("shield() by hand: pending and ready as the future inside", () => {
  let release = false;
  const task = testTask(
    shield(function* () {
      while (!release) yield* yieldNow();
      return 42;
    }),
  );
  assertPending(task.poll());
  release = true;
  assert.equal(assertReady(task.poll()), 42);
});
