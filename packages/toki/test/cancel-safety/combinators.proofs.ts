import assert from "node:assert/strict";
import {
  cooperative,
  Future,
  fn,
  type IntoFuture,
  join,
  Pending,
  pending,
  pin,
  pollFn,
  ready,
  select,
  shield,
  spawn,
  taskLocal,
  tryJoin,
  unconstrained,
  yieldNow,
} from "toki";
import { Mutex, mpsc } from "toki/sync";
import { assertPending, assertReady, testTask } from "toki/test";
import { Gate } from "../support/gate.js";
import { everyDrop, everyDropUnpolled, settle } from "./drops.js";
import { likeTheFutureInside } from "./inside.js";
import type { Body, Proof } from "./proof.js";

/** A combinator of a receive that is done and a gate that is closed. */
function joins(
  name: string,
  make: (a: IntoFuture<unknown>, b: IntoFuture<unknown>) => Future<unknown>,
): Record<string, Body> {
  return {
    ...everyDropUnpolled(name, function* (drop) {
      const [tx, rx] = mpsc.channel<string>(4);
      tx.trySend("a");
      yield* drop(make(rx.recv(), new Gate()));
      assert.equal(yield* rx.recv(), "a");
    }),
    ...everyDrop(`${name} with one result`, function* (drop) {
      const [tx, rx] = mpsc.channel<string>(4);
      const gate = new Gate();
      tx.trySend("a");
      tx.trySend("b");
      yield* drop(make(rx.recv(), gate));
      assert.equal(gate.drops, 1);
      assert.equal(yield* rx.recv(), "b");
    }),
  };
}

const user = taskLocal<string>();

/** Two steps: what a shield finishes. */
const twoSteps = fn(function* twoSteps(gate: Gate, log: string[]) {
  try {
    yield* gate;
    yield* yieldNow();
    log.push("finished");
  } finally {
    log.push("over");
  }
});

export const proofs: readonly Proof[] = [
  {
    operation: "`join`, `tryJoin`",
    claim:
      "not safe: results that are in are lost, and a guard or permit among them stays taken; the unfinished futures are dropped",
    proof: {
      ...joins("join", (a, b) => join(a, b)),
      ...joins("join.biased", (a, b) => join.biased(a, b)),
      ...joins("tryJoin", (a, b) => tryJoin(a, b)),
      ...joins("tryJoin.biased", (a, b) => tryJoin.biased(a, b)),
    },
  },
  {
    operation: "`select`",
    claim: "drops every branch; what is lost depends on the branches",
    proof: {
      ...everyDropUnpolled("select", function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        tx.trySend("a");
        yield* drop(select({ recv: rx.recv(), gate: new Gate() }));
        assert.equal(yield* rx.recv(), "a");
      }),
      ...everyDrop("select of a receive, a lock and a gate", function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        const mutex = new Mutex(0);
        const held = mutex.tryLock();
        const later = testTask(mutex.lock());
        const gate = new Gate();
        yield* drop(select({ gate, recv: rx.recv(), lock: mutex.lock() }), () => {
          assertPending(later.poll());
          tx.trySend("a");
        });
        assert.equal(gate.drops, 1);
        held.release();
        assertReady(later.poll()).release(); // nothing is left of the place before it
        assert.equal(yield* rx.recv(), "a"); // what a receive has not fetched is not lost
      }),
      *"select that is decided: the losers are dropped"() {
        const [gate, winner] = [new Gate(), new Gate<string>()];
        const task = testTask(select({ gate, winner }));
        assertPending(task.poll());
        winner.open("won");
        assert.deepEqual(assertReady(task.poll()), { key: "winner", value: "won" });
        assert.equal(gate.drops, 1);
      },
    },
  },
  {
    operation: "a future lent with `pin`",
    claim: "safe: it keeps its place",
    proof: {
      ...everyDropUnpolled("pin", function* (drop) {
        const [tx, rx] = mpsc.channel<string>(4);
        tx.trySend("a");
        const recv = rx.recv();
        yield* drop(pin(recv));
        assert.equal(yield* recv, "a");
      }),
      ...everyDrop(
        "pin of a lock that waits",
        function* (drop) {
          const mutex = new Mutex(0);
          const held = mutex.tryLock();
          const lock = mutex.lock();
          const later = testTask(mutex.lock());
          yield* drop(pin(lock), () => assertPending(later.poll()));
          held.release();
          assertPending(later.poll());
          (yield* lock).release();
          assertReady(later.poll()).release();
        },
        { isLent: true },
      ),
      ...everyDrop("pin of a lock that was handed over", function* (drop) {
        const mutex = new Mutex(0);
        const held = mutex.tryLock();
        const lock = mutex.lock();
        yield* drop(pin(lock), () => held.release());
        assert.throws(() => mutex.tryLock(), { name: "TryLockError" });
        (yield* lock).release();
      }),
      ...everyDrop(
        "pin of a body that is half way",
        function* (drop) {
          const [first, second] = [new Gate<string>(), new Gate<string>()];
          const body = Future.from(function* () {
            return [yield* first, yield* second];
          });
          first.open("one");
          yield* drop(pin(body));
          second.open("two");
          assert.deepEqual(yield* body, ["one", "two"]);
        },
        { isLent: true },
      ),
    },
  },
  {
    operation: "`shield`",
    claim: "once polled it is finished before the drop goes on; a dispose by hand or a cleanup deadline cuts it short",
    proof: {
      ...everyDropUnpolled("shield", function* (drop) {
        const log: string[] = [];
        const gate = new Gate();
        gate.open();
        yield* drop(shield(twoSteps(gate, log)));
        yield* settle();
        assert.deepEqual(log, []);
      }),
      ...everyDrop(
        "shield that is half way",
        function* (drop) {
          const log: string[] = [];
          const gate = new Gate();
          // Outside, so that the drop is what waits for the shield.
          yield* drop(join(shield(twoSteps(gate, log)), pending()), () => gate.open());
          assert.deepEqual(log, ["finished", "over"]);
        },
        { except: ["disposed by hand"], cleanupAwaits: true },
      ),
      *"shield that a body awaits: the body goes on to its next await"() {
        const log: string[] = [];
        const gate = new Gate();
        const task = spawn(function* () {
          yield* shield(twoSteps(gate, log));
          log.push("went on");
          yield* pending();
        });
        yield* settle();
        task.abort();
        yield* settle();
        assert.deepEqual([log, task.isFinished()], [[], false]);
        gate.open();
        yield* settle();
        assert.deepEqual([log, task.isFinished()], [["finished", "over", "went on"], true]);
      },
      *"shield disposed by hand"() {
        const log: string[] = [];
        const gate = new Gate();
        const task = testTask(shield(twoSteps(gate, log)));
        assertPending(task.poll());
        task[Symbol.dispose]();
        gate.open();
        yield* settle();
        assert.deepEqual(log, ["over"]);
      },
      *"shield whose cleanup deadline passes"() {
        const log: string[] = [];
        const task = spawn(function* () {
          yield* shield(twoSteps(new Gate(), log));
        });
        yield* settle();
        task.abort({ cleanupTimeout: 0 });
        try {
          yield* task;
          assert.fail("the task was to be cancelled");
        } catch {}
        assert.deepEqual(log, ["over"]);
      },
    },
  },
  {
    operation: "`unconstrained`, `cooperative`, `key.scope()`, `Future.from`",
    claim: "that of the future inside",
    proof: {
      ...likeTheFutureInside("unconstrained", (future) => unconstrained(future)),
      ...likeTheFutureInside("cooperative", (future) => cooperative(future)),
      ...likeTheFutureInside("key.scope()", (future) => user.scope("alice", future)),
      ...likeTheFutureInside("Future.from", (future) => Future.from(future)),
    },
  },
  {
    operation: "`ready`, `pending`",
    claim: "safe; there is nothing to lose",
    proof: {
      ...everyDropUnpolled("ready", function* (drop) {
        const answer = ready(42);
        yield* drop(answer);
        assert.equal(yield* answer, 42);
      }),
      ...everyDropUnpolled("pending", function* (drop) {
        const never = pending();
        yield* drop(never);
        assertPending(testTask(never).poll());
      }),
      ...everyDrop("pending once polled", function* (drop) {
        const never = pending();
        yield* drop(never);
        assertPending(testTask(never).poll());
      }),
    },
  },
  {
    operation: "`pollFn`",
    claim: "as its callback makes it; nothing is called when it is dropped",
    proof: {
      ...everyDropUnpolled("pollFn", function* (drop) {
        let calls = 0;
        yield* drop(
          pollFn(() => {
            calls++;
            return Pending;
          }),
        );
        assert.equal(calls, 0);
      }),
      ...everyDrop("pollFn once polled", function* (drop) {
        let calls = 0;
        const counting = pollFn<string>(() => (++calls === 1 ? Pending : "done"));
        yield* drop(counting);
        assert.equal(calls, 1);
        assert.equal(yield* counting, "done");
      }),
    },
  },
];
