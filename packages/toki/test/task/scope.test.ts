import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fn,
  Handle,
  JoinError,
  JoinHandle,
  MisuseError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  type Scope,
  ScopeError,
  type Suspend,
  scope,
  sleep,
  spawn,
  taskId,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { keepFailures, outcomeOf, settle } from "./support.js";

/** Waits for `gate`; its cleanup awaits, and is logged at its end. */
const guarded = fn(function* guarded<T>(log: string[], name: string, gate: Gate<T> | undefined) {
  try {
    const value: T = gate === undefined ? yield* pending() : yield* gate;
    log.push(`${name} done`);
    return value;
  } finally {
    yield* yieldNow();
    yield* yieldNow();
    log.push(`${name} cleaned`);
  }
});

const failing = fn(function* failing(error: unknown): Generator<Suspend, never, unknown> {
  yield* yieldNow();
  throw error;
});

for (const { name, options } of flavors) {
  describe(`scope [${name}]`, () => {
    it(
      "gives the body's value once every task has ended",
      test(function* () {
        const log: string[] = [];
        const [a, b] = [new Gate(), new Gate()];
        const task = spawn(
          scope(function* (s) {
            s.spawn(guarded(log, "a", a));
            s.spawn(guarded(log, "b", b));
            yield* yieldNow();
            log.push("body done");
            return "value";
          }),
        );
        yield* settle();
        assert.deepEqual(log, ["body done"]);
        assert(!task.isFinished());
        a.open();
        b.open();
        log.push(yield* task);
        assert.deepEqual(log.slice(0, 1).concat(log.slice(-1)), ["body done", "value"]);
        assert.deepEqual(log.slice(1, -1).sort(), ["a cleaned", "a done", "b cleaned", "b done"]);
      }, options),
    );

    it(
      "with no task it is its body",
      test(function* () {
        assert.equal(yield* scope(() => ready(1)), 1);
        const body = fn(function* body(s: Scope) {
          yield* yieldNow();
          return s.size;
        });
        assert.equal(yield* scope(body), 0);
      }, options),
    );

    it(
      "gives handles whose values can be awaited, in the body and in siblings",
      test(function* () {
        const sum = yield* scope(function* (s) {
          const a = s.spawn(ready(1));
          const b = s.spawn(function* () {
            return (yield* a) + 1;
          });
          assert(a instanceof JoinHandle);
          return (yield* b) + (yield* a);
        });
        assert.equal(sum, 3);
      }, options),
    );

    it(
      "runs the body in the calling task, children in tasks of their own",
      test(function* () {
        yield* spawn(function* () {
          const caller = taskId();
          yield* scope(function* (s) {
            assert.equal(taskId(), caller);
            yield* yieldNow();
            assert.equal(taskId(), caller);
            const child = s.spawn(function* () {
              return taskId();
            });
            assert.notEqual(yield* child, caller);
          });
        });
      }, options),
    );

    it(
      "a task may spawn into the scope it is in, also after the body has returned",
      test(function* () {
        let visited = 0;
        const crawl = fn(function* (s: Scope, depth: number): Generator<Suspend, void, unknown> {
          yield* yieldNow();
          visited++;
          if (depth < 4) for (let i = 0; i < 2; i++) s.spawn(crawl(s, depth + 1));
        });
        let inner!: Scope;
        yield* scope(function* (s) {
          inner = s;
          s.spawn(crawl(s, 0));
        });
        assert.equal(visited, 31);
        assert.equal(inner.size, 0);
      }, options),
    );

    it(
      "the first failing task cancels the others and the body, whose cleanup is awaited, then its own error is thrown",
      test(function* () {
        const log: string[] = [];
        const error = new Error("first");
        try {
          yield* scope(function* (s) {
            s.spawn(guarded(log, "a", undefined));
            s.spawn(failing(error));
            s.spawn(guarded(log, "b", undefined));
            yield* guarded(log, "body", undefined);
          });
          assert.fail();
        } catch (thrown) {
          assert.equal(thrown, error, "not wrapped in a JoinError");
        }
        assert.deepEqual(log.sort(), ["a cleaned", "b cleaned", "body cleaned"]);
      }, options),
    );

    it(
      "a failing body cancels the tasks",
      test(function* () {
        const log: string[] = [];
        const end = yield* outcomeOf(
          scope(function* (s) {
            s.spawn(guarded(log, "a", undefined));
            yield* settle();
            throw new Error("body");
          }),
        );
        assert.equal(end, "threw body");
        assert.deepEqual(log, ["a cleaned"]);
      }, options),
    );

    it(
      "a failing task after the body has returned cancels the rest",
      test(function* () {
        const log: string[] = [];
        const gate = new Gate<never>();
        const task = spawn(
          outcomeOf(
            scope(function* (s) {
              s.spawn(guarded(log, "a", undefined));
              s.spawn(gate);
              yield* yieldNow();
              return "lost";
            }),
          ),
        );
        yield* settle();
        gate.fail(new Error("late"));
        assert.equal(yield* task, "threw late");
        assert.deepEqual(log, ["a cleaned"]);
      }, options),
    );

    it(
      "nobody in the scope sees a failed sibling as a JoinError: they are cancelled at their await",
      test(function* () {
        const log: string[] = [];
        const watch = fn(function* watch(handle: JoinHandle<never>, name: string) {
          try {
            yield* handle;
          } catch {
            log.push(`${name} caught`);
          } finally {
            log.push(`${name} cleaned`);
          }
        });
        const end = yield* outcomeOf(
          scope(function* (s) {
            const failed = s.spawn(failing(new Error("seen by the scope")));
            s.spawn(watch(failed, "sibling"));
            yield* watch(failed, "body");
          }),
        );
        assert.equal(end, "threw seen by the scope");
        assert.deepEqual(log.sort(), ["body cleaned", "sibling cleaned"]);
      }, options),
    );

    it(
      "a task that is aborted through its handle is no failure",
      test(function* () {
        const end = yield* scope(function* (s) {
          const child = s.spawn(pending());
          yield* yieldNow();
          child.abort();
          try {
            return yield* child;
          } catch (error) {
            return error;
          }
        });
        assert(end instanceof JoinError && end.isCancelled());
      }, options),
    );

    it("what other tasks throw after the first failure is reported, once", async () => {
      const kept = keepFailures(options);
      const rt = new Runtime(kept);
      const end = await rt.run(
        outcomeOf(
          scope(function* (s) {
            for (const message of ["one", "two"]) {
              s.spawn(function* () {
                try {
                  yield* pending();
                } finally {
                  throw new Error(`${message} in cleanup`);
                }
              });
            }
            yield* settle();
            s.spawn(failing(new Error("first")));
            yield* pending();
          }),
        ),
      );
      assert.equal(end, "threw first");
      assert.deepEqual(kept.failures, []);
      await rt.shutdown();
      assert.deepEqual(kept.failures.sort(), ["one in cleanup", "two in cleanup"]);
    });

    it("a failure that the scope threw is not reported, whether its handle was joined or not", async () => {
      const kept = keepFailures(options);
      const rt = new Runtime(kept);
      let handle: JoinHandle<never> | undefined;
      const body = fn(function* body(s: Scope) {
        handle = s.spawn(failing(new Error("thrown")));
        yield* pending();
      });
      assert.equal(await rt.run(outcomeOf(scope(body))), "threw thrown");
      assert.match(await rt.run(outcomeOf(handle as JoinHandle<never>)), /panicked with message "thrown"/);
      await rt.shutdown();
      assert.deepEqual(kept.failures, []);
    });

    it(
      "an error of the body's cleanup has the failure attached",
      test(function* () {
        const first = new Error("first");
        const cleanup = new Error("cleanup");
        try {
          yield* scope(function* (s) {
            s.spawn(failing(first));
            try {
              yield* pending();
            } finally {
              throw cleanup;
            }
          });
          assert.fail();
        } catch (error) {
          const both = error as { name: string; error: unknown; suppressed: unknown };
          assert.deepEqual([both.name, both.error, both.suppressed], ["SuppressedError", cleanup, first]);
        }
      }, options),
    );

    it(
      "abortAll stops the tasks, not the body, whose value counts",
      test(function* () {
        const log: string[] = [];
        const value = yield* scope(function* (s) {
          s.spawn(guarded(log, "a", undefined));
          s.spawn(guarded(log, "b", undefined));
          yield* settle();
          s.abortAll();
          assert.equal(s.size, 2, "an abort is a request");
          s.spawn(guarded(log, "late", undefined));
          yield* settle();
          assert.equal(s.size, 1, "it is for the tasks that are there");
          s.abortAll();
          return "value";
        });
        assert.equal(value, "value");
        assert.deepEqual(log.sort(), ["a cleaned", "b cleaned", "late cleaned"]);
      }, options),
    );

    it(
      "cancel ends the whole scope, from the body, a task, or outside, with the reason given or a ScopeError",
      test(function* () {
        const log: string[] = [];
        const fromBody = yield* outcomeOf(
          scope(function* (s) {
            s.spawn(guarded(log, "child", undefined));
            yield* settle();
            s.cancel();
            s.cancel(new Error("too late"));
            yield* guarded(log, "body", undefined);
          }),
        );
        assert.equal(fromBody, "threw The scope was cancelled");
        assert.deepEqual(log.sort(), ["body cleaned", "child cleaned"]);

        const reason = { why: "enough" };
        let inner!: Scope;
        const task = spawn(
          scope(function* (s) {
            inner = s;
            s.spawn(function* () {
              yield* yieldNow();
              s.cancel(reason);
              return "goes on to its next await";
            });
            yield* pending();
          }),
        );
        try {
          yield* task;
          assert.fail();
        } catch (error) {
          assert.equal((error as JoinError).cause, reason);
        }
        inner.cancel();
      }, options),
    );

    it(
      "cancel in a body that then returns without another await still cancels",
      test(function* () {
        const end = yield* outcomeOf(
          scope(function* (s) {
            s.cancel(new Error("cancelled"));
            return "value";
          }),
        );
        assert.equal(end, "threw cancelled");
      }, options),
    );

    it(
      "spawn while it is being cancelled gives a cancelled task; after the end it throws",
      test(function* () {
        let inner!: Scope;
        let ran = false;
        let late!: JoinHandle<void>;
        const end = yield* outcomeOf(
          scope(function* (s) {
            inner = s;
            try {
              s.spawn(failing(new Error("first")));
              yield* pending();
            } finally {
              late = s.spawn(function* () {
                ran = true;
              });
            }
          }),
        );
        assert.equal(end, "threw first");
        assert(!ran && late.isFinished());
        assert.match(yield* outcomeOf(late), /was cancelled/);
        assert.throws(
          () => inner.spawn(ready(1)),
          (error) => error instanceof ScopeError && error.code === "TOKI_SCOPE_CLOSED",
        );
      }, options),
    );

    it(
      "scopes nest: an inner failure ends the inner scope alone, if it is caught",
      test(function* () {
        const log: string[] = [];
        const value = yield* scope(function* (outer) {
          outer.spawn(guarded(log, "outer", undefined));
          const inner = yield* outcomeOf(
            scope(function* (s) {
              s.spawn(guarded(log, "inner", undefined));
              s.spawn(failing(new Error("inner failure")));
              yield* pending();
            }),
          );
          assert.deepEqual(log, ["inner cleaned"]);
          outer.abortAll();
          return inner;
        });
        assert.equal(value, "threw inner failure");
        assert.deepEqual(log, ["inner cleaned", "outer cleaned"]);
      }, options),
    );

    it(
      "an uncaught inner failure ends every scope around it, innermost first",
      test(function* () {
        const log: string[] = [];
        const end = yield* outcomeOf(
          scope(function* (outer) {
            outer.spawn(guarded(log, "outer", undefined));
            outer.spawn(
              scope(function* (inner) {
                inner.spawn(guarded(log, "inner", undefined));
                inner.spawn(failing(new Error("deep")));
                yield* pending();
              }),
            );
            yield* pending();
          }),
        );
        assert.equal(end, "threw deep");
        assert.deepEqual(log, ["inner cleaned", "outer cleaned"]);
      }, options),
    );

    it(
      "the body is not polled when a task ends that nobody waits for",
      test(function* () {
        const gate = new Gate();
        const task = spawn(
          scope(function* (s) {
            for (let i = 0; i < 100; i++) s.spawn(yieldNow());
            yield* gate;
          }),
        );
        yield* settle();
        assert.equal(gate.polls, 1);
        gate.open();
        yield* task;
        assert.equal(gate.polls, 2);
      }, options),
    );

    it(
      "shows in an await tree, with its body and how many tasks are left",
      test(function* () {
        const body = fn(function* serve(s: Scope) {
          s.spawn(pending(), { name: "connection" });
          yield* pending();
        });
        const task = spawn(scope(body));
        yield* settle();
        const dump = String(Handle.current().dump());
        assert.match(dump, /└─ scope \(1 task\)\n {3}└─ body: serve/);
        assert.match(dump, /"connection" \(parked\)/);
        task.abort();
        yield* outcomeOf(task);
      }, options),
    );
  });
}

describe("scope", () => {
  it("is lazy: nothing is called before the first poll", async () => {
    let called = 0;
    const body = () => {
      called++;
      return ready(1);
    };
    const future = scope(body);
    future[Symbol.dispose]();
    assert.equal(called, 0);
    await using rt = new Runtime();
    await assert.rejects(rt.run(future), /Cannot poll a scope after completion/);
    const other = scope(body);
    assert.equal(called, 0);
    assert.equal(await rt.run(other), 1);
    assert.equal(called, 1);
  });

  it("tells what is wrong with an argument", () => {
    assert.throws(() => scope(ready(1) as never), MisuseError);
    assert.throws(() => scope(5 as never), /scope: expected a `function\*` body/);
    assert.throws(() => scope(() => ready(1), { cleanupTimeout: -1 }), /scope: options\.cleanupTimeout must be/);
    assert.throws(() => testTask(scope((() => 5) as never)).poll(), NoRuntimeError);
  });

  it("a body that gives no future is told what to write", async () => {
    await using rt = new Runtime();
    await assert.rejects(rt.run(scope((() => 5) as never)), /scope: expected a future, got the number 5/);
    await assert.rejects(rt.run(scope((async () => 5) as never)), /fromPromise/);
    await assert.rejects(
      rt.run(
        scope((() => {
          throw new Error("in the function");
        }) as never),
      ),
      /in the function/,
    );
  });

  it("needs timers only for a cleanup limit, and says so before anything runs", async () => {
    await using rt = new Runtime({ enableTime: false });
    assert.equal(await rt.run(scope(() => ready(1))), 1);
    const body = () => assert.fail();
    await assert.rejects(rt.run(scope(body, { cleanupTimeout: 5 })), { code: "TOKI_DRIVER_DISABLED" });
  });

  it("cleanup limit: after a failure, what is left of the cleanup is cut short", async () => {
    const log: string[] = [];
    const slow = fn(function* slow(name: string) {
      try {
        yield* pending();
      } finally {
        try {
          yield* sleep(60_000);
          log.push(`${name} never`);
        } finally {
          log.push(`${name} cut`);
        }
      }
    });
    await using rt = new Runtime({ startPaused: true });
    const end = await rt.run(
      outcomeOf(
        scope(
          function* (s) {
            s.spawn(slow("child"));
            s.spawn(failing(new Error("first")));
            yield* slow("body");
          },
          { cleanupTimeout: { milliseconds: 50 } },
        ),
      ),
    );
    assert.equal(end, "threw first");
    assert.deepEqual(log.sort(), ["body cut", "child cut"]);
  });

  it("cleanup limit: cleanup that ends in time is not touched, and the timer is gone", async () => {
    await using rt = new Runtime({ startPaused: true });
    const log: string[] = [];
    await rt.run(
      outcomeOf(
        scope(
          function* (s) {
            s.spawn(failing(new Error("first")));
            try {
              yield* pending();
            } finally {
              yield* sleep(49);
              log.push("in time");
            }
          },
          { cleanupTimeout: 50 },
        ),
      ),
    );
    assert.deepEqual(log, ["in time"]);
  });

  it("spawning into it after the runtime's shutdown began gives a cancelled task", async () => {
    const rt = new Runtime();
    let late: JoinHandle<number> | undefined;
    rt.spawn(
      scope(function* (s) {
        try {
          yield* pending();
        } finally {
          late = s.spawn(ready(1));
        }
      }),
    );
    await rt.run(settle());
    await rt.shutdown();
    assert(late?.isFinished());
  });

  it("a scope polled by hand works with a runtime that somebody drives", async () => {
    await using rt = new Runtime();
    const gate = new Gate();
    const task = testTask(
      scope(function* (s) {
        s.spawn(gate);
        return 7;
      }),
      { runtime: rt },
    );
    assertPending(task.poll());
    await rt.run(settle());
    gate.open();
    await rt.run(settle());
    assert(task.isWoken);
    assert.equal(assertReady(task.poll()), 7);
  });
});
