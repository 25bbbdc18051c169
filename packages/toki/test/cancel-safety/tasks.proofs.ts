import assert from "node:assert/strict";
import { consumeBudget, fn, Handle, JoinSet, Pending, type Scope, scope, spawn, yieldNow } from "toki";
import { assertPending, assertReady, testTask } from "toki/test";
import { Gate, openGate } from "../support/gate.js";
import { type Drop, everyDrop, everyDropUnpolled, settle } from "./drops.js";
import type { Proof } from "./proof.js";

const waitFor = fn(function* waitFor<T>(gate: Gate<T>) {
  return yield* gate;
});

/** Waits until it is cancelled; its cleanup awaits `gate`. */
const parked = fn(function* parked(name: string, log: string[], gate: Gate) {
  try {
    yield* new Gate();
    log.push(`${name} went on`);
  } finally {
    log.push(`${name} begins cleanup`);
    yield* gate;
    log.push(`${name} ends cleanup`);
  }
});

/** A set in which one task has ended and another waits. */
const halfDone = fn(function* halfDone(log: string[], cleanup: Gate) {
  const set = new JoinSet<unknown>();
  set.spawn(function* () {
    return "value";
  });
  set.spawn(parked("task", log, cleanup));
  yield* settle();
  return set;
});

function* keepsTheOutcome(drop: Drop) {
  const gate = new Gate<number>();
  const task = spawn(waitFor(gate));
  yield* drop(task);
  yield* settle();
  assert.equal(task.isFinished(), false);
  gate.open(42);
  assert.deepEqual([yield* task, yield* task], [42, 42]);
}

export const proofs: readonly Proof[] = [
  {
    operation: "a `JoinHandle`",
    claim: "safe; the task goes on, the outcome stays",
    proof: {
      ...everyDropUnpolled("JoinHandle", function* (drop) {
        const task = spawn(waitFor(new Gate<number>("closed")));
        const gate = new Gate<number>();
        const other = spawn(waitFor(gate));
        yield* drop(other);
        gate.open(42);
        assert.equal(yield* other, 42);
        task.abort();
      }),
      // Others may wait through the same handle, so it forgets only the waker it is dropped with: cut short by somebody else it leaves one wake behind.
      ...everyDrop("JoinHandle of a task that runs", keepsTheOutcome, { except: ["its body is cut short"] }),
      *"JoinHandle that was told of the end and not asked again"() {
        for (const end of ["cancel", "dispose"] as const) {
          const gate = new Gate<number>();
          const task = spawn(waitFor(gate));
          const wait = testTask(task);
          assertPending(wait.poll());
          gate.open(42);
          yield* settle();
          assert.ok(wait.isWoken);
          if (end === "cancel") wait.cancel();
          else wait[Symbol.dispose]();
          assert.equal(yield* task, 42);
        }
      },
    },
  },
  {
    operation: "`joinSet.joinNext()`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("joinSet.joinNext()", function* (drop) {
        const set = yield* halfDone([], openGate());
        yield* drop(set.joinNext());
        assert.equal(set.size, 2);
        const result = yield* set.joinNext();
        assert.equal(result?.ok && result.value, "value");
        yield* set.shutdown();
      }),
      ...everyDrop("joinSet.joinNext() that waits", function* (drop) {
        const gate = new Gate<number>();
        const set = new JoinSet([waitFor(gate)]);
        yield* drop(set.joinNext());
        assert.equal(set.size, 1);
        gate.open(42);
        const result = yield* set.joinNext();
        assert.equal(result?.ok && result.value, 42);
      }),
      *"joinSet.joinNext() that was told of an end and not asked again"() {
        for (const end of ["cancel", "dispose"] as const) {
          const gate = new Gate<number>();
          const set = new JoinSet([waitFor(gate)]);
          const wait = testTask(set.joinNext());
          assertPending(wait.poll());
          gate.open(42);
          yield* settle();
          assert.ok(wait.isWoken);
          if (end === "cancel") wait.cancel();
          else wait[Symbol.dispose]();
          assert.equal(set.size, 1);
          const result = yield* set.joinNext();
          assert.equal(result?.ok && result.value, 42);
        }
      },
    },
  },
  {
    operation: "`joinSet.joinAll()`",
    claim: "not safe: aborts the tasks, the values so far are lost",
    proof: {
      ...everyDropUnpolled("joinSet.joinAll()", function* (drop) {
        const log: string[] = [];
        const set = yield* halfDone(log, openGate());
        yield* drop(set.joinAll());
        yield* settle();
        assert.deepEqual([set.size, log], [2, []]);
        yield* set.shutdown();
      }),
      ...everyDrop(
        "joinSet.joinAll() that has a value",
        function* (drop) {
          const log: string[] = [];
          const set = yield* halfDone(log, openGate());
          yield* drop(set.joinAll());
          assert.deepEqual(log, ["task begins cleanup", "task ends cleanup"]);
          assert.equal(yield* set.joinNext(), undefined);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`joinSet.shutdown()`",
    claim: "safe; what is left has been aborted and stays in the set",
    proof: {
      ...everyDropUnpolled("joinSet.shutdown()", function* (drop) {
        const log: string[] = [];
        const set = yield* halfDone(log, openGate());
        yield* drop(set.shutdown());
        yield* settle();
        assert.deepEqual([set.size, log], [2, []]);
        yield* set.shutdown();
      }),
      ...everyDrop("joinSet.shutdown() that waits for cleanup", function* (drop) {
        const log: string[] = [];
        const cleanup = new Gate();
        const set = yield* halfDone(log, cleanup);
        yield* drop(set.shutdown());
        yield* settle();
        assert.deepEqual(log, ["task begins cleanup"]);
        assert.equal(set.size, 1);
        cleanup.open();
        const result = yield* set.joinNext();
        assert.ok(result?.ok === false && result.error.isCancelled());
        assert.equal(yield* set.joinNext(), undefined);
      }),
    },
  },
  {
    operation: "`scope`",
    claim: "not safe: cancels its body and all its tasks, with their cleanup",
    proof: {
      ...everyDropUnpolled("scope", function* (drop) {
        const log: string[] = [];
        yield* drop(
          scope(function* () {
            log.push("begun");
          }),
        );
        yield* settle();
        assert.deepEqual(log, []);
      }),
      ...everyDrop(
        "scope with a body and a task that wait",
        function* (drop) {
          const log: string[] = [];
          const gate = new Gate();
          const twoParts = scope(function* (s: Scope) {
            s.spawn(parked("task", log, openGate()));
            s.spawn(function* () {
              yield* gate;
              log.push("a task went on");
            });
            yield* parked("body", log, openGate());
          });
          // The task is to be parked when the drop comes: its own first poll needs a turn.
          const outer = testTask(twoParts, { runtime: Handle.current() });
          assertPending(outer.poll());
          yield* settle();
          assertPending(outer.poll());
          yield* drop(outer.intoInner());
          gate.open();
          yield* settle();
          assert.deepEqual(log.toSorted(), [
            "body begins cleanup",
            "body ends cleanup",
            "task begins cleanup",
            "task ends cleanup",
          ]);
        },
        { cleanupAwaits: true },
      ),
    },
  },
  {
    operation: "`yieldNow`, `consumeBudget`",
    claim: "safe",
    proof: {
      ...everyDropUnpolled("yieldNow", function* (drop) {
        const log: string[] = [];
        const yielding = yieldNow();
        yield* drop(yielding);
        spawn(function* () {
          log.push("the other");
        });
        yield* yielding;
        assert.deepEqual(log, ["the other"]);
      }),
      ...everyDrop("yieldNow that waits for its turn", function* (drop) {
        const log: string[] = [];
        const other = spawn(function* () {
          log.push("the other");
        });
        yield* drop(yieldNow());
        yield* yieldNow();
        yield* other;
        assert.deepEqual(log, ["the other"]);
      }),
      *"consumeBudget of a task that has used its budget up"() {
        for (const end of ["pollCancel", "dispose"] as const) {
          let left = 0;
          const waiting = consumeBudget();
          const task = testTask(waiting);
          task.enter((cx) => {
            while (consumeBudget().poll(cx) !== Pending) left++;
            assertPending(waiting.poll(cx));
            if (end === "pollCancel") waiting.pollCancel(cx);
            else waiting[Symbol.dispose]();
          });
          assert.equal(left, 128);
          assert.ok(task.isWoken);
          // The budget is the task's: the next poll has all of it.
          left = 0;
          task.enter((cx) => {
            assertReady(waiting.poll(cx));
            while (consumeBudget().poll(cx) !== Pending) left++;
          });
          assert.equal(left, 127);
        }
      },
    },
  },
];
