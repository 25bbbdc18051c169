import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  fromPromise,
  Handle,
  hasBudgetRemaining,
  InvalidArgumentError,
  JoinError,
  MisuseError,
  NoRuntimeError,
  pending,
  Runtime,
  ready,
  select,
  spawn,
  yieldNow,
} from "toki";
import { assertPending, assertReady, test, testTask } from "toki/test";
import { JoinQueue } from "toki/util";
import { add } from "../blocking/jobs.js";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";
import { guarded, keepFailures, outcomeOf, settle } from "../task/support.js";
import { addLater } from "../threads/functions.js";

for (const { name, options } of flavors) {
  describe(`JoinQueue [${name}]`, () => {
    it(
      "joins in the order of spawning: the first holds up those that are over",
      test(function* () {
        const gates = [new Gate<number>(), new Gate<number>(), new Gate<number>()] as const;
        const queue = new JoinQueue<number>(gates);
        const next = testTask(queue.joinNext());
        assertPending(next.poll());
        yield* settle();
        gates[2].open(2);
        gates[1].open(1);
        yield* settle();
        assert.equal(next.isWoken, false);
        assert.equal(queue.tryJoinNext(), undefined);
        gates[0].open(0);
        yield* settle();
        assert(next.isWoken);
        const first = assertReady(next.poll());
        assert(first?.ok && first.value === 0);
        assert.equal(queue.size, 2);
        for (const value of [1, 2]) {
          const result = queue.tryJoinNext();
          assert(result?.ok && result.value === value);
        }
        assert.equal(yield* queue.joinNext(), undefined);
        assert(queue.isEmpty());
      }, options),
    );

    it(
      "results carry the ids of their tasks, failed ones their JoinError",
      test(function* () {
        const queue = new JoinQueue<number>();
        const ids = [
          queue.spawn(ready(1)),
          queue.spawn(function* () {
            throw new Error("boom");
          }),
          queue.spawn(pending()),
        ].map((task, i) => {
          if (i === 2) task.abort();
          return task.id;
        });
        assert.deepEqual(yield* queue.joinNext(), { ok: true, id: ids[0], value: 1 });
        const thrown = yield* queue.joinNext();
        assert(thrown?.ok === false && thrown.error.isPanic() && thrown.id === ids[1]);
        const aborted = yield* queue.joinNext();
        assert(aborted?.ok === false && aborted.error.isCancelled() && aborted.id === ids[2]);
      }, options),
    );

    it(
      "spawnLocal, spawnBlocking, on a handle, and pushBack of a task that was spawned elsewhere",
      test(function* () {
        const queue = new JoinQueue<number>();
        queue.spawnBlocking(add(0, 1));
        queue.spawnLocal(ready(2));
        queue.spawn(ready(3), { on: Handle.current() });
        queue.pushBack(spawn(ready(4)));
        assert.deepEqual(yield* queue.joinAll(), [1, 2, 3, 4]);
        assert.throws(
          () => queue.pushBack(ready(1) as never),
          (error) => error instanceof InvalidArgumentError && error.argument === "handle",
        );
      }, options),
    );

    it(
      "joinNext is cancel safe, leaves no waker behind, and one task at a time waits",
      test(function* () {
        const gate = new Gate<string>();
        const queue = new JoinQueue([gate]);
        for (let i = 0; i < 3; i++) {
          assert.equal((yield* select({ next: queue.joinNext(), other: yieldNow() })).key, "other");
        }
        const lost = testTask(queue.joinNext());
        assertPending(lost.poll());
        assert.throws(() => testTask(queue.joinNext()).poll(), MisuseError);
        lost[Symbol.dispose]();
        gate.open("kept");
        yield* settle();
        assert.equal(lost.isWoken, false);
        const result = yield* queue.joinNext();
        assert(result?.ok && result.value === "kept");
      }, options),
    );

    it(
      "one that was woken and is dropped takes nothing",
      test(function* () {
        const gate = new Gate<number>();
        const queue = new JoinQueue([gate]);
        const lost = testTask(queue.joinNext());
        assertPending(lost.poll());
        gate.open(1);
        yield* settle();
        assert(lost.isWoken);
        lost.cancel();
        assert.equal(queue.size, 1);
        assert((yield* queue.joinNext())?.ok);
      }, options),
    );

    it(
      "joinNext takes budget, tryJoinNext does not",
      test(function* () {
        const queue = new JoinQueue(Array.from({ length: 300 }, (_, i) => ready(i)));
        yield* settle();
        yield* spawn(function* () {
          while (hasBudgetRemaining()) assert((yield* queue.joinNext())?.ok);
          assert.equal(queue.size, 300 - 128);
          assert(queue.tryJoinNext()?.ok);
        });
        assert.equal(queue.size, 300 - 129);
      }, options),
    );

    it(
      "pollJoinNext: a result, undefined when empty, or Pending with a wake to come",
      test(function* () {
        const gate = new Gate<number>();
        const queue = new JoinQueue([gate]);
        const harness = testTask(pending());
        harness.enter((cx) => assertPending(queue.pollJoinNext(cx)));
        yield* settle();
        gate.open(7);
        yield* settle();
        assert(harness.isWoken);
        harness.enter((cx) => {
          const result = assertReady(queue.pollJoinNext(cx));
          assert(result?.ok && result.value === 7);
          assert.equal(assertReady(queue.pollJoinNext(cx)), undefined);
        });
      }, options),
    );

    it(
      "joinAll: values in the order of spawning; the first throw in it ends all, once the others have been cleaned up",
      test(function* () {
        const [a, b] = [new Gate<string>(), new Gate<string>()];
        const all = spawn(new JoinQueue([a, b]).joinAll());
        yield* settle();
        b.open("b");
        yield* settle();
        a.open("a");
        assert.deepEqual(yield* all, ["a", "b"]);

        const log: string[] = [];
        const error = new Error("first");
        const queue = new JoinQueue<unknown>([ready(1)]);
        queue.spawn(function* () {
          yield* yieldNow();
          throw error;
        });
        queue.spawn(guarded(log, "cleaned up"));
        try {
          yield* queue.joinAll();
          assert.fail();
        } catch (thrown) {
          assert.equal(thrown, error);
        }
        assert.deepEqual([log, queue.size], [["cleaned up"], 0]);

        const cancelled = new JoinQueue<never>([pending()]);
        cancelled.abortAll();
        const outcome = yield* outcomeOf(cancelled.joinAll());
        assert.match(outcome, /was cancelled/);
      }, options),
    );

    it(
      "joinAll that is dropped aborts the tasks and awaits their cleanup",
      test(function* () {
        const log: string[] = [];
        const queue = new JoinQueue<unknown>([guarded(log, "a"), guarded(log, "b")]);
        queue.joinAll()[Symbol.dispose]();
        yield* settle();
        assert.deepEqual([queue.size, log], [2, []]);
        yield* select.biased({ all: queue.joinAll(), other: yieldNow() });
        assert.deepEqual([queue.size, log.sort()], [0, ["a", "b"]]);
      }, options),
    );

    it(
      "abortAll keeps values that are there; shutdown leaves it empty and usable",
      test(function* () {
        const log: string[] = [];
        const queue = new JoinQueue<unknown>([ready(1)]);
        yield* settle();
        queue.spawn(guarded(log, "cleaned up"));
        yield* settle();
        queue.abortAll();
        assert.equal(queue.size, 2);
        assert((yield* queue.joinNext())?.ok);
        yield* queue.shutdown();
        assert.deepEqual([queue.size, log], [0, ["cleaned up"]]);
        queue.spawn(ready("again"));
        assert.deepEqual(yield* queue.joinAll(), ["again"]);
      }, options),
    );

    it(
      "shutdown and a joinAll that has failed abort what cleanup puts into the queue, and await it",
      test(function* () {
        for (const end of ["shutdown", "joinAll"] as const) {
          const log: string[] = [];
          const queue = new JoinQueue<unknown>();
          if (end === "joinAll") {
            queue.spawn(function* () {
              throw new Error("first");
            });
          }
          queue.spawn(function* () {
            try {
              yield* pending();
            } finally {
              queue.pushBack(spawn(guarded(log, "pushed")));
              yield* yieldNow();
              queue.spawn(guarded(log, "never begins"));
              log.push("spawner");
            }
          });
          yield* settle();
          if (end === "shutdown") yield* queue.shutdown();
          else assert.equal(yield* outcomeOf(queue.joinAll()), "threw first");
          assert.deepEqual([queue.size, log], [0, ["spawner"]]);
          queue.spawn(ready("again"));
          assert.deepEqual(yield* queue.joinAll(), ["again"]);
        }
      }, options),
    );

    it(
      "detachAll lets tasks go on, disposal aborts them; both wake who waits",
      test(function* () {
        for (const end of ["detach", "dispose"] as const) {
          const log: string[] = [];
          const queue = new JoinQueue<unknown>();
          const task = queue.spawn(guarded(log, "cleanup"));
          yield* settle();
          const wait = testTask(queue.joinNext());
          assertPending(wait.poll());
          if (end === "detach") queue.detachAll();
          else queue[Symbol.dispose]();
          assert(wait.isWoken);
          assert.equal(assertReady(wait.poll()), undefined);
          yield* settle();
          assert.deepEqual(log, end === "detach" ? [] : ["cleanup"]);
          task.abort();
        }
      }, options),
    );

    it(
      "failures that were not joined are reported",
      test(function* () {
        const kept = keepFailures({ ...options, startPaused: false });
        const rt = new Runtime(kept);
        const queue = new JoinQueue<never>();
        for (const message of ["joined", "reported"]) {
          queue.spawn(
            function* () {
              throw new Error(message);
            },
            { on: rt.handle },
          );
        }
        assert.equal((yield* rt.wrap(queue.joinNext()))?.ok, false);
        queue.detachAll();
        yield* fromPromise(() => rt.shutdown());
        assert.deepEqual(kept.failures, ["reported"]);
      }, options),
    );

    it("for await", async () => {
      const rt = new Runtime(options);
      const queue = new JoinQueue<number>();
      for (const n of [1, 2, 3]) queue.spawn(ready(n), { on: rt.handle });
      const values: unknown[] = [];
      for await (const result of queue) values.push(result.ok && result.value);
      assert.deepEqual(values, [1, 2, 3]);
      await rt.shutdown();
    });
  });
}

describe("JoinQueue", () => {
  it("throws outside of a runtime, and for what is no list of futures", () => {
    assert.throws(() => new JoinQueue([ready(1)]), NoRuntimeError);
    for (const wrong of [7, ready(1)]) {
      assert.throws(
        () => new JoinQueue(wrong as never),
        (error) => error instanceof InvalidArgumentError && error.argument === "futures",
      );
    }
    assert.equal(new JoinQueue().isEmpty(), true);
  });

  it(
    "tasks on workers, in the order of spawning",
    test(
      function* () {
        const queue = new JoinQueue<number>();
        for (let i = 0; i < 50; i++) queue.spawn(addLater(i, 0));
        assert.deepEqual(
          yield* queue.joinAll(),
          Array.from({ length: 50 }, (_, i) => i),
        );
      },
      { flavor: "multiThread", workerThreads: 2 },
    ),
  );

  it(
    "a JoinError of joinAll says which task",
    test(function* () {
      const queue = new JoinQueue<never>();
      const task = queue.spawn(pending());
      task.abort();
      try {
        yield* queue.joinAll();
        assert.fail();
      } catch (error) {
        assert(error instanceof JoinError && error.taskId === task.id);
      }
    }),
  );
});
