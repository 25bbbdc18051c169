import assert from "node:assert/strict";
import { fn, fromPromise, LocalRuntime, LocalSet, pending, type Suspend, sleep, spawn } from "toki";
import { assertPending, testTask } from "toki/test";
import { AbortOnDropHandle, DelayQueue, JoinMap, JoinQueue, TaskTracker } from "toki/util";
import { Gate, openGate } from "../support/gate.js";
import { type Drop, everyDrop, everyDropUnpolled, moveClock, settle } from "./drops.js";
import { likeTheFutureInside } from "./inside.js";
import type { Proof } from "./proof.js";

/** Waits until it is cancelled; its cleanup awaits `gate`. */
const parked = fn(function* parked(log: string[], gate: Gate): Generator<any, any, unknown> {
  try {
    yield* pending();
  } finally {
    log.push("begins cleanup");
    yield* gate;
    log.push("ends cleanup");
  }
});

const value = (result: { ok: boolean } | undefined): unknown =>
  result?.ok === true ? (result as { value?: unknown }).value : undefined;

/** A map with one task, which waits for `gate`. */
function mapOf(gate: Gate<number>): JoinMap<string, number> {
  const map = new JoinMap<string, number>();
  map.spawn("key", gate);
  return map;
}

function* dropsAHandle(drop: Drop): Generator<Suspend, void, unknown> {
  const log: string[] = [];
  const task = spawn(parked(log, openGate()));
  yield* settle();
  yield* drop(new AbortOnDropHandle(task));
  yield* settle();
  assert.deepEqual([task.isFinished(), log], [true, ["begins cleanup", "ends cleanup"]]);
}

export const proofs: readonly Proof[] = [
  {
    operation: "`joinMap.joinNext()`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("joinMap.joinNext()", function* (drop) {
        const map = mapOf(new Gate());
        yield* drop(map.joinNext());
        assert.equal(map.size, 1);
        map[Symbol.dispose]();
      }),
      ...everyDrop("joinMap.joinNext() that waits", function* (drop) {
        const gate = new Gate<number>();
        const map = mapOf(gate);
        yield* drop(map.joinNext());
        assert.equal(map.size, 1);
        gate.open(42);
        const [key, result] = (yield* map.joinNext()) ?? [];
        assert.deepEqual([key, value(result)], ["key", 42]);
      }),
      ...everyDrop(
        "joinMap.joinNext() that was told of an end",
        function* (drop) {
          const gate = new Gate<number>();
          const map = mapOf(gate);
          yield* settle();
          yield* drop(map.joinNext(), () => gate.open(42));
          assert.equal(value((yield* map.joinNext())?.[1]), 42);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`joinQueue.joinNext()`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("joinQueue.joinNext()", function* (drop) {
        const queue = new JoinQueue([new Gate<number>()]);
        yield* drop(queue.joinNext());
        assert.equal(queue.size, 1);
        queue[Symbol.dispose]();
      }),
      ...everyDrop("joinQueue.joinNext() that waits", function* (drop) {
        const gate = new Gate<number>();
        const queue = new JoinQueue([gate]);
        yield* drop(queue.joinNext());
        assert.equal(queue.size, 1);
        gate.open(42);
        assert.equal(value(yield* queue.joinNext()), 42);
      }),
      ...everyDrop(
        "joinQueue.joinNext() that was told of an end",
        function* (drop) {
          const gate = new Gate<number>();
          const queue = new JoinQueue([gate]);
          yield* settle();
          yield* drop(queue.joinNext(), () => gate.open(42));
          assert.equal(value(yield* queue.joinNext()), 42);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`joinQueue.joinAll()`",
    claim: "not safe: aborts the tasks, the values so far are lost",
    proof: {
      ...everyDropUnpolled("joinQueue.joinAll()", function* (drop) {
        const log: string[] = [];
        const queue = new JoinQueue([parked(log, openGate())]);
        yield* drop(queue.joinAll());
        yield* settle();
        assert.deepEqual([queue.size, log], [1, []]);
        yield* queue.shutdown();
      }),
      ...everyDrop(
        "joinQueue.joinAll() that has a value",
        function* (drop) {
          const log: string[] = [];
          const first = new Gate<number>();
          const queue = new JoinQueue<unknown>([first, parked(log, openGate())]);
          first.open(1);
          yield* settle();
          yield* drop(queue.joinAll());
          yield* settle();
          assert.deepEqual(log, ["begins cleanup", "ends cleanup"]);
          assert.equal(queue.size, 0);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`joinMap.shutdown()`, `joinQueue.shutdown()`",
    claim: "safe; what is left has been aborted and stays",
    proof: {
      ...everyDropUnpolled("joinMap.shutdown()", function* (drop) {
        const map = mapOf(new Gate());
        yield* drop(map.shutdown());
        yield* settle();
        assert.equal(map.tryJoinNext(), undefined);
        map[Symbol.dispose]();
      }),
      ...everyDrop("joinMap.shutdown() that waits for cleanup", function* (drop) {
        const log: string[] = [];
        const cleanup = new Gate();
        const map = new JoinMap<string, unknown>();
        map.spawn("key", parked(log, cleanup));
        yield* settle();
        yield* drop(map.shutdown());
        yield* settle();
        assert.deepEqual([log, map.size], [["begins cleanup"], 1]);
        cleanup.open();
        const [key, result] = (yield* map.joinNext()) ?? [];
        assert.ok(key === "key" && result?.ok === false && result.error.isCancelled());
      }),
      ...everyDropUnpolled("joinQueue.shutdown()", function* (drop) {
        const queue = new JoinQueue([new Gate<number>()]);
        yield* drop(queue.shutdown());
        yield* settle();
        assert.equal(queue.tryJoinNext(), undefined);
        queue[Symbol.dispose]();
      }),
      ...everyDrop("joinQueue.shutdown() that waits for cleanup", function* (drop) {
        const log: string[] = [];
        const cleanup = new Gate();
        const queue = new JoinQueue<unknown>([parked(log, cleanup)]);
        yield* settle();
        yield* drop(queue.shutdown());
        yield* settle();
        assert.deepEqual([log, queue.size], [["begins cleanup"], 1]);
        cleanup.open();
        const result = yield* queue.joinNext();
        assert.ok(result?.ok === false && result.error.isCancelled());
      }),
    },
  },
  {
    operation: "an `AbortOnDropHandle`",
    claim: "not safe: aborts the task, and awaits its cleanup",
    proof: {
      ...everyDropUnpolled(
        "AbortOnDropHandle",
        dropsAHandle,
        // The body that would have awaited it never began: nobody has it to drop.
        { except: ["its task is aborted"] },
      ),
      ...everyDrop("AbortOnDropHandle that waits", dropsAHandle, { cleanupAwaits: true }),
    },
  },
  {
    operation: "`tracker.wait()`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("tracker.wait()", function* (drop) {
        const tracker = new TaskTracker();
        const token = tracker.token();
        yield* drop(tracker.wait());
        tracker.close();
        token[Symbol.dispose]();
        yield* tracker.wait();
      }),
      ...everyDrop("tracker.wait() that waits", function* (drop) {
        const tracker = new TaskTracker();
        const token = tracker.token();
        yield* drop(tracker.wait());
        assert.deepEqual([tracker.length, tracker.isClosed], [1, false]);
        tracker.close();
        token[Symbol.dispose]();
        yield* tracker.wait();
      }),
      *"tracker.wait() that was told, and not asked again"() {
        for (const end of ["cancel", "dispose"] as const) {
          const tracker = new TaskTracker();
          const [told, other] = [testTask(tracker.wait()), testTask(tracker.wait())];
          assertPending(told.poll());
          assertPending(other.poll());
          tracker.close();
          if (end === "cancel") told.cancel();
          else told[Symbol.dispose]();
          assert.ok(other.isWoken);
          yield* tracker.wait();
        }
      },
    },
  },
  {
    operation: "`tracker.track()`, `rt.wrap()`",
    claim: "that of the future inside",
    proof: {
      ...likeTheFutureInside("tracker.track()", (future) => new TaskTracker().track(future)),
      ...everyDrop(
        "tracker.track(), which ends with the cleanup",
        function* (drop) {
          const tracker = new TaskTracker();
          yield* drop(tracker.track(parked([], openGate())));
          yield* settle();
          assert.equal(tracker.length, 0);
        },
        { cleanupAwaits: true },
      ),
      ...likeTheFutureInside("rt.wrap()", (future) => bystander.wrap(future)),
      *"rt.wrap() of a sleep, with another runtime's timers"() {
        const rt = new LocalRuntime();
        const sleeping = testTask(
          rt.wrap(function* () {
            yield* sleep(60_000);
          }),
        );
        assertPending(sleeping.poll());
        sleeping[Symbol.dispose]();
        yield* fromPromise(() => rt.shutdown());
      },
    },
  },
  {
    operation: "`localSet.runUntil()`",
    claim: "that of the future inside; the tasks of the set stay where they are",
    proof: {
      ...likeTheFutureInside("localSet.runUntil()", (future) => new LocalSet().runUntil(future)),
      ...everyDrop("localSet.runUntil() with a task", function* (drop) {
        const set = new LocalSet();
        const gate = new Gate<number>();
        const task = set.spawnLocal(gate);
        yield* drop(set.runUntil(new Gate()));
        gate.open(42);
        yield* settle();
        yield* set;
        assert.equal(yield* task, 42);
      }),
    },
  },
  {
    operation: "a `LocalSet`",
    claim: "not safe: cancels its tasks, and awaits their cleanup",
    proof: {
      ...everyDropUnpolled(
        "LocalSet",
        function* (drop) {
          const log: string[] = [];
          const set = new LocalSet();
          const task = set.spawnLocal(parked(log, openGate()));
          yield* drop(set);
          yield* settle();
          assert.deepEqual([log, task.isFinished()], [[], true]);
        },
        { except: ["its task is aborted"] }, // as above
      ),
      ...everyDrop(
        "LocalSet with a task that waits",
        function* (drop) {
          const log: string[] = [];
          const set = new LocalSet();
          const task = set.spawnLocal(parked(log, openGate()));
          yield* set.runUntil(settle());
          yield* drop(set);
          yield* settle();
          assert.deepEqual([log, task.isFinished()], [["begins cleanup", "ends cleanup"], true]);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`delayQueue.next()`",
    claim: "safe",
    paused: true,
    proof: {
      ...everyDropUnpolled("delayQueue.next()", function* (drop) {
        const queue = new DelayQueue<string>();
        queue.insert("value", 0);
        yield* drop(queue.next());
        assert.equal((yield* queue.next())?.value, "value");
      }),
      ...everyDrop("delayQueue.next() that waits", function* (drop) {
        const queue = new DelayQueue<string>();
        queue.insert("value", 5);
        yield* drop(queue.next());
        assert.equal(queue.length, 1);
        moveClock(10);
        assert.equal((yield* queue.next())?.value, "value");
      }),
      ...everyDrop(
        "delayQueue.next() whose deadline has come",
        function* (drop) {
          const queue = new DelayQueue<string>();
          queue.insert("value", 5);
          yield* drop(queue.next(), () => moveClock(5));
          assert.equal(queue.length, 1);
          assert.equal((yield* queue.next())?.value, "value");
        },
        { cleanupAwaits: true },
      ),
    },
  },
];

/** A runtime that has nothing to do with the one of the test. */
const bystander = new LocalRuntime();
