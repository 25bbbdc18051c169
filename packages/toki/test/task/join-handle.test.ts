import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AbortHandle,
  fn,
  JoinError,
  type JoinHandle,
  join,
  pending,
  Runtime,
  RuntimeError,
  ready,
  type Suspend,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { outcomeOf, settle, turn } from "./support.js";

const errorOf = fn(function* errorOf(handle: JoinHandle<unknown>) {
  try {
    yield* handle;
  } catch (error) {
    assert(error instanceof JoinError);
    return error;
  }
  return assert.fail();
});

for (const { name, options, canPause } of flavors) {
  describe(`JoinHandle [${name}]`, () => {
    it(
      "gives the value, as often as it is awaited",
      test(function* () {
        const value = { some: "object" };
        const handle = spawn(ready(value));
        assert.equal(yield* handle, value);
        assert.equal(yield* handle, value);
        assert.deepEqual(yield* join(handle, handle), [value, value]);
      }, options),
    );

    it(
      "is pending until the task is over, and wakes who waits",
      test(function* () {
        const gate = new Gate<number>();
        const waiter = testTask(spawn(gate));
        assertPending(waiter.poll());
        yield* settle();
        assert(!waiter.isWoken);
        gate.open(1);
        yield* settle();
        assert(waiter.isWoken);
        assert.equal(assertReady(waiter.poll()), 1);
      }, options),
    );

    it(
      "throws a JoinError if the task threw: the cause is what it threw, the message says so",
      test(function* () {
        const cause = new RangeError("boom");
        const handle = spawn(function* () {
          yield* yieldNow();
          throw cause;
        });
        const error = yield* errorOf(handle);
        assert.equal(error.message, `task ${handle.id} panicked with message "boom"`);
        assert.equal(error.cause, cause);
        assert(error.isPanic() && !error.isCancelled());
        assert.equal(error.intoPanic(), cause);
        assert.equal(error.tryIntoPanic(), cause);
        assert.equal(error.taskId, handle.id);
        assert.equal(error.code, "TOKI_TASK_PANICKED");
        assert.equal(error.name, "JoinError");
        assert(error instanceof RuntimeError && error instanceof Error);
        assert.notEqual(yield* errorOf(handle), undefined, "and again");
      }, options),
    );

    it(
      "whatever is thrown is kept: a string shows in the message, undefined is still a panic",
      test(function* () {
        const thrower = fn(function* thrower(value: unknown): Generator<Suspend, never, unknown> {
          throw value;
        });
        const text = spawn(thrower("just text"));
        assert.equal((yield* errorOf(text)).message, `task ${text.id} panicked with message "just text"`);
        const nothing = yield* errorOf(spawn(thrower(undefined)));
        assert(nothing.isPanic() && nothing.cause === undefined);
        assert.match(nothing.message, /panicked$/);
        const object = { code: 42 };
        assert.equal((yield* errorOf(spawn(thrower(object)))).cause, object);
      }, options),
    );

    it(
      "throws a JoinError if the task was cancelled: no cause, and no panic to take",
      test(function* () {
        const handle = spawn(pending());
        handle.abort();
        const error = yield* errorOf(handle);
        assert.equal(error.message, `task ${handle.id} was cancelled`);
        assert(error.isCancelled() && !error.isPanic());
        assert.equal(error.cause, undefined);
        assert.equal("cause" in error, false);
        assert.equal(error.tryIntoPanic(), undefined);
        assert.throws(() => error.intoPanic(), /was cancelled, it did not panic/);
        assert.equal(error.code, "TOKI_TASK_CANCELLED");
      }, options),
    );

    it(
      "when it settles, the task's cleanup has ended",
      test(function* () {
        const log: string[] = [];
        const body = fn(function* body(gate: Gate) {
          try {
            yield* gate;
          } finally {
            yield* yieldNow();
            log.push("cleaned");
          }
        });
        for (const end of ["finish", "abort"] as const) {
          const gate = new Gate();
          const handle = spawn(body(gate));
          yield* settle();
          if (end === "abort") handle.abort();
          else gate.open();
          yield* outcomeOf(handle);
          assert.deepEqual(log.splice(0), ["cleaned"]);
        }
      }, options),
    );

    it(
      "abort is a request: isFinished is false until the task has been reaped; again, or later, it does nothing",
      test(function* () {
        const handle = spawn(pending());
        yield* settle();
        handle.abort();
        handle.abort();
        assert(!handle.isFinished());
        yield* settle();
        assert(handle.isFinished());
        handle.abort();
        const done = spawn(ready(1));
        yield* settle();
        assert(done.isFinished());
        done.abort();
        assert.equal(yield* done, 1);
      }, options),
    );

    it(
      "abort before the first poll: the body never runs",
      test(function* () {
        const handle = spawn(function* () {
          assert.fail();
        });
        handle.abort();
        assert((yield* errorOf(handle)).isCancelled());
      }, options),
    );

    it(
      "abort of a task that then returns without awaiting: the value wins; with another await it is cancelled there",
      test(function* () {
        const returns: JoinHandle<string> = spawn(function* () {
          yield* yieldNow();
          returns.abort();
          return "value";
        });
        assert.equal(yield* returns, "value");
        const log: string[] = [];
        const awaits: JoinHandle<string> = spawn(function* () {
          yield* yieldNow();
          awaits.abort();
          log.push("goes on");
          yield* yieldNow();
          log.push("too far");
          return "value";
        });
        assert((yield* errorOf(awaits)).isCancelled());
        assert.deepEqual(log, ["goes on"]);
      }, options),
    );

    it(
      "a throw in cleanup during an abort is a panic",
      test(function* () {
        const handle = spawn(function* () {
          try {
            yield* pending();
          } finally {
            throw new Error("in cleanup");
          }
        });
        yield* settle();
        handle.abort();
        const error = yield* errorOf(handle);
        assert(error.isPanic() && !error.isCancelled());
        assert.equal((error.cause as Error).message, "in cleanup");
      }, options),
    );

    it(
      "is cancel safe: losing a select loses neither the task nor its outcome, and leaves no waker",
      test(function* () {
        const gate = new Gate<string>();
        const handle = spawn(gate);
        const lost = testTask(handle);
        assertPending(lost.poll());
        lost.cancel();
        const { key } = yield* select.biased({ handle, other: yieldNow() });
        assert.equal(key, "other");
        gate.open("kept");
        yield* settle();
        assert(!lost.isWoken);
        assert.equal(yield* handle, "kept");
      }, options),
    );

    if (canPause)
      it(
        "may be awaited by several tasks at once, also when one of them loses interest",
        test(
          function* () {
            const gate = new Gate<string>();
            const handle = spawn(gate);
            const readers = [1, 2, 3].map((n) =>
              spawn(function* () {
                return `${n} ${yield* handle}`;
              }),
            );
            yield* settle();
            readers[1]?.abort();
            yield* settle();
            gate.open("value");
            const ends: string[] = [];
            for (const reader of readers) ends.push(yield* outcomeOf(timeout(1000, reader)));
            assert.deepEqual(ends, ["value 1 value", `threw task ${readers[1]?.id} was cancelled`, "value 3 value"]);
          },
          { ...options, startPaused: true },
        ),
      );

    if (canPause)
      it(
        "a task that awaits its own handle waits for ever, which a timeout gets out of",
        test(
          function* () {
            const handle: JoinHandle<string> = spawn(function* () {
              return yield* outcomeOf(timeout(5, handle));
            });
            while (!handle.isFinished()) yield* sleep(1);
            assert.match(yield* handle, /elapsed/i);
          },
          { ...options, startPaused: true },
        ),
      );

    it(
      "a long chain of handles settles",
      test(function* () {
        const count = 20_000;
        let last: JoinHandle<number> = spawn(ready(0));
        for (let i = 0; i < count; i++) {
          const before = last;
          last = spawn(function* () {
            return (yield* before) + 1;
          });
        }
        assert.equal(yield* last, count);
      }, options),
    );

    it(
      "takes budget: pending, with a wake, when it is gone, although the task is over",
      test(function* () {
        const handle = spawn(ready(1));
        yield* handle;
        const task = testTask(handle);
        task.enter((cx) => {
          for (let i = 0; i < 128; i++) assert.equal(handle.poll(cx), 1);
          assertPending(handle.poll(cx));
        });
        assert(task.isWoken);
        assert.equal(task.poll(), 1);
      }, options),
    );

    it("is a promise-like outside: await gives the value, drives the runtime, and rejects with the JoinError", async () => {
      await using rt = new Runtime(options);
      const value = await rt.spawn(function* () {
        yield* sleep(1);
        return 42;
      });
      assert.equal(value, 42);
      const failed = rt.spawn(function* () {
        throw new Error("boom");
      });
      await assert.rejects(Promise.resolve(failed), (error) => error instanceof JoinError && error.isPanic());
      const done = rt.spawn(ready(1));
      assert.deepEqual(await Promise.all([done, done]), [1, 1]);
      assert.equal(await done.then((n) => n + 1), 2);
    });
  });

  describe(`AbortHandle [${name}]`, () => {
    it(
      "aborts and asks, and has the task's id; any number of them, before and after the end",
      test(function* () {
        const handle = spawn(pending());
        const [one, two] = [handle.abortHandle(), handle.abortHandle()];
        assert(one instanceof AbortHandle);
        assert.deepEqual([one.id, two.id], [handle.id, handle.id]);
        assert(!one.isFinished());
        two.abort();
        assert(!one.isFinished());
        assert((yield* errorOf(handle)).isCancelled());
        assert(one.isFinished() && two.isFinished());
        one.abort();
        assert.equal(handle.abortHandle().id, handle.id);
      }, options),
    );

    it(
      "cannot join: it is no future",
      test(function* () {
        const handle = spawn(ready(1));
        assert.equal("poll" in handle.abortHandle(), false);
        assert.equal(yield* handle, 1);
      }, options),
    );

    if (canPause)
      it(
        "with a cleanup limit: cleanup in time is left alone, cleanup beyond is cut short",
        test(
          function* () {
            const log: string[] = [];
            const slow = fn(function* slow(ms: number) {
              try {
                yield* pending();
              } finally {
                try {
                  yield* sleep(ms);
                  log.push(`${ms} in time`);
                } finally {
                  log.push(`${ms} over`);
                }
              }
            });
            for (const ms of [5, 60_000]) {
              const handle = spawn(slow(ms));
              yield* settle();
              handle.abort({ cleanupTimeout: 100 });
              assert((yield* errorOf(handle)).isCancelled());
            }
            assert.deepEqual(log, ["5 in time", "5 over", "60000 over"]);
          },
          { ...options, startPaused: true },
        ),
      );
  });
}

describe("abort({ cleanupTimeout }) from a callback", () => {
  it("of a task that is cleaning up limits what is left of it", async () => {
    await using rt = new Runtime({ flavor: "currentThread" });
    const log: string[] = [];
    const handle = rt.spawn(function* () {
      try {
        yield* pending();
      } finally {
        try {
          yield* pending();
        } finally {
          log.push("over");
        }
      }
    });
    const joined = Promise.resolve(handle).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    handle.abort();
    await new Promise((resolve) => setImmediate(resolve));
    handle.abort({ cleanupTimeout: 1 });
    const error = await joined;
    assert(error instanceof JoinError && error.isCancelled());
    assert.deepEqual(log, ["over"]);
  });
});

describe("a failed task", () => {
  it("is no unhandledRejection, joined or not", async () => {
    const seen: unknown[] = [];
    const note = (error: unknown) => seen.push(error);
    process.on("unhandledRejection", note);
    const rt = new Runtime({ onUnhandledFailure: () => {} });
    const handle = rt.spawn(function* () {
      throw new Error("one");
    });
    await rt.run(function* () {
      spawn(function* () {
        throw new Error("two");
      });
      yield* settle();
    });
    await rt.shutdown();
    await turn();
    await turn();
    process.off("unhandledRejection", note);
    assert(handle.isFinished());
    assert.deepEqual(seen, []);
  });

  it("awaited outside without a catch is one, as any promise", async () => {
    const rt = new Runtime();
    const handle = rt.spawn(function* () {
      throw new Error("rejects");
    });
    await assert.rejects(
      (async () => {
        await handle;
      })(),
      JoinError,
    );
    await rt.shutdown();
  });
});

it("what cannot even be looked at is a failure like any other", async () => {
  const hostile = Object.defineProperty(new Error(), "message", { get: () => assert.fail("looked at") });
  const noText = Object.create(null);
  const rt = new Runtime();
  for (const thrown of [hostile, noText]) {
    const error = await rt.run(
      errorOf(
        rt.spawn(function* () {
          throw thrown;
        }),
      ),
    );
    assert.equal(error.message, `task ${error.taskId} panicked`);
    assert.ok(error.cause === thrown);
  }
  await rt.shutdown();
});
