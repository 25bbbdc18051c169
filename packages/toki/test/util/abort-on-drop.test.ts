import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fn,
  type IntoFuture,
  InvalidArgumentError,
  JoinHandle,
  JoinSet,
  pending,
  pin,
  ready,
  select,
  sleep,
  spawn,
  timeout,
  yieldNow,
} from "toki";
import { assertPending, test, testTask } from "toki/test";
import { AbortOnDrop, AbortOnDropHandle } from "toki/util";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { outcomeOf, settle } from "../task/support.js";
import { addLater } from "../threads/functions.js";

/** Waits until it is cancelled; its cleanup awaits. */
const guarded = fn(function* guarded(log: string[], cleanup: IntoFuture<void> = yieldNow()) {
  try {
    yield* pending();
  } finally {
    yield* pin(cleanup);
    log.push("cleaned up");
  }
});

for (const { name, options, canPause } of flavors) {
  describe(`AbortOnDropHandle [${name}]`, () => {
    it(
      "is a JoinHandle of its task",
      test(function* () {
        const task = spawn(ready(42), { name: "answer" });
        using handle = new AbortOnDropHandle(task);
        assert(handle instanceof JoinHandle);
        assert.equal(handle.id, task.id);
        assert.match(handle.describe(), /answer/);
        assert.deepEqual([yield* handle, yield* handle, handle.isFinished()], [42, 42, true]);
        assert.equal(handle.abortHandle().id, task.id);
      }, options),
    );

    it(
      "aborts at the end of a using scope, whose cleanup then runs",
      test(function* () {
        const log: string[] = [];
        const task = spawn(guarded(log));
        yield* settle();
        {
          using handle = new AbortOnDropHandle(task);
          assert.equal(handle.isFinished(), false);
        }
        assert.deepEqual(log, []);
        assert.match(yield* outcomeOf(task), /was cancelled/);
        assert.deepEqual(log, ["cleaned up"]);
      }, options),
    );

    it(
      "a dropped handle still gives the outcome",
      test(function* () {
        const handle = new AbortOnDropHandle(spawn(pending()));
        handle[Symbol.dispose]();
        assert.match(yield* outcomeOf(handle), /was cancelled/);
      }, options),
    );

    it(
      "abort, directly",
      test(function* () {
        const handle = new AbortOnDropHandle(spawn(pending()));
        handle.abort();
        assert.match(yield* outcomeOf(handle), /was cancelled/);
      }, options),
    );

    it(
      "detach opts out",
      test(function* () {
        const gate = new Gate<number>();
        const handle = new AbortOnDropHandle(spawn(gate));
        const task = handle.detach();
        assert.equal(task instanceof AbortOnDropHandle, false);
        handle[Symbol.dispose]();
        yield* select({ handle, other: yieldNow() });
        yield* settle();
        gate.open(42);
        assert.equal(yield* task, 42);
      }, options),
    );

    it(
      "losing a select aborts the task and awaits its cleanup",
      test(function* () {
        const log: string[] = [];
        const handle = new AbortOnDropHandle(spawn(guarded(log)));
        yield* settle();
        yield* select.biased({ handle, other: ready(undefined) });
        assert.deepEqual([log, handle.isFinished()], [["cleaned up"], true]);
      }, options),
    );

    it(
      "one that is lent with pin is not dropped",
      test(function* () {
        const gate = new Gate<number>();
        using handle = new AbortOnDropHandle(spawn(gate));
        assert.equal((yield* select.biased({ handle: pin(handle), other: yieldNow() })).key, "other");
        gate.open(1);
        assert.equal(yield* handle, 1);
      }, options),
    );

    it(
      "a drop whose wait for the cleanup is itself dropped leaves no waker behind",
      test(function* () {
        const log: string[] = [];
        const cleanup = new Gate();
        const handle = new AbortOnDropHandle(spawn(guarded(log, cleanup)));
        yield* settle();
        const wait = testTask(handle);
        assertPending(wait.poll());
        assertPending(wait.cancel() as never);
        wait[Symbol.dispose]();
        yield* settle();
        wait.enter(() => {});
        cleanup.open();
        yield* settle();
        assert.deepEqual([wait.isWoken, log], [false, ["cleaned up"]]);
      }, options),
    );

    it(
      "aborting the task that awaits it aborts it",
      test(function* () {
        const log: string[] = [];
        const inner = spawn(guarded(log));
        const outer = spawn(function* () {
          yield* new AbortOnDropHandle(inner);
        });
        yield* settle();
        outer.abort();
        assert.match(yield* outcomeOf(outer), /was cancelled/);
        assert.deepEqual([log, inner.isFinished()], [["cleaned up"], true]);
      }, options),
    );

    it("wants a JoinHandle", () => {
      assert.throws(
        () => new AbortOnDropHandle(ready(1) as never),
        (error) => error instanceof InvalidArgumentError && error.argument === "handle",
      );
    });

    if (canPause)
      it(
        "a timeout aborts the task, not only the wait",
        test(
          function* () {
            const log: string[] = [];
            const task = spawn(guarded(log, sleep(5)));
            assert.match(yield* outcomeOf(timeout(10, new AbortOnDropHandle(task))), /deadline has elapsed/);
            assert.deepEqual([log, task.isFinished()], [["cleaned up"], true]);
          },
          { ...options, startPaused: true },
        ),
      );
  });

  describe(`AbortOnDrop [${name}]`, () => {
    it(
      "aborts when it is disposed, or told to, and not after detach",
      test(function* () {
        const set = new JoinSet<never>();
        const [a, b, c] = [set.spawn(pending()), set.spawn(pending()), set.spawn(pending())];
        {
          using guard = new AbortOnDrop(a);
          assert.deepEqual([guard.id, guard.isFinished()], [a.id, false]);
        }
        new AbortOnDrop(b).abort();
        const kept = new AbortOnDrop(c);
        assert.equal(kept.detach(), c);
        kept[Symbol.dispose]();
        yield* settle();
        assert.deepEqual([a.isFinished(), b.isFinished(), c.isFinished()], [true, true, false]);
        c.abort();
      }, options),
    );

    it("wants an AbortHandle", () => {
      assert.throws(
        () => new AbortOnDrop({} as never),
        (error) => error instanceof InvalidArgumentError && error.argument === "handle",
      );
    });
  });
}

describe("AbortOnDropHandle of a task on a worker", () => {
  it(
    "aborts it there",
    test(
      function* () {
        const task = spawn(addLater(1, 2));
        yield* select.biased({ handle: new AbortOnDropHandle(task), other: ready(undefined) });
        assert.equal(task.isFinished(), true);
      },
      { flavor: "multiThread", workerThreads: 1 },
    ),
  );
});
