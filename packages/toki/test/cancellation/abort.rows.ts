import { fn, type JoinHandle, pending, ready, type Suspend, spawn, taskId, yieldNow } from "toki";
import { Gate } from "../support/gate.js";
import { abortParked, outcomeOf, type Row, settle, settled } from "./scene.js";

/** When a task is aborted, and by whom. */
export const rows: readonly Row[] = [
  {
    name: "before its first poll: the body never runs",
    *body(s) {
      const task = spawn(s.park("a"));
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "cancelled",
  },
  {
    name: "parked in its own body: cleanup runs, catch does not",
    *body(s) {
      return yield* abortParked(spawn(s.park("a")));
    },
    trace: ["a0 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "parked one call down: inner cleanup, then outer",
    *body(s) {
      return yield* abortParked(spawn(s.park("a", 1)));
    },
    trace: ["a0 cleanup", "a1 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "parked five calls down: innermost cleanup first",
    *body(s) {
      return yield* abortParked(spawn(s.park("a", 5)));
    },
    trace: ["a0 cleanup", "a1 cleanup", "a2 cleanup", "a3 cleanup", "a4 cleanup", "a5 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "parked 200 calls down, beyond what starts natively: all cleanup, innermost first",
    *body(s) {
      const outcome = yield* abortParked(spawn(s.park("a", 200)));
      const expected = Array.from({ length: 201 }, (_, i) => `a${i} cleanup`);
      const isInOrder = s.trace.join() === expected.join();
      s.trace.length = 0;
      s.log(isInOrder ? "201 in order" : "not in order");
      return outcome;
    },
    trace: ["201 in order"],
    outcome: "cancelled",
  },
  {
    name: "parked after it had been resumed at depth: stops at the await it is at now",
    *body(s) {
      const gate = new Gate();
      const inner = fn(function* inner() {
        try {
          yield* gate;
          s.log("first await");
          yield* pending();
          s.log("second await");
        } finally {
          s.log("inner cleanup");
        }
      });
      const task = spawn(function* () {
        try {
          yield* inner();
        } finally {
          s.log("outer cleanup");
        }
      });
      yield* settle();
      gate.open();
      return yield* abortParked(task);
    },
    trace: ["first await", "inner cleanup", "outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "parked in an fn that was called after another had ended: only what is still open is cleaned up",
    *body(s) {
      const step = fn(function* step(name: string) {
        try {
          yield* yieldNow();
        } finally {
          s.log(`${name} ended`);
        }
      });
      const task = spawn(function* () {
        yield* step("one");
        yield* step("two");
        yield* s.park("a");
      });
      return yield* abortParked(task);
    },
    trace: ["one ended", "two ended", "a0 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "woken and queued, not yet polled: cancelled, the value that woke it is not delivered",
    *body(s) {
      const gate = new Gate<string>();
      const task = spawn(function* () {
        try {
          s.log(yield* gate);
        } finally {
          s.log("cleanup");
        }
      });
      yield* settle();
      gate.open("value");
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: ["cleanup"],
    outcome: "cancelled",
  },
  {
    name: "spinning on yieldNow: stops at the next one",
    *body(s) {
      const task = spawn(function* () {
        try {
          for (;;) yield* yieldNow();
        } finally {
          s.log("cleanup");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["cleanup"],
    outcome: "cancelled",
  },
  {
    name: "by itself, running: goes on to its next await and stops there",
    *body(s) {
      const task = spawn(function* () {
        try {
          task.abort();
          s.log("still running");
          yield* pending();
          s.log("not reached");
        } finally {
          s.log("cleanup");
        }
      });
      return yield* outcomeOf(task);
    },
    trace: ["still running", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "by itself, then awaits what is ready: those awaits still give their values",
    *body(s) {
      const task = spawn(function* () {
        try {
          task.abort();
          s.log(`got ${yield* ready(1)}`);
          yield* yieldNow();
          s.log("not reached");
        } finally {
          s.log("cleanup");
        }
      });
      return yield* outcomeOf(task);
    },
    trace: ["got 1", "cleanup"],
    outcome: "cancelled",
  },
  {
    name: "by itself, then returns without another await: the value wins",
    *body() {
      const task = spawn(function* () {
        task.abort();
        return 42;
      });
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "value 42",
  },
  {
    name: "by itself, then throws without another await: it failed",
    *body() {
      const task = spawn(function* () {
        task.abort();
        throw new Error("own");
      });
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "panic: own",
  },
  {
    name: "by itself, several calls down",
    *body(s) {
      const inner = fn(function* inner(abort: () => void) {
        try {
          abort();
          yield* yieldNow();
          s.log("not reached");
        } finally {
          s.log("inner cleanup");
        }
      });
      const task = spawn(function* () {
        try {
          yield* inner(() => task.abort());
          s.log("not reached");
        } finally {
          s.log("outer cleanup");
        }
      });
      return yield* outcomeOf(task);
    },
    trace: ["inner cleanup", "outer cleanup"],
    outcome: "cancelled",
  },
  {
    name: "by a task it spawned",
    *body(s) {
      const task = spawn(function* () {
        const parent = task;
        spawn(function* () {
          s.log("child aborts its parent");
          parent.abort();
        });
        yield* s.park("a");
      });
      return yield* outcomeOf(task);
    },
    trace: ["child aborts its parent", "a0 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "by the task it is joining, which had not started: it stops at the join",
    *body(s) {
      const task = spawn(function* () {
        const parent = task;
        try {
          const child = spawn(function* () {
            parent.abort();
            return "child";
          });
          s.log(yield* child);
        } finally {
          s.log("cleanup");
        }
      });
      return yield* outcomeOf(task);
    },
    trace: ["cleanup"],
    outcome: "cancelled",
  },
  {
    name: "by a task three joins down: it stops at its join, the others go on",
    *body(s) {
      const gate = new Gate();
      const chain = fn(function* (depth: number): Generator<Suspend, void, unknown> {
        if (depth === 0) {
          task.abort();
          yield* gate;
        } else yield* spawn(chain(depth - 1));
        s.log(`chain ${depth} ends`);
      });
      const task: JoinHandle<void> = spawn(function* () {
        try {
          yield* spawn(chain(2));
        } finally {
          s.log("cleanup");
        }
      });
      const outcome = yield* outcomeOf(task);
      gate.open();
      yield* settle();
      return outcome;
    },
    trace: ["cleanup", "chain 0 ends", "chain 1 ends", "chain 2 ends"],
    outcome: "cancelled",
  },
  {
    name: "a task that is joined and had not started: the one that joins it learns of it",
    *body(s) {
      const task = spawn(function* () {
        const child = spawn(s.park("child"));
        child.abort();
        return yield* outcomeOf(child);
      });
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "value cancelled",
  },
  {
    name: "twice while parked: cleaned up once",
    *body(s) {
      const task = spawn(s.linger("a"));
      yield* settle();
      task.abort();
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "again during its cleanup: cleanup is shielded",
    *body(s) {
      const gate = new Gate();
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          s.log("cleanup begins");
          yield* gate;
          s.log("cleanup ends");
        }
      });
      yield* settle();
      task.abort();
      yield* settle();
      for (let i = 0; i < 3; i++) {
        task.abort();
        yield* settle();
      }
      s.log("open");
      gate.open();
      return yield* outcomeOf(task);
    },
    trace: ["cleanup begins", "open", "cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "by itself in its cleanup: nothing more happens",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          task.abort();
          yield* yieldNow();
          s.log("cleanup ends");
        }
      });
      return yield* abortParked(task);
    },
    trace: ["cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "after it has finished: the value stays",
    *body() {
      const task = spawn(ready(42));
      yield* settle();
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "value 42",
  },
  {
    name: "after it has failed: the error stays",
    *body() {
      const task = spawn(function* () {
        throw new Error("own");
      });
      yield* settle();
      task.abort();
      return yield* outcomeOf(task);
    },
    trace: [],
    outcome: "panic: own",
  },
  {
    name: "after it was cancelled: nothing more happens",
    *body(s) {
      const task = spawn(s.park("a"));
      yield* abortParked(task);
      task.abort();
      yield* settle();
      return yield* outcomeOf(task);
    },
    trace: ["a0 cleanup"],
    outcome: "cancelled",
  },
  {
    name: "through an AbortHandle, the JoinHandle being gone",
    *body(s) {
      const handle = spawn(s.linger("a")).abortHandle();
      yield* settle();
      handle.abort();
      s.log(`finished: ${handle.isFinished()}`);
      yield* settle();
      return `finished: ${handle.isFinished()}`;
    },
    trace: ["finished: false", "a0 cleanup begins", "a0 cleanup ends"],
    outcome: "finished: true",
  },
  {
    name: "isFinished() turns true, and the join settles, only when cleanup has ended",
    *body(s) {
      const gate = new Gate();
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          yield* gate;
          s.log("cleanup ends");
        }
      });
      yield* settle();
      task.abort();
      const joiner = spawn(function* () {
        const outcome = yield* outcomeOf(task);
        s.log(`joined, finished: ${task.isFinished()}`);
        return outcome;
      });
      yield* settle();
      s.log(`finished: ${task.isFinished()}`);
      gate.open();
      return yield* joiner;
    },
    trace: ["finished: false", "cleanup ends", "joined, finished: true"],
    outcome: "cancelled",
  },
  {
    name: "its id is known in its cleanup",
    *body(s) {
      const task = spawn(function* () {
        try {
          yield* pending();
        } finally {
          s.log(`own id: ${taskId() === task.id}`);
          yield* yieldNow();
          s.log(`own id: ${taskId() === task.id}`);
        }
      });
      return yield* abortParked(task);
    },
    trace: ["own id: true", "own id: true"],
    outcome: "cancelled",
  },
  {
    name: "a parent: the tasks it spawned go on",
    *body(s) {
      const gate = new Gate();
      const parent = spawn(function* () {
        spawn(function* () {
          yield* gate;
          s.log("child ends");
        });
        yield* s.park("parent");
      });
      const outcome = yield* abortParked(parent);
      gate.open();
      yield* settle();
      return outcome;
    },
    trace: ["parent0 cleanup", "child ends"],
    outcome: "cancelled",
  },
  {
    name: "a task that joins another: only the wait ends, the other can still be joined",
    *body(s) {
      const gate = new Gate<string>();
      const worker = spawn(function* () {
        return yield* gate;
      });
      const waiter = spawn(function* () {
        try {
          yield* worker;
        } finally {
          s.log("waiter cleanup");
        }
      });
      s.log(yield* abortParked(waiter));
      gate.open("done");
      return yield* outcomeOf(worker);
    },
    trace: ["waiter cleanup", "cancelled"],
    outcome: "value done",
  },
  {
    name: "a hundred tasks at once: each cleans up, each is cancelled",
    *body(s) {
      const tasks = Array.from({ length: 100 }, () => spawn(s.linger("a", 2)));
      yield* settle();
      for (const task of tasks) task.abort();
      let cancelled = 0;
      for (const task of tasks) if ((yield* outcomeOf(task)) === "cancelled") cancelled++;
      const lines = s.trace.splice(0).length;
      s.log(`${lines} lines`);
      return `${cancelled} cancelled`;
    },
    trace: ["600 lines"],
    outcome: "100 cancelled",
  },
  {
    name: "from a callback of the event loop",
    async outside(s) {
      const task = s.rt.spawn(s.linger("a"));
      setImmediate(() => setImmediate(() => task.abort()));
      return await settled(task);
    },
    trace: ["a0 cleanup begins", "a0 cleanup ends"],
    outcome: "cancelled",
  },
  {
    name: "from outside while nothing drives the runtime: it stops as soon as something does",
    async outside(s) {
      const task = s.rt.spawn(s.linger("a"));
      await s.rt.run(settle());
      task.abort();
      await new Promise((resolve) => setImmediate(resolve));
      s.log(`finished: ${task.isFinished()}`);
      return await settled(task);
    },
    trace: ["finished: false", "a0 cleanup begins", "a0 cleanup ends"],
    outcome: "cancelled",
  },
];
