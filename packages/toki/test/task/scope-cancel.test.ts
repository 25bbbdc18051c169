import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ElapsedError,
  fn,
  Handle,
  pending,
  Runtime,
  type Scope,
  scope,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, test, testTask } from "toki/test";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { keepFailures, outcomeOf, settle } from "./support.js";

const park = fn(function* park(log: string[], name: string) {
  try {
    yield* pending();
  } finally {
    log.push(`${name} begins`);
    yield* yieldNow();
    yield* yieldNow();
    log.push(`${name} ends`);
  }
});

const family = fn(function* family(s: Scope, log: string[]) {
  s.spawn(park(log, "a"));
  s.spawn(park(log, "b"));
  yield* park(log, "body");
});

const ALL = ["a begins", "a ends", "b begins", "b ends", "body begins", "body ends"];

for (const { name, options } of flavors) {
  describe(`cancelling a scope [${name}]`, () => {
    it(
      "by abort: body and tasks are cancelled, and over when the handle settles",
      test(function* () {
        const log: string[] = [];
        const task = spawn(scope((s) => family(s, log)));
        yield* settle();
        task.abort();
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log.sort(), ALL);
      }, options),
    );

    it(
      "by losing a select, or by a timeout: cleanup is over when that goes on",
      test(function* () {
        const log: string[] = [];
        const { key } = yield* select.biased({ lost: scope((s) => family(s, log)), other: settle() });
        assert.equal(key, "other");
        assert.deepEqual(log.splice(0).sort(), ALL);
        try {
          yield* timeout(
            5,
            scope((s) => family(s, log)),
          );
          assert.fail();
        } catch (error) {
          assert(error instanceof ElapsedError);
        }
        assert.deepEqual(log.sort(), ALL);
      }, options),
    );

    it(
      "while the body has returned: the tasks are cancelled",
      test(function* () {
        const log: string[] = [];
        const task = spawn(
          scope(function* (s) {
            s.spawn(park(log, "a"));
          }),
        );
        yield* settle();
        task.abort();
        yield* outcomeOf(task);
        assert.deepEqual(log, ["a begins", "a ends"]);
      }, options),
    );

    it(
      "while it is failing: cleanup goes on undisturbed, and the failure is not lost",
      test(function* () {
        const log: string[] = [];
        const release = new Gate();
        const task = spawn(
          scope(function* (s) {
            s.spawn(function* () {
              try {
                yield* pending();
              } finally {
                yield* release;
                log.push("released");
              }
            });
            yield* settle();
            throw new Error("original");
          }),
        );
        yield* settle();
        yield* settle();
        task.abort();
        yield* settle();
        assert(!task.isFinished());
        assert.deepEqual(log, []);
        release.open();
        assert.match(yield* outcomeOf(task), /panicked with message "original"/);
        assert.deepEqual(log, ["released"]);
      }, options),
    );

    it(
      "a second abort during cleanup changes nothing",
      test(function* () {
        const log: string[] = [];
        const task = spawn(scope((s) => family(s, log)));
        yield* settle();
        task.abort();
        yield* yieldNow();
        task.abort();
        yield* outcomeOf(task);
        assert.deepEqual(log.sort(), ALL);
      }, options),
    );

    it("a failure in cleanup is what the cancellation throws; the others are reported", async () => {
      const kept = keepFailures(options);
      const rt = new Runtime(kept);
      const explode = fn(function* explode(message: string) {
        try {
          yield* pending();
        } finally {
          throw new Error(message);
        }
      });
      const handle = rt.spawn(
        scope(function* (s) {
          s.spawn(explode("one"));
          s.spawn(explode("two"));
          yield* pending();
        }),
      );
      await rt.run(settle());
      handle.abort();
      const end = await rt.run(outcomeOf(handle));
      await rt.shutdown();
      const thrown = /panicked with message "(one|two)"/.exec(end)?.[1];
      assert.deepEqual([thrown, ...kept.failures].sort(), ["one", "two"]);
    });

    it("the shutdown of the runtime cancels it as well", async () => {
      const log: string[] = [];
      const rt = new Runtime(options);
      rt.spawn(scope((s) => family(s, log)));
      await rt.run(settle());
      await rt.shutdown();
      assert.deepEqual(log.sort(), ALL);
    });

    it(
      "before its first poll: the body is never called",
      test(function* () {
        const task = spawn(scope(() => assert.fail()));
        task.abort();
        assert.match(yield* outcomeOf(task), /was cancelled/);
      }, options),
    );

    it(
      "dropped by hand: what awaits goes on as a task",
      test(function* () {
        const log: string[] = [];
        const future = scope((s) => family(s, log));
        const task = testTask(future, { runtime: Handle.current() });
        assertPending(task.poll());
        yield* settle();
        future[Symbol.dispose]();
        future[Symbol.dispose]();
        yield* settle();
        yield* settle();
        assert.deepEqual(log.sort(), ALL);
      }, options),
    );
  });
}

describe("cutting a scope short", () => {
  const stubborn = fn(function* stubborn(log: string[], name: string) {
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

  it("an abort with a cleanup limit reaches the tasks of the scope", async () => {
    const log: string[] = [];
    await using rt = new Runtime({ startPaused: true });
    await rt.run(function* () {
      const task = spawn(
        scope(function* (s) {
          s.spawn(stubborn(log, "child"));
          yield* stubborn(log, "body");
        }),
      );
      yield* settle();
      task.abort({ cleanupTimeout: 10 });
      assert.match(yield* outcomeOf(task), /was cancelled/);
      yield* settle();
    });
    assert.deepEqual(log.sort(), ["body cut", "child cut"]);
  });

  it("shutdownBackground cuts everything at once", async () => {
    const log: string[] = [];
    const rt = new Runtime();
    rt.spawn(
      scope(function* (s) {
        s.spawn(stubborn(log, "child"));
        yield* stubborn(log, "body");
      }),
    );
    await rt.run(settle());
    rt.shutdownBackground();
    assert.deepEqual(log.sort(), ["body cut", "child cut"]);
  });

  it("a cleanup limit of its own, on cancellation from outside", async () => {
    const log: string[] = [];
    await using rt = new Runtime({ startPaused: true });
    await rt.run(function* () {
      const { key } = yield* select.biased({
        lost: scope(
          function* (s) {
            s.spawn(stubborn(log, "child"));
            yield* stubborn(log, "body");
          },
          { cleanupTimeout: 10 },
        ),
        other: settle(),
      });
      assert.equal(key, "other");
      assert.deepEqual(log.sort(), ["body cut", "child cut"]);
    });
  });
});

describe("a scope whose function throws before there is a body", () => {
  for (const [why, fail] of [
    ["throws", () => assert.fail("no body")],
    ["gives no future", () => 5],
  ] as const) {
    it(
      `${why}: what it had spawned is cancelled before the scope throws`,
      test(function* () {
        let didRun = false;
        const future = scope((s) => {
          s.spawn(function* () {
            yield* sleep(1);
            didRun = true;
          });
          return fail() as never;
        });
        assert.match(yield* outcomeOf(future), /^threw (no body|scope: expected a future)/);
        yield* sleep(10);
        assert.equal(didRun, false);
      }),
    );
  }
});
